"""The characters a pattern can begin with, as a table over code points: a cheap look before the pattern itself."""

from __future__ import annotations

import functools
import re
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import numpy as np
import numpy.typing as npt

from kamen_analysis import kept

Table = npt.NDArray[np.bool_]

SIZE = 0x20001  # the last place stands for every code point from there on, and is in every table

_SHELF = kept.Shelf("starts", "redact/*.yaml", "redact/starts.py", "redact/rules.py")

_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)
_EMPTY = (sre.ASSERT, sre.ASSERT_NOT, sre.AT)
_CATEGORIES = {sre.CATEGORY_DIGIT: r"\d", sre.CATEGORY_NOT_DIGIT: r"\D", sre.CATEGORY_SPACE: r"\s", sre.CATEGORY_NOT_SPACE: r"\S",
               sre.CATEGORY_WORD: r"\w", sre.CATEGORY_NOT_WORD: r"\W"}


def starts(pattern: str) -> Table:
    """Return for every code point whether a match of `pattern` can begin with it; all of them if it can match nothing at all."""
    return _table(_SHELF.get(pattern, lambda: np.packbits(_starts(pattern)).tobytes()))


def _starts(pattern: str) -> Table:
    table, empty = _sequence(_parser.parse(pattern))
    table = np.ones_like(table) if empty else table
    table[-1] = True
    return table


def pair(pattern: str) -> tuple[Table, Table]:
    """Return what the first and the second character of a match of `pattern` can be; its first item must be one character."""
    both = _table(_SHELF.get(f"pair {pattern}", lambda: np.packbits(_pair(pattern)).tobytes()), 2).reshape(2, SIZE)
    return both[0], both[1]


def _pair(pattern: str) -> Table:
    first, *rest = _parser.parse(pattern)
    tables = _node(*first)[0], _sequence(rest)[0]
    for table in tables:
        table[-1] = True
    return np.array(tables)


def _table(bits: bytes, times: int = 1) -> Table:
    return np.unpackbits(np.frombuffer(bits, np.uint8), count=SIZE * times).astype(np.bool_)


def places(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Return where in a table each code point is looked up."""
    return np.minimum(codes, SIZE - 1)


def _none() -> Table:
    return np.zeros(SIZE, dtype=bool)


def _sequence(tree: Any) -> tuple[Table, bool]:
    """Return what a sequence can begin with, and whether it can match nothing."""
    table = _none()
    for op, argument in tree:
        if op in _EMPTY:
            continue
        more, empty = _node(op, argument)
        table |= more
        if not empty:
            return table, False
    return table, True


def _node(op: Any, argument: Any) -> tuple[Table, bool]:
    if op is sre.BRANCH:
        branches = [_sequence(branch) for branch in argument[1]]
        return functools.reduce(np.logical_or, [table for table, _ in branches]), any(empty for _, empty in branches)
    if op in _REPEATS:
        table, empty = _sequence(argument[2])
        return table, empty or argument[0] == 0
    if op is sre.SUBPATTERN:
        return _sequence(argument[3])
    if op is sre.ATOMIC_GROUP:
        return _sequence(argument)
    return (_class([(op, argument)]) if op is not sre.IN else _class(argument)), False


def _class(items: list[tuple[Any, Any]]) -> Table:
    table = _none()
    for op, argument in items:
        if op is sre.LITERAL:
            table[min(argument, SIZE - 1)] = True
        elif op is sre.RANGE:
            table[argument[0]:argument[1] + 1] = True
        elif op is sre.CATEGORY:
            table |= _category(_CATEGORIES[argument])
        elif op is not sre.NEGATE:
            return np.ones_like(table)  # any character, all but one, or a reference
    return ~table if items[0][0] is sre.NEGATE else table


@functools.cache
def _category(name: str) -> Table:
    text = "".join(map(chr, (code if not 0xD800 <= code < 0xE000 else 0xFFFD for code in range(SIZE))))
    table = _none()
    table[[match.start() for match in re.finditer(name, text)]] = True
    return table
