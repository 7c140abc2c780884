"""Where clauses end: marks, line breaks, dots, and spaces that stand for a comma, found over all characters at once."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

Indexes = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

# A space between Chinese words stands for a comma in chats; a dot ends a sentence unless numbers or Latin letters surround it.
_HARD, _FULL, _SPACE, _BLANK, _DOT, _LATIN, _BEFORE, _AFTER = (1 << i for i in range(8))
_HAN = "".join(map(chr, range(0x4E00, 0xA000)))
_CLASSES = {
    _HARD: "。！？!?；;，,、…\n\r~", _FULL: "。！？!?；;…\n\r", _SPACE: "".join(filter(str.isspace, map(chr, range(0x10000)))),
    _BLANK: " \t\u3000", _DOT: ".", _LATIN: "0123456789abcdefghijklmnopqrstuvwxyz", _BEFORE: f"{_HAN}”\"’」", _AFTER: f"{_HAN}“\"‘「",
}
Kinds = npt.NDArray[np.uint8]


def clause_ends(codes: npt.NDArray[np.uint32]) -> tuple[Indexes, Bools]:
    """Return the indexes of the characters behind clauses, and which of these clauses end a sentence too."""
    kinds = _kinds()[np.minimum(codes, 0xFFFF)]
    spaces = _spaces(kinds)
    found = [_hard(kinds, spaces), spaces[1:], _dots(kinds)]
    return np.concatenate([row[0] for row in found]), np.concatenate([row[1] for row in found])


@functools.cache
def _kinds() -> Kinds:
    table = np.zeros(0x10000, np.uint8)
    for kind, characters in _CLASSES.items():
        table[[ord(c) for c in characters]] |= kind
    return table


def _runs(at: Indexes) -> tuple[Indexes, Indexes]:
    # First and one past the last of each run of neighbours in ascending `at`.
    breaks = np.flatnonzero(np.diff(at) != 1)
    return at[np.concatenate([[0], breaks + 1])[: len(at)]], at[np.append(breaks, len(at) - 1)[: len(at)]] + 1


def _spaces(kinds: Kinds) -> tuple[Indexes, Indexes, Bools]:
    """Return where spaces that part clauses begin, where they end, and whether a line ends in them."""
    all_spaces = np.flatnonzero(kinds & _SPACE)
    start, end = _runs(all_spaces)
    hard = kinds[all_spaces] & _HARD > 0
    soft, breaks = np.append(all_spaces[~hard], len(kinds)), all_spaces[hard]
    start = np.minimum(soft[np.searchsorted(soft, start)], end)  # Line breaks in front are marks of their own.
    lone = (kinds[start] & _BLANK > 0) & (kinds[start - 1] & _BEFORE > 0) & (kinds[np.minimum(end, len(kinds) - 1)] & _AFTER > 0)
    kept = (end - start > 1) | (end - start == 1) & lone
    start, end = start[kept], end[kept]
    return start, end, np.searchsorted(breaks, end) > np.searchsorted(breaks, start)


def _hard(kinds: Kinds, spaces: tuple[Indexes, Indexes, Bools]) -> tuple[Indexes, Bools]:
    at = np.flatnonzero(kinds & _HARD)
    within = np.concatenate([[0], spaces[1]])[np.searchsorted(spaces[0], at, "right")]
    at = at[at >= within]
    start, end = _runs(at)
    full = at[kinds[at] & _FULL > 0]
    return end, np.searchsorted(full, end) > np.searchsorted(full, start)


def _dots(kinds: Kinds) -> tuple[Indexes, Bools]:
    start, end = _runs(np.flatnonzero(kinds & _DOT))
    first, last = start + (kinds[start - 1] & _LATIN > 0), end - (kinds[np.minimum(end, len(kinds) - 1)] & _LATIN > 0)
    return last[last > first], np.ones(int((last > first).sum()), np.bool_)
