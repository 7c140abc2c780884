"""PDF by Typst: A4, outline, page numbers, lists of tables and figures, only the two embedded Noto CJK fonts."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import mplfonts
import typst

from kamen_analysis.charts.style import drawable
from kamen_analysis.errors import KamenError
from kamen_analysis.report.pandoc import ASSETS, convert

FONTS = ("NotoSansCJKsc-Regular.otf", "NotoSerifCJKsc-Regular.otf")


def legible(text: str) -> str:
    """Return `text` with what the fonts cannot draw (emoji and the like) as □, as the charts do."""
    return text.translate({ord(char): drawable(char) for char in set(text) if not char.isspace()})


def write(text: str, folder: Path, title: str, subtitle: str, mark: str) -> Path:
    """Set `text` (its figures in `folder`/figures) as `folder`/report.pdf; `mark` stands on every page."""
    source = (ASSETS / "report.typ").read_text(encoding="utf-8")
    for name, value in (("@TITLE@", title), ("@SUBTITLE@", subtitle), ("@MARK@", mark)):
        source = source.replace(name, value)
    path = folder / "report.pdf"
    compiler: Any = typst.compile
    with tempfile.TemporaryDirectory() as scratch:
        fonts = Path(scratch)
        for name in FONTS:
            (fonts / name).symlink_to(Path(mplfonts.__file__).parent / "fonts" / name)
        try:
            whole = (source + convert(legible(text), "typst")).encode()
            compiled: bytes = compiler(whole, root=str(folder), font_paths=[str(fonts)], ignore_system_fonts=True)
        except typst.TypstError as error:
            raise KamenError(f"PDF 排版失败：{str(error).splitlines()[0]}") from None
    path.write_bytes(compiled)
    return path
