"""What no rule may ask for, since the looks before its pattern would hide its matches: refused by name where rules are read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from kamen_analysis.errors import KamenError
from kamen_analysis.redact.starts import SIZE

_WIDEST = 100  # characters of a gap: the look for `first` is as wide, behind every cue
_FLAGS = re.compile(r"\(\?[aiLmsux-]")  # Or an escaped bracket: parsing, which takes long, tells.


def refuse_flags(name: str, pattern: str) -> None:
    """Raise KamenError if a pattern sets flags: texts are folded, so none is ever needed."""
    if not _FLAGS.search(pattern):
        return
    try:
        flagged = _flagged(_parser.parse(pattern))
    except re.error as error:
        raise KamenError(f"脱敏规则 {name}：正则有误：{error}") from None
    if flagged:
        raise KamenError(f"脱敏规则 {name}：正则里不能写 (?i:…) 之类的标志，文本已经折叠成小写半角")


def _flagged(part: Any) -> bool:
    if not isinstance(part, list | tuple | _parser.SubPattern):
        return False
    is_group = len(part) == 2 and part[0] is sre.SUBPATTERN
    return is_group and bool(part[1][1] or part[1][2]) or any(map(_flagged, part))


def refuse_rare(name: str, words: Iterable[str]) -> None:
    """Raise KamenError if a word has a character so rare that no table tells it from others."""
    if rare := sorted({char for word in words for char in word if ord(char) >= SIZE - 1}):
        raise KamenError(f"脱敏规则 {name}：cues、needs、first 里不能有 U+{SIZE - 1:X} 及以后的字：{''.join(rare)}")


def refuse_wide(name: str, width: int) -> None:
    """Raise KamenError if a gap can match that many characters."""
    if width > _WIDEST:
        raise KamenError(f"脱敏规则 {name}：gap 最多 {_WIDEST} 个字，要写明上限，如 .{{0,9}}?")


def refuse_mark(name: str, near: str | None) -> None:
    """Raise KamenError if `near` is no mark that is looked for."""
    from kamen_analysis.redact.near import REACH  # It needs the rules itself.

    if near is not None and near not in REACH:
        raise KamenError(f"脱敏规则 {name}：near 不能是 {near}，可以是 {'、'.join(sorted(REACH))}")
