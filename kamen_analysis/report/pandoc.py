"""The only calls to pandoc: its Markdown reader is set to accept no raw HTML or TeX, so that post text always reaches a writer escaped."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pypandoc

from kamen_analysis.errors import KamenError

ASSETS = Path(__file__).parent / "assets"
READER = ("markdown_strict-raw_html+all_symbols_escapable+pipe_tables+table_captions+table_attributes+header_attributes+fenced_divs"
          "+bracketed_spans+implicit_figures+link_attributes+intraword_underscores+east_asian_line_breaks+lists_without_preceding_blankline+auto_identifiers")


def convert(text: str, to: str, *options: str) -> str:
    """Return Markdown `text` converted to format `to` ("" if `options` name an output file). Raises KamenError if pandoc fails."""
    command = [pypandoc.get_pandoc_path(), f"--from={READER}", f"--to={to}", f"--lua-filter={ASSETS / 'filter.lua'}", "--wrap=none",
               "--columns=100000", "--sandbox" if to in ("html", "typst") else "--quiet", *options]
    return _run(command, text, to)


def convert_all(papers: Sequence[dict[str, str]], reference: Path) -> None:
    """Write each of `papers` (title, text, path) as a Word file styled like `reference`, in one process, since starting pandoc is slow."""
    given = {"reader": READER, "filter": str(ASSETS / "filter.lua"), "reference": str(reference), "papers": papers}
    _run([pypandoc.get_pandoc_path(), "lua", str(ASSETS / "papers.lua")], json.dumps(given, ensure_ascii=False), "docx")


def _run(command: list[str], text: str, to: str) -> str:
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    if done.returncode:
        raise KamenError(f"排版失败（pandoc → {to}）：{done.stderr.decode(errors='replace').strip()[:300]}")
    return done.stdout.decode()
