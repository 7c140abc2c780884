"""Which of many patterns can begin at which places: a few looks into small tables for 64 patterns at once, then their automata."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba.cpython.unsafe import numbers

from kamen_analysis.kernels import inlined, lean
from kamen_analysis.redact.starts import places
from kamen_analysis.redact.tables import Classes, Ints, Look, Rows, Tables, prepared, rows

Codes = npt.NDArray[np.uint32]

_MANY = 1 << 14  # room for so many places, if no more were needed before
_FAR = 40  # so many characters an automaton reads: what is not told by then is tried
_BIT, _NONE, _ACCEPT = np.uint64(1), np.uint64(0), np.uint64(1 << 63)
_lowest: Any = numbers.trailing_zeros  # the number of a row's lowest bit


class Leads:
    """The looks of groups of patterns."""

    def __init__(self, groups: Sequence[Sequence[Look]]) -> None:
        self._classes, those = prepared(groups)
        self.groups = list(map(Group, those))

    def classes(self, places: Ints) -> Classes:
        """Return the class of the code point at each place of a table."""
        return self._classes.take(places)

    def view(self, text: str, codes: Codes) -> View:
        """Return how the patterns see a text."""
        at = places(codes)
        return View(text, at, self.classes(at))


@dataclass(frozen=True, slots=True)
class View:
    """Texts as some of the patterns read them: characters, their places in tables over the code points, and their classes."""

    text: str
    places: Ints
    classes: Classes


class Begun(NamedTuple):
    """Where patterns can begin: the number of the pattern, the place, and the number of the stretch the place lies in."""

    number: Ints
    at: Ints
    stretch: Ints


class Group:
    """One group of patterns."""

    def __init__(self, tables: Tables) -> None:
        self._tables, self._room = tables, _MANY

    def begin(self, classes: Classes, stretches: Ints, wanted: Rows) -> Begun:
        """Return where patterns can begin, by the numbers of the patterns, then in the order of the stretches.

        A stretch is a row of start, end, and which row of `wanted` (bits of patterns) says what is looked for in it. Places lie within a
        text, with a JOINT on either side.
        """
        out = np.empty((3, self._room), np.int64)
        many = _begin(self._tables, classes, stretches, wanted, out)
        if many > self._room:
            self._room = many + many // 4
            return self.begin(classes, stretches, wanted)
        order = out[0, :many].astype(np.uint16).argsort(kind="stable")
        return Begun(*out[:, order])


@inlined
def _passes(automaton: int, at: int, classes: Classes, may: Rows, follow: Rows, begin: Rows) -> bool:
    active = begin[automaton]
    for place in range(at - 1, min(at + _FAR, len(classes))):
        reading, active = active & may[automaton, classes[place]], _NONE
        while reading:
            active |= follow[automaton, _lowest(reading)]
            reading &= reading - _BIT
        if active & _ACCEPT or not active:
            break
    return bool(active != _NONE)


@inlined
def _goes_on(tables: Tables, number: np.int64, at: int, classes: Classes) -> bool:
    # Tells whether a character of the pattern's first stands within reach, and whether its automata pass.
    place, end = at, min(at + tables.reach[number], len(classes))
    while place < end and not tables.sets[tables.first[number], classes[place]]:
        place += 1
    goes_on = bool(tables.first[number] == 0 or place < end)
    for automaton in range(tables.automata[number], tables.automata[number + 1]):
        goes_on = goes_on and _passes(automaton, at, classes, tables.may, tables.follow, tables.begin)
    return goes_on


@lean
def _begin(tables: Tables, classes: Classes, stretches: Ints, wanted: Rows, out: Ints) -> int:
    # Fills `out` as far as there is room, and returns how many places there are in all.
    n = 0
    for stretch in range(len(stretches)):
        for row in range(len(tables.leads)):
            lead, looked_for = tables.leads[row], wanted[stretches[stretch, 2], row]
            for at in range(stretches[stretch, 0], stretches[stretch, 1] if looked_for else 0):
                can = looked_for & lead[1, classes[at]]
                if can:
                    can &= lead[0, classes[at - 1]] & lead[2, classes[at + 1]] & lead[3, classes[at + 2]]
                while can:
                    number = 64 * row + np.int64(_lowest(can))
                    if _goes_on(tables, number, at, classes):
                        if n < out.shape[1]:
                            out[0, n], out[1, n], out[2, n] = number, at, stretch
                        n += 1
                    can &= can - _BIT
    return n


def every(of: int) -> Rows:
    """Return one row in which the bits of so many patterns are set."""
    return columns([range(of)], of)


def columns(numbers: Sequence[Iterable[int]], of: int) -> Rows:
    """Return for each list of numbers a row in which the bits of these patterns (of so many) are set."""
    pairs = np.array([(column, number) for column, some in enumerate(numbers) for number in some], np.int64).reshape(-1, 2)
    table: Rows = np.zeros((len(numbers), rows(of)), np.uint64)
    np.bitwise_or.at(table, (pairs[:, 0], pairs[:, 1] // 64), np.uint64(1) << (pairs[:, 1] % 64).astype(np.uint64))
    return table
