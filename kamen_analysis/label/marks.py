"""Find where clauses end: at punctuation marks, line breaks, dots, and spaces used as commas."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from kamen_analysis.kernels import compiled

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
    """Return the index right behind each clause, ascending, and whether the clause ends a sentence as well."""
    ends, full = np.empty(len(codes), np.int64), np.empty(len(codes), np.bool_)
    many = _ends(_kinds()[np.minimum(codes, 0xFFFF)], ends, full)
    return ends[:many], full[:many]


@functools.cache
def _kinds() -> Kinds:
    table = np.zeros(0x10000, np.uint8)
    for kind, characters in _CLASSES.items():
        table[[ord(c) for c in characters]] |= kind
    return table


@compiled
def _ends(kinds: Kinds, ends: Indexes, full: Bools) -> int:
    # Fills `ends` and `full` with what `clause_ends` returns, and returns how many clauses there are.
    n, at = 0, 0
    while at < len(kinds):
        kind, first, stops = kinds[at], at, False
        same = kind & _HARD or kind & _SPACE or kind & _DOT
        at += 1
        if not same:
            continue
        while at < len(kinds) and kinds[at] & same:
            at += 1
        before, after = kinds[first - 1] if first else 0, kinds[at] if at < len(kinds) else 0
        end = at
        if same == _DOT:
            end, is_end, stops = at - (after & _LATIN > 0), at - first > (before & _LATIN > 0) + (after & _LATIN > 0), True
        else:
            is_end = same == _HARD or at - first > 1 or (kind & _BLANK > 0 and before & _BEFORE > 0 and after & _AFTER > 0)
            for i in range(first, at):
                stops |= kinds[i] & _FULL > 0
        if is_end:
            ends[n], full[n] = end, stops
            n += 1
    return n
