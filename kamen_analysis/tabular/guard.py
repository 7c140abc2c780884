"""Words stay words: no cell of an exported table can be taken for a formula."""

from __future__ import annotations

import re

_FORMULA = re.compile(r"^\s*[=+\-@＝＋－＠]")


def guarded(text: str) -> str:
    """Return `text` so that a spreadsheet opening the CSV takes it for words, never for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text
