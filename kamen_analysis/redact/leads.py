"""Which of many patterns can begin at which places of a text: a few looks into small tables for all patterns and places at once."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kamen_analysis import kept
from kamen_analysis.redact.starts import DEPTH, SIZE, bits, lead, places

Codes = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.uint64]  # of bits by place: pattern n is bit n % 64 of row n // 64

_SHELF = kept.Shelf("leads", "redact/*.yaml", "redact/starts.py", "redact/leads.py", "redact/rules.py")
_PAD = -SIZE % 4
_NONE: Ints = np.zeros(0, dtype=np.int64)


class Leads:
    """The leads of groups of patterns; code points that no pattern tells apart are one class, which keeps the tables small."""

    def __init__(self, groups: Sequence[Sequence[str]]) -> None:
        blob = _SHELF.get("\n\n".join("\n".join(group) for group in groups), lambda: _made(groups))
        self._class = np.frombuffer(blob, np.uint16, SIZE).astype(np.int64)
        tables: Rows = np.frombuffer(blob, np.uint64, offset=2 * (SIZE + _PAD)).reshape(sum(map(_rows, map(len, groups))), DEPTH, -1)
        ends = np.cumsum([_rows(len(group)) for group in groups]).tolist()
        self.groups = [Group(tables[start:end]) for start, end in zip([0, *ends], ends, strict=False)]

    def classes(self, places: Ints) -> Ints:
        """Return the class of the code point at each place of a table."""
        return self._class.take(places)

    def view(self, text: str, codes: Codes) -> View:
        """Return how the patterns see a text."""
        at = places(codes)
        return View(text, at, self.classes(at))


@dataclass(frozen=True, slots=True)
class View:
    """Texts as some of the patterns read them: characters, their places in tables over the code points, and their classes."""

    text: str
    places: Ints
    classes: Ints


class Group:
    """One group: its tables by row, place (the one before a beginning, then the first ones) and class."""

    def __init__(self, tables: Rows) -> None:
        self._tables = tables

    def begin(self, classes: Ints, at: Ints, rows: int | None = None) -> Rows:
        """Return which patterns (of the first rows) can begin at each place; places lie within a text, with a JOINT on either side."""
        near = [classes.take(at + step) for step in range(-1, DEPTH - 1)]
        return np.array([table[0].take(near[0]) & table[1].take(near[1]) & table[2].take(near[2]) & table[3].take(near[3])
                         for table in self._tables[:rows]])

    def begin_of(self, number: int, classes: Ints, at: Ints) -> Ints:
        """Return the indexes of the places where one pattern can begin."""
        can = np.arange(len(at))
        for step in (1, 0, 2, 3):
            table = (self._tables[number // 64, step] & np.uint64(1 << number % 64)) != 0
            can = can[table.take(classes.take(at.take(can) + (step - 1)))]
        return can

    def everywhere(self, classes: Ints) -> tuple[Ints, Ints]:
        """Return (numbers of patterns, places) of all places where a pattern can begin, by pattern and then by place."""
        here, next_ = classes[1:2 - DEPTH], classes[2:3 - DEPTH]
        some = functools.reduce(np.bitwise_or, (table[1].take(here) & table[2].take(next_) for table in self._tables))
        at = np.flatnonzero(some != 0) + 1
        numbers, chosen = spread(self.begin(classes, at))
        return numbers, at[chosen]


def only(numbers: Iterable[int], of: int) -> Rows:
    """Return, for use with any place, rows in which the bits of some of so many patterns are set."""
    members = sum(1 << number for number in set(numbers))
    return np.frombuffer(members.to_bytes(8 * _rows(of), "little"), np.uint64)[:, None]


def columns(numbers: Sequence[Iterable[int]], of: int) -> Rows:
    """Return rows in which, in the column of each list, the bits of its patterns (of so many) are set."""
    pairs = np.array([(number, column) for column, some in enumerate(numbers) for number in some], np.int64).reshape(-1, 2)
    table: Rows = np.zeros((_rows(of), len(numbers)), np.uint64)
    np.bitwise_or.at(table, (pairs[:, 0] // 64, pairs[:, 1]), np.uint64(1) << (pairs[:, 0] % 64).astype(np.uint64))
    return table


def spread(rows: Rows) -> tuple[Ints, Ints]:
    """Return (numbers of patterns, numbers of places) of the bits that are set, by pattern and then by place."""
    numbers, places = [_NONE], [_NONE]
    for row, words in enumerate(rows):
        some = (words != 0).nonzero()[0]
        if len(some):
            at, number = np.divmod(np.unpackbits(words[some].view(np.uint8), bitorder="little").view(np.bool_).nonzero()[0], 64)
            order = number.astype(np.uint8).argsort(kind="stable")
            numbers.append(number[order] + 64 * row)
            places.append(some[at[order]])
    return np.concatenate(numbers), np.concatenate(places)


def _rows(number: int) -> int:
    return max(1, -(-number // 64))


def _made(groups: Sequence[Sequence[str]]) -> bytes:
    leads = [[lead(pattern) for pattern in group] for group in groups]
    classes = np.zeros(SIZE, dtype=np.int64)
    sets = list(dict.fromkeys(members for group in leads for each in group for members in each))
    for start in range(0, len(sets), 32):
        for members in sets[start:start + 32]:
            classes = classes * 2 + bits(members)
        classes = np.unique(classes, return_inverse=True)[1]
    one_of_each = np.unique(classes, return_index=True)[1]
    found = [_table(group, one_of_each) for group in leads]
    return np.append(classes.astype(np.uint16), np.zeros(_PAD, dtype=np.uint16)).tobytes() + np.concatenate(found).tobytes()


def _table(leads: Sequence[tuple[int, ...]], one_of_each: Ints) -> Rows:
    table = np.zeros((_rows(len(leads)), DEPTH, len(one_of_each)), dtype=np.uint64)
    for number, each in enumerate(leads):
        for step, members in enumerate(each):
            table[number // 64, step] |= bits(members)[one_of_each].astype(np.uint64) << np.uint64(number % 64)
    return table
