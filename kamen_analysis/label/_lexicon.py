"""Cues found in posts in one walk: literals, alternatives in braces, and gaps that stay inside a clause.

A cue is written as it is read: `没…到账` is 没, then 到账 at most six characters later in the same clause (each further … allows
six more); `{没,未}退` is 没退 or 未退. Texts are folded first (`text.fold`), so every span is a span of the text as given.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis import zh
from kamen_analysis.label.text import Bools, Indexes, Ints, Texts, plain, spread
from kamen_analysis.label.trie import LENGTH, Keys, Places, Trie, ends

GAP = 6
MARKS = frozenset("。！？!?；;，,\n\r")
_BRACES = re.compile(r"\{([^{}]*)\}")
_GAPS = re.compile(r"(…+)")
_WALK = 500  # texts read in one walk
_CUE, _SIZE, _END = 12, 12, 29  # Bits of the number of a cue, of how long a hit is, and of where it ends, packed to be sorted at once.

Hit = tuple[int, int, int]


def expand(cue: str) -> list[str]:
    """Return every literal reading of a cue with braces: `{没,未}退` gives 没退 and 未退."""
    pieces = _BRACES.split(cue)
    choices = [[piece] if i % 2 == 0 else piece.split(",") for i, piece in enumerate(pieces)]
    return ["".join(chosen) for chosen in product(*choices)]


class Spots(NamedTuple):
    """The hits of one group: starts, ends and the number of the cue in the group, in the order of their ends, the longer first."""

    start: Ints
    end: Ints
    cue: Ints

    def take(self, at: Bools | Indexes) -> Spots:
        """Return some of the hits."""
        return Spots(*(column[at] for column in self))


class _Chain(NamedTuple):
    group: int
    cue: int
    parts: tuple[tuple[int, ...], ...]
    gaps: tuple[int, ...]


class Hits:
    """What a lexicon found in a batch, group by group; a hit inside a hit of the group's mask is left out."""

    def __init__(self, texts: Texts, packed: npt.NDArray[np.int64], groups: Mapping[str, int]) -> None:
        self.texts, self._packed, self._groups = texts, packed, groups
        self._first = np.searchsorted(packed, np.arange(len(groups) + 1, dtype=np.int64) << _CUE + _SIZE + _END).tolist()
        self._kept: dict[str, Spots] = {}

    def get(self, group: str) -> Spots:
        """Return the hits of a group, none when it was not found."""
        if group not in self._kept:
            found = self._raw(group)
            if len(found.start) and len((masks := self._raw(f"{group}!")).start):
                found = found.take(~inside(found, masks.start, masks.end))
            self._kept[group] = found
        return self._kept[group]

    def _raw(self, group: str) -> Spots:
        number = self._groups.get(group)
        row = self._packed[self._first[number]: self._first[number + 1]] if number is not None else self._packed[:0]
        end = (row >> _CUE + _SIZE & (1 << _END) - 1).astype(np.int32)
        size = (1 << _SIZE) - 1 - (row >> _CUE & (1 << _SIZE) - 1)
        return Spots((end - size).astype(np.int32), end, (row & (1 << _CUE) - 1).astype(np.int32))

    def has(self, *groups: str) -> Bools:
        """Return for each post whether one of the groups was found in it."""
        out = np.zeros(len(self.texts), np.bool_)
        for group in groups:
            out[self.texts.post(self.get(group).start)] = True
        return out

    def behind(self, group: str, start: Ints, reach: int, stops: Iterable[str] = MARKS) -> Bools:
        """Return whether a hit of `group` ends at most `reach` characters before each place, with none of `stops` between."""
        before = np.sort(self.get(group).end)
        if not len(before):
            return np.zeros(len(start), np.bool_)
        last = before[np.maximum(np.searchsorted(before, start, "right") - 1, 0)]
        between = marks(self.texts, frozenset(stops))
        free: Bools = np.searchsorted(between, start) == np.searchsorted(between, last)
        return free & (last <= start) & (start - last <= reach)


@functools.lru_cache(maxsize=4)
def marks(texts: Texts, characters: frozenset[str]) -> Ints:
    """Return the places of some characters, ascending."""
    return texts.at[np.flatnonzero(texts.members(characters))]


def inside(spots: Spots, start: Ints, end: Ints) -> Bools:
    """Return which hits lie in one of the stretches [start, end)."""
    order = np.argsort(start, kind="stable")
    reach = np.concatenate([[-1], np.maximum.accumulate(end[order])])
    lies: Bools = reach[np.searchsorted(start[order], spots.start, "right")] >= spots.end
    return lies


