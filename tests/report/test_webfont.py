"""The page brings its own glyphs: it reads the same where no Chinese font is installed."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

from fontTools.ttLib import TTFont

from kamen_analysis.report.webfont import face


def _glyphs(css: str) -> set[int]:
    data = re.search(r"base64,([A-Za-z0-9+/=]+)", css)
    assert data
    return set(TTFont(io.BytesIO(base64.b64decode(data[1]))).getBestCmap())


def test_every_han_character_of_the_page_is_in_it(page: Path) -> None:
    """Each Chinese character and full-width mark of the report, also of the complaints behind its figures, has a glyph in the page."""
    text = page.read_text("utf-8")
    han = {ord(c) for c in text if "\u4e00" <= c <= "\u9fff" or c in "，。：；（）“”、？！％"}
    assert len(han) > 400
    assert han <= _glyphs(text)


def test_only_what_is_used_and_always_the_same() -> None:
    """The font holds nothing the text does not need, and the same text gives the same bytes."""
    assert _glyphs(face("退款abc")) == {ord("退"), ord("款")}
    assert face("退款") == face("退款")
