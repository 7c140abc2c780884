"""Canaries: nothing that identifies a person, planted anywhere in any form, comes out of the corridor anywhere."""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import canaries
import nbformat
import pytest
import streams
from canaries import Canary, Planter
from nbclient import NotebookClient

from kamen_analysis import clean, cli, sources
from kamen_analysis.captures import warc
from kamen_analysis.captures.page import Page
from kamen_analysis.paths import Home

ROOT = Path(__file__).resolve().parent.parent
SHOWN = "白马点卡"  # what a reader must see: the proof that each stream was really read


class Corridor:
    """A home all of whose captures hold canaries, after import, build, report, check and verify; `said` is what was printed."""

    def __init__(self, root: Path) -> None:
        self.home, self.plant, self.said = Home(root / "home"), Planter(5), dict[str, str]()
        inbox = root / "inbox"
        for key, write in (("table", canaries.tables), ("heimao", canaries.jsonp), ("board", canaries.board)):
            (inbox / key).mkdir(parents=True)
            self.run("import", key, *map(str, write(self.plant, inbox / key)))
        for command in (["build", "--jobs", "2"], ["report"], ["check"], ["verify"]):
            self.run(*command)
        bad = inbox / f"{self.plant('PHONE', 'plain', 'bad file name')}.csv"
        bad.write_text(f'标题,{self.plant("PHONE", "plain", "bad header")}\n"{self.plant("IDCARD", "plain", "bad row")}\n', "utf-8")
        self.run("import", "table", str(bad))

    def run(self, *arguments: str) -> None:
        """Run `kamen` and keep what it printed."""
        said = io.StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            assert cli.main(["--home", str(self.home.root), *arguments]) in (0, 1, 2)
        self.said[arguments[0]] = self.said.get(arguments[0], "") + said.getvalue()

    @cached_property
    def outputs(self) -> list[tuple[str, str]]:
        """Return (stream, text) of everything that came out, data/raw left out: it is the capture."""
        return [*streams.below(self.home.root, self.home.raw), *((f"printed by {name}", text) for name, text in self.said.items())]


@pytest.fixture(scope="module")
def corridor(tmp_path_factory: pytest.TempPathFactory) -> Corridor:
    """The corridor walked once, the notebooks run on its tables too."""
    walked = Corridor(tmp_path_factory.mktemp("canaries"))
    _execute(sorted((ROOT / "notebooks").glob("*.ipynb")), walked.home.root)
    return walked


def _execute(paths: list[Path], home: Path) -> None:
    """Run the notebooks one after another in one kernel, and keep what they show."""
    books = [nbformat.read(path, as_version=4) for path in paths]
    for book in books:
        next(cell for cell in book.cells if "parameters" in cell.metadata.get("tags", [])).source += f"\nhome = {str(home)!r}"
    cells = [cell | {"id": f"cell-{number}"} for number, cell in enumerate(cell for book in books for cell in book.cells)]
    whole = nbformat.from_dict({**books[0], "cells": cells})
    NotebookClient(whole, timeout=90, kernel_name="python3", resources={"metadata": {"path": str(ROOT / "notebooks")}}).execute()
    nbformat.write(whole, home / "notebooks.ipynb")


def _table(planted: list[Canary], left: Counter[tuple[str, str]]) -> str:
    sown = Counter((canary.kind, canary.form) for canary in planted)
    lines = ["planted / survived " + " | ".join(canaries.FORMS)]
    for kind in canaries.CONTEXTS:
        cells = [f"{sown[kind, form]}/{left[kind, form]}" if sown[kind, form] else "—" for form in canaries.FORMS]
        lines.append(f"{kind:9}" + " | ".join(f"{cell:>8}" for cell in cells))
    return "\n".join(lines)


def test_captures_hold_every_canary(corridor: Corridor) -> None:
    """The search that finds nothing in the outputs finds every canary in the captures: it can see them in every form."""
    raw = corridor.home.raw
    text = "\n".join(_said(page) for path in raw.rglob("*.warc.gz") for page in warc.read(path, raw))
    found = set(canaries.Search(corridor.plant.planted)(text))
    assert [canary for canary in corridor.plant.planted if canary not in found and not canary.field.startswith("bad ")] == []


def _said(page: Page) -> str:
    if page.url.endswith(".xlsx"):
        with zipfile.ZipFile(io.BytesIO(page.body)) as parts:
            return page.url + html.unescape("".join(parts.read(name).decode() for name in parts.namelist()))
    text = page.text().replace("\\n", "\n")
    return page.url + html.unescape(text.encode().decode("unicode_escape") if page.url.endswith("jsonp") else text)


def test_every_stream_was_read(corridor: Corridor) -> None:
    """Each stream that shows posts shows the shop they name: what is searched is what a reader sees."""
    seen = Counter(stream for stream, text in corridor.outputs if SHOWN in "".join(text.split()))
    assert {".parquet", ".parquet (cache)", ".html", ".pdf", ".docx", ".xlsx", ".csv", ".ipynb", "printed by check"} <= seen.keys()


def test_no_canary_survives(corridor: Corridor) -> None:
    """Of some thousands of identifiers, eighteen kinds in six forms in every field of five ways in, none is in any output stream."""
    planted, outputs, search = corridor.plant.planted, corridor.outputs, canaries.Search(corridor.plant.planted)
    survivors = [(canary, stream) for stream, text in outputs for canary in search(text)]
    print(_table(planted, Counter((canary.kind, canary.form) for canary in {c for c, _ in survivors})))
    volume = Counter[str]()
    for stream, text in outputs:
        volume[stream] += len(text)
    for stream, size in volume.most_common():
        print(f"{stream:24}{size:>12,} characters searched, {sum(s == stream for _, s in survivors)} survivors")
    places = Counter((canary.kind, canary.form, canary.field, stream) for canary, stream in survivors)
    print("\n".join(f"survived: {' | '.join(place)} × {n}" for place, n in sorted(places.items())))
    assert not places


@pytest.mark.parametrize(("given", "kept"), [
    ("https://a.example/c/17351054590?tel=13912345678&page=2#13912345678", "https://a.example/c/17351054590?page=2"),
    ("https://13912345678:pw@a.example/c/1", "https://a.example/c/1"),
    ("https://a.example/view?id=17351054590", "https://a.example/view?id=17351054590"),
    ("https://a.example/u/li.ming@post.example/1", None),
    ("https://a.example/%E6%94%B6%E6%AC%BE%E4%BA%BA%EF%BC%9A%E7%8E%8B%E5%BB%BA%E5%9B%BD", None),
    ("https://[a.example/", None), ("javascript:alert(1)", None), (None, None),
])
def test_an_address_keeps_no_person(given: str | None, kept: str | None) -> None:
    """Of an address the page is kept; who asked, whose number or mailbox it carries, is not."""
    assert clean.address(given) == kept


@pytest.mark.parametrize("before", range(19_985, 20_001))
def test_nothing_is_cut_in_two(before: int) -> None:
    """An identifier that straddles the longest text kept leaves no half of itself behind."""
    page = Page("file:///x.csv", datetime(2026, 9, 1, tzinfo=UTC), 200, "", b"", "table/1.warc.gz", 0, "0" * 64)
    body = "退" * before + "13912345678" + "钱" * 300
    post = clean.clean({"id": "TS202600001", "title": "点卡", "body": body}, page, sources.registry()["table"]).post
    assert not re.search(r"\d{4}", post["body"]) and len(post["body"]) <= 20_000
