"""How far a find goes: over the whole handle or code it lies in, all of an address, the quotes and brackets around it."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence

from kamen_analysis import kept
from kamen_analysis.redact.reading import HIDDEN
from kamen_analysis.redact.rules import expand

Found = tuple[int, int, int, str]  # start, end (in the reading), rank of the kind, kind
Ends = tuple[int, int]

_BACK = 40  # characters before a find that are looked at
_FAR = 100  # characters behind an address that are looked at
_CLOSE = 12
_QUOTES = re.compile("[“\"「『·丨丶~]")
_LETTER = re.compile("[a-z]")
_BRACKETS = {")": "(", "]": "[", "】": "【"}
_OPENING = frozenset(_BRACKETS.values())
_ENDS = " _-丶丨·.@~|"  # a find that ends with one of these goes on like one that ends before it
_SIGNS, _SAID = frozenset("@_丶丨灬∙·•・.|~^=+*#/–—-…)]】"), frozenset("线杠特格点")


def whole(found: Sequence[Found], words: str, digits: str) -> Iterator[Found]:
    """Yield the (sorted, separate) finds as far as they go; a run stops at its neighbours and at what looks alike.

    `digits`: the view of the same texts in which dates, sums and hotlines are HIDDEN.
    """
    ends = [0, *(end for _, end, *_ in found)]
    starts = [*(start for start, *_ in found[1:]), len(words)]
    for (start, end, rank, kind), low, behind in zip(found, ends, starts, strict=False):
        room = min(end + _FAR, len(words)) if kind == "ADDRESS" else behind  # an address goes on over what is found in it
        high = room if (alike := digits.find(HIDDEN, end, room)) < 0 else alike
        first, last = _WIDER.get(kind, _as_found)(words, start, end, low, high)
        yield (*_bracketed(words, first, last, low, high), rank, kind)


@functools.cache
def _regex(macro: str) -> re.Pattern[str]:
    return kept.pattern(expand(macro))


def _as_found(_words: str, start: int, end: int, _low: int, _high: int) -> Ends:
    return start, end


def _run(words: str, start: int, end: int, low: int, high: int) -> Ends:
    """Return where the run ends of which a handle, code or number is a part.

    Behind letters it goes on across signs and, for what is no word, blanks; behind digits alone only where a sign knits letters to them.
    """
    value = words[start:end]
    told = "RUN" if _LETTER.search(value) else "KNIT"
    behind = _regex(f"<{told}_ON>").match(words, start + len(value.rstrip(_ENDS)), high)
    first = _back(f"<{told}_BEFORE>", words, start, low) if _is_sign(words[start - 3:start].rstrip()) else start
    return first, max(behind.end(), end) if behind else end


def _address(words: str, start: int, end: int, _low: int, high: int) -> Ends:
    """Return where an address ends: the regions before it; floor, room, shelf, landmark or hamlet behind it, to the end of the clause."""
    behind = _regex("<ADDRESS_ON>").match(words, end, high)
    return _back("<ADDRESS_BEFORE>", words, start, 0), behind.end() if behind else end


def _mail(words: str, start: int, end: int, low: int, high: int) -> Ends:
    """Return the ends of a mail address: those of its run, and behind a remark on how it is written."""
    first, last = _run(words, start, end, low, high)
    remark = _regex("<REMARK>").match(words, last, high)
    return first, remark.end() if remark else last


def _link(words: str, start: int, end: int, _low: int, high: int) -> Ends:
    """Return where a link ends of which the last parts stand apart."""
    behind = _regex("<URL_ON>").match(words, end, high) if words[end] in " /" and not words[start:end].startswith("http") else None
    return start, behind.end() if behind else end


def _name(words: str, start: int, end: int, low: int, high: int) -> Ends:
    """Return the ends of what is called a name, of which only a part is found: quotes, a part behind a dot, how it is written."""
    if words[end] in "·•" and high == end + 1:
        return start, high
    if words[end] in "·•,、 " and (further := _regex("<NAME_ON>").match(words, end, high)):
        return start, further.end()
    if end - start == 2 < high - start and (further := _regex("<NAME_MORE>").match(words, end, high)):
        return start, further.end()
    if words[start - 1] in "·•" and (part := _back("<NAME_BEFORE>", words, start, low)) < start:
        return part, end
    if not _QUOTES.search(words, max(low, start - _CLOSE), start):
        return start, end
    before = _regex("<QUOTED_BEFORE>").search(words, max(low, start - _BACK), start)
    behind = _regex("<QUOTED_ON>").match(words, end, high)
    if before and before["q2"]:
        return before.start("q2"), end
    return (before.start("q1"), behind.end()) if before and behind else (start, end)


def _is_sign(before: str) -> bool:
    """Tell whether what stands before a find may end with a sign, also one that is said: a cheap look before the pattern."""
    last = before[-1:]
    return last in _SIGNS or last in _SAID or "\u2500" < last < "\u2e80" or last > "\uff00" or before[-2:] in ("减号", "井号", "星号")


def _back(macro: str, words: str, start: int, low: int) -> int:
    found = _regex(macro).search(words, max(low, start - _BACK), start)
    return found.start() if found else start


def _bracketed(words: str, start: int, end: int, low: int, high: int) -> Ends:
    """Return the ends with the bracket beside them whose counterpart lies between."""
    shut = end + (words[end] == " " and end + 1 < high)  # （ 4 ）
    if words[start - 1] not in _OPENING and words[shut] not in _BRACKETS:
        return start, end
    lone, opened = _unmatched(words[start:end])
    for close, opening in _BRACKETS.items():
        if start > low and words[start - 1] == opening and close in lone:
            start -= 1
        if shut < high and words[shut] == close and opening in opened:
            end = shut = shut + 1
    return start, end


def _unmatched(value: str) -> tuple[list[str], list[str]]:
    """Return the closing and the opening brackets of a value whose counterpart lies outside."""
    lone, opened = list[str](), list[str]()
    for char in value:
        if char in _OPENING:
            opened.append(char)
        elif char in _BRACKETS and opened and opened[-1] == _BRACKETS[char]:
            opened.pop()
        elif char in _BRACKETS:
            lone.append(char)
    return lone, opened


_WIDER: dict[str, Callable[[str, int, int, int, int], Ends]] = {
    "ADDRESS": _address, "NAME": _name, "EMAIL": _mail, "PAYURL": _link,
    **dict.fromkeys(("WECHAT", "ACCOUNT", "CARDKEY", "ORDER", "ALIPAY", "NUMBER", "QQ", "PHONE", "IDCARD", "BANKCARD"), _run),
}
