"""The report as PDF, set by Typst: A4, outline, page numbers, lists of tables and figures; only the two embedded Noto CJK fonts."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import mplfonts
import typst

from kamen_analysis.charts.style import drawable
from kamen_analysis.errors import KamenError, PublishRefused
from kamen_analysis.report.pandoc import ASSETS, convert

FONTS = ("NotoSansCJKsc-Regular.otf", "NotoSerifCJKsc-Regular.otf")


def checked(text: str) -> str:
    """Return `text`. Raises PublishRefused if the two fonts lack any of its characters, which would be printed as empty boxes."""
    missing = sorted(char for char in set(text) if not char.isspace() and drawable(char) != char)
    if missing:
        raise PublishRefused(f"PDF 中有字体缺少的字，不能出版：{'、'.join(f'U+{ord(char):04X}' for char in missing[:5])}")
    return text


def _quoted(words: str) -> str:
    """Return `words` as a string of Typst, in which nothing is markup: a subtitle may hold the name of a folder."""
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'


def write(text: str, folder: Path, title: str, subtitle: str, mark: str) -> Path:
    """Write `text` (Markdown; its figures in `folder`/figures) as `folder`/report.pdf; `mark` is printed on every page."""
    source = (ASSETS / "report.typ").read_text(encoding="utf-8")
    for name, value in (("@TITLE@", title), ("@SUBTITLE@", subtitle), ("@MARK@", mark)):
        source = source.replace(name, _quoted(value))
    path = folder / "report.pdf"
    compiler: Any = typst.compile
    with tempfile.TemporaryDirectory() as scratch:
        fonts = Path(scratch)
        for name in FONTS:
            (fonts / name).symlink_to(Path(mplfonts.__file__).parent / "fonts" / name)
        try:
            whole = (source + convert(checked(text), "typst")).encode()
            compiled: bytes = compiler(whole, root=str(folder), font_paths=[str(fonts)], ignore_system_fonts=True)
        except typst.TypstError as error:
            raise KamenError(f"PDF 排版失败：{str(error).splitlines()[0]}") from None
    path.write_bytes(compiled)
    return path
