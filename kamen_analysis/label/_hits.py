"""What a lexicon found in a batch of posts, group by group."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.kernels import compiled
from kamen_analysis.label.text import STRIDE, Bools, Indexes, Ints, Texts

MARKS = frozenset("。！？!?；;，,\n\r")
# A hit is one number, so that hits are sorted at once: group, end, length (the longer, the lower) and cue, of which the last three take
# so many bits.
CUE, SIZE, END = 12, 12, 29
Packed = npt.NDArray[np.int64]


class Spots(NamedTuple):
    """The hits of one group, ordered by their ends, the longer first: starts, ends, and the number of the cue in the group."""

    start: Ints
    end: Ints
    cue: Ints

    def take(self, at: Bools | Indexes) -> Spots:
        """Return some of the hits."""
        return Spots(*(column[at] for column in self))


class Hits:
    """The hits in a batch, in columns: group, start, end, cue (its number in the group) and post, by group and then as in `Spots`.

    A hit inside one of the group's mask is left out.
    """

    def __init__(self, texts: Texts, packed: Packed, groups: Mapping[str, int]) -> None:
        self.texts, self.groups = texts, groups
        rows = _unmasked(packed, groups)
        self.group, self.start, self.end, self.cue = _columns(rows)
        self.post = texts.post(self.start)
        self._first = _first(rows, groups)

    def at(self, group: str) -> slice:
        """Return the rows of a group's hits; none of a group the lexicon does not have."""
        number = self.groups.get(group)
        return slice(0) if number is None else slice(self._first[number], self._first[number + 1])

    def get(self, group: str) -> Spots:
        """Return the hits of a group."""
        rows = self.at(group)
        return Spots(self.start[rows], self.end[rows], self.cue[rows])

    @functools.cached_property
    def _seen(self) -> Bools:
        seen = np.zeros((len(self.groups), len(self.texts)), np.bool_)
        seen[self.group, self.post] = True
        return seen

    def has(self, *groups: str) -> Bools:
        """Return for each post whether one of the groups was found in it."""
        found: Bools = np.logical_or.reduce(self._seen[[self.groups[group] for group in groups if group in self.groups]], axis=0)
        return found

    def behind(self, group: str, start: Ints, reach: int, stops: Iterable[str] = MARKS) -> Bools:
        """Return whether a hit of `group` ends at most `reach` characters before each place, with none of `stops` between."""
        rows = self.at(group)
        index = self.end[rows] - self.post[rows] * STRIDE
        return _behind(self.end[rows], index, self.texts.low, _members(frozenset(stops)), start, reach)


@functools.lru_cache(maxsize=4)
def marks(texts: Texts, characters: frozenset[str]) -> Ints:
    """Return all places of the given characters, ascending."""
    return texts.at[np.flatnonzero(texts.members(characters))]


@functools.cache
def _members(characters: frozenset[str]) -> Bools:
    table = np.zeros(1 << 16, np.bool_)
    table[[ord(c) for c in characters]] = True
    return table


@compiled
def _behind(ends: Ints, index: Ints, low: npt.NDArray[np.uint16], stops: Bools, start: Ints, reach: int) -> Bools:
    near, last = np.zeros(len(start), np.bool_), 0  # `last` counts the ends up to a place: few steps, as most places come in order.
    for i in range(len(start)):
        while last < len(ends) and ends[last] <= start[i]:
            last += 1
        while last and ends[last - 1] > start[i]:
            last -= 1
        if last and start[i] - ends[last - 1] <= reach:
            first = index[last - 1]
            near[i] = True
            for code in low[first: first + start[i] - ends[last - 1]]:
                near[i] &= not stops[code]
    return near


def inside(spots: Spots, start: Ints, end: Ints) -> Bools:
    """Return which hits lie in one of the stretches [start, end)."""
    order = np.argsort(start, kind="stable")
    reach = np.concatenate([[-1], np.maximum.accumulate(end[order])])
    lies: Bools = reach[np.searchsorted(start[order], spots.start, "right")] >= spots.end
    return lies


def _first(packed: Packed, groups: Mapping[str, int]) -> list[int]:
    # Where the hits of each group begin, and last of all where the last group's end.
    first: list[int] = np.searchsorted(packed, np.arange(len(groups) + 1) << CUE + SIZE + END).tolist()
    return first


def _unmasked(packed: Packed, groups: Mapping[str, int]) -> Packed:
    # Leaves out the hits of masks (`x!`) and the hits of their groups (`x`) inside them.
    first, kept = _first(packed, groups), np.ones(len(packed), np.bool_)
    for name, mask in groups.items():
        if name[-1] == "!":
            number = groups[name[:-1]]
            own, other = slice(first[number], first[number + 1]), slice(first[mask], first[mask + 1])
            kept[other] = False
            if own.start < own.stop and other.start < other.stop:
                kept[own] = ~inside(Spots(*_columns(packed[own])[1:]), *_columns(packed[other])[1:3])
    return packed[kept]


@compiled
def _columns(packed: Packed) -> Ints:
    # Group, start, end and cue of each hit.
    out = np.empty((4, len(packed)), np.int32)
    for i in range(len(packed)):
        row = packed[i]
        end = row >> CUE + SIZE & (1 << END) - 1
        size = (1 << SIZE) - 1 - (row >> CUE & (1 << SIZE) - 1)
        out[0, i], out[1, i], out[2, i], out[3, i] = row >> CUE + SIZE + END, end - size, end, row & (1 << CUE) - 1
    return out