class Lexicon:
    """Groups of cues over one trie; a group named `x!` masks group `x`: a hit of x inside a hit of x! does not count."""

    def __init__(self, groups: Mapping[str, Iterable[str]]) -> None:
        self._groups = {group: number for number, group in enumerate(groups)}
        numbers: dict[str, int] = {}
        single: list[tuple[int, int, int]] = []
        self._chains: list[_Chain] = []
        for group, cues in enumerate(groups.values()):
            for cue, written in enumerate(cues):
                for pieces in _readings(written):
                    parts = tuple(tuple(numbers.setdefault(zh.fold(word), len(numbers)) for word in expand(piece)) for piece in pieces[::2])
                    if len(parts) == 1:
                        single += [(word, group, cue) for word in parts[0]]
                    else:
                        self._chains.append(_Chain(group, cue, parts, tuple(GAP * len(piece) for piece in pieces[1::2])))
        self._word, self._group, self._cue = np.array(single, np.int64).reshape(-1, 3).T
        self.trie = Trie(list(numbers))
        self._longest = max(map(len, numbers), default=0)

    def find_all(self, texts: Texts) -> Hits:
        """Return the hits of every group in a batch."""
        places = self.trie.find(texts)
        first = np.array(places.first)
        count = first[self._word + 1] - first[self._word]
        keys = places.keys[spread(first[self._word], first[self._word + 1])]
        rows = [_packed(np.repeat(self._group, count), np.repeat(self._cue, count), keys >> LENGTH, ends(keys))]
        stops = np.append(marks(texts, MARKS), np.iinfo(np.int32).max)
        for chain in self._chains:
            if all(any(places.first[word] < places.first[word + 1] for word in part) for part in chain.parts):
                start, end = self._walk(chain, places, stops)
                rows.append(_packed(chain.group, chain.cue, start, end))
        return Hits(texts, np.sort(np.concatenate(rows)), self._groups)

    def _walk(self, chain: _Chain, places: Places, stops: Ints) -> tuple[Keys, Keys]:
        """Return start and end of every way through a chain: each later part after the one before, within its gap, no mark between."""
        slots = [places.of(part) for part in chain.parts]
        lead, rare = slots[0], min(range(len(slots)), key=lambda j: len(slots[j]))
        if rare:
            near = slots[rare] >> LENGTH
            reach = sum(chain.gaps[:rare]) + rare * self._longest
            low, high = (np.searchsorted(lead, place << LENGTH) for place in (near - reach, near))
            low = np.maximum(low, np.concatenate([[0], high[:-1]]))
            lead = lead[spread(low, np.maximum(low, high))]
        start, end = lead >> LENGTH, ends(lead)
        for slot, gap in zip(slots[1:], chain.gaps, strict=True):
            limit = np.minimum(end + gap, stops[np.searchsorted(stops, end)])
            low, high = np.searchsorted(slot, end << LENGTH), np.searchsorted(slot, limit + 1 << LENGTH)
            start, end = np.repeat(start, high - low), ends(slot[spread(low, high)])
        return start, end

    def find(self, text: str) -> dict[str, list[Hit]]:
        """Return the hits (start, end, cue) of every group found in one folded text."""
        return next(self.find_each([text]))

    def find_each(self, folded: Sequence[str]) -> Iterator[dict[str, list[Hit]]]:
        """Yield for each of some folded texts what `find` returns, found in few walks."""
        for first in range(0, len(folded), _WALK):
            texts = plain(folded[first: first + _WALK])
            hits = self.find_all(texts)
            found: list[dict[str, list[Hit]]] = [{} for _ in range(len(texts))]
            for group in (name for name in self._groups if name[-1] != "!"):
                spots = hits.get(group)
                post = texts.post(spots.start)
                columns = (post, spots.start - texts.start[post], spots.end - texts.start[post], spots.cue)
                for row, start, end, cue in zip(*(column.tolist() for column in columns), strict=True):
                    found[row].setdefault(group, []).append((start, end, cue))
            yield from found


def _readings(cue: str) -> Iterator[list[str]]:
    # A cue cut at its gaps; one with a gap inside its braces is spelt out first.
    spelt = expand(cue) if any("…" in braces for braces in _BRACES.findall(cue)) else [cue]
    return (_GAPS.split(reading) for reading in spelt)


def _packed(group: npt.ArrayLike, cue: npt.ArrayLike, start: Keys, end: Keys) -> npt.NDArray[np.int64]:
    size = (1 << _SIZE) - 1 - (end - start).astype(np.int64)
    head = (np.asarray(group, np.int64) << _END) + end
    packed: npt.NDArray[np.int64] = (head << _SIZE | size) << _CUE | np.asarray(cue, np.int64)
    return packed
