"""What a lexicon found in a batch of posts, group by group."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.kernels import compiled
from kamen_analysis.label.text import STRIDE, Bools, Indexes, Ints, Low, Texts

MARKS = frozenset("。！？!?；;，,\n\r")
# A hit is one number, so that hits are sorted at once: group, end, length (the longer, the lower) and cue, of which the last three take
# so many bits.
CUE, SIZE, END = 12, 12, 29
_GROUP = CUE + SIZE + END
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
        masks = np.array([len(groups) if name[-1] == "!" else groups.get(f"{name}!", number) for name, number in groups.items()], np.int32)
        columns = np.empty((4, len(packed)), np.int32)
        self.group, self.start, self.end, self.cue = columns[:, _unmasked(packed, masks, columns):]
        self.post = texts.post(self.start)
        self._first: list[int] = np.searchsorted(self.group, np.arange(len(groups) + 1)).tolist()  # Where the hits of each group begin.

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
        return _behind(self.end[rows], index, self.texts.low, members(frozenset(stops)), start, reach)


@functools.cache
def members(characters: frozenset[str]) -> Bools:
    """Return for each code point below U+10000 whether it is one of the given characters."""
    table = np.zeros(1 << 16, np.bool_)
    table[[ord(c) for c in characters]] = True
    return table


@compiled
def _behind(ends: Ints, index: Ints, low: Low, stops: Bools, start: Ints, reach: int) -> Bools:
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


@compiled
def _unmasked(packed: Packed, masks: Ints, out: Ints) -> int:
    """Fill in, from the last hit on, group, start, end and cue of each hit that does not lie in one of its group's mask.

    `masks`: of each group its mask; itself if it has none, no group if it is one. Returns where in `out` the first hit stands.
    """
    n, group, mask, low = len(packed), -1, -1, 0
    for i in range(len(packed) - 1, -1, -1):
        if group != packed[i] >> _GROUP:
            group = packed[i] >> _GROUP
            mask = np.searchsorted(packed, masks[group] + 1 << _GROUP) - 1
            low = np.iinfo(np.int32).max  # The earliest start of the mask's hits that end no earlier than this hit.
        start, end = _stretch(packed[i])
        while masks[group] != group and mask >= 0 and packed[mask] >> _GROUP == masks[group] and _stretch(packed[mask])[1] >= end:
            low = min(low, _stretch(packed[mask])[0])
            mask -= 1
        if masks[group] < len(masks) and start < low:
            n -= 1
            out[0, n], out[1, n], out[2, n], out[3, n] = group, start, end, packed[i] & (1 << CUE) - 1
    return n


@compiled
def _stretch(row: int) -> tuple[int, int]:
    end = row >> CUE + SIZE & (1 << END) - 1
    return end - ((1 << SIZE) - 1 - (row >> CUE & (1 << SIZE) - 1)), end
