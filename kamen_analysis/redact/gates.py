"""Which patterns are worth trying where: a look at a few characters, for all places of all texts at once, spares most of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from kamen_analysis.redact.leads import Group, Ints, View, columns, only, spread
from kamen_analysis.redact.reading import Reading
from kamen_analysis.redact.rules import Pattern
from kamen_analysis.redact.starts import members, places
from kamen_analysis.redact.windows import Windows, each, widened

_BEFORE = 10  # how far before a needed word a value of a rule with `first` ends

_Flags = npt.NDArray[np.bool_]


class Cued:
    """The patterns behind each of some words."""

    def __init__(self, cued: Sequence[Sequence[Pattern]], patterns: Sequence[Pattern], group: Group) -> None:
        self._patterns, self._group = patterns, group
        numbers = {id(pattern): number for number, pattern in enumerate(patterns)}
        here = [[numbers[id(pattern)] for pattern in behind if id(pattern) in numbers] for behind in cued]
        self._behind = columns(here, len(patterns))
        self._still = self._behind & ~only([number for number, pattern in enumerate(patterns) if pattern.near], len(patterns))
        self._firsts = sorted({pattern.first for pattern in patterns if pattern.first})
        self._first = np.array([self._firsts.index(pattern.first) if pattern.first else -1 for pattern in patterns])
        self._reach = np.array([pattern.reach for pattern in patterns])

    def open(self, hits: Ints, runs: Windows, reading: Reading, view: View) -> Iterator[tuple[Pattern, Ints, Ints]]:
        """Yield patterns, the hits (rows of word, start, end) to try each behind, and where the texts of these end."""
        texts = reading.of(hits[:, 1])
        running = np.zeros(len(reading.starts), dtype=bool)
        running[reading.of(runs[:, 0])] = True
        behind = np.where(running[texts], self._behind[:, hits[:, 0]], self._still[:, hits[:, 0]])
        numbers, hit = spread(behind & self._group.begin(view.classes, hits[:, 2]))
        soon = self._soon(numbers, hits[hit, 2], view)
        for pattern, chosen in _by_pattern(self._patterns, numbers[soon], hit[soon]):
            yield pattern, hits[chosen], reading.ends[texts[chosen]]

    def _soon(self, numbers: Ints, at: Ints, view: View) -> _Flags:
        """Return for each place whether a character of its pattern's first stands within reach."""
        soon = np.ones(len(numbers), dtype=bool)
        firsts = self._first[numbers]
        for first, chars in enumerate(self._firsts):
            chosen = np.flatnonzero(firsts == first)
            if len(chosen):
                reach = self._reach[numbers[chosen]]
                ahead = at[chosen, None] + np.arange(int(reach.max()))
                there = members(chars).take(view.places.take(np.minimum(ahead, len(view.places) - 1)))
                soon[chosen] = (there & (np.arange(ahead.shape[1]) < reach[:, None])).any(axis=1)
        return soon


class Free:
    """The patterns that look anywhere, within windows; those near a mark come first, so that few rows tell where they can begin."""

    def __init__(self, words: Sequence[str], patterns: Sequence[Pattern], group: Group) -> None:
        self._patterns, self._group = patterns, group
        self._numbers = {id(pattern): number for number, pattern in enumerate(patterns)}
        here: dict[str, list[int]] = {word: [] for word in words}
        for number, pattern in enumerate(patterns):
            for word in pattern.needs:
                here[word].append(number)
        self._needed = columns(list(here.values()), len(patterns))
        self._is_needed: _Flags = np.asarray(self._needed.any(axis=0))
        always = [(number, pattern.near or "") for number, pattern in enumerate(patterns) if not pattern.needs]
        self._rows = -(-(always[-1][0] + 1) // 64)
        self._near = {name: only([number for number, near in always if near == name], len(patterns))[:self._rows] for _, name in always}

    def near(self, near: dict[str, Windows], view: View) -> Iterator[tuple[Pattern, Ints, Ints]]:
        """Yield the patterns near a mark, and where in its windows each can begin: the places, and the windows' ends."""
        for name, wanted in self._near.items():
            if not len(near[name]):
                continue
            at, ends = each(near[name])
            for pattern, chosen in _by_pattern(self._patterns, *spread(self._group.begin(view.classes, at, self._rows) & wanted)):
                yield pattern, at[chosen], ends[chosen]

    def needed(self, hits: Ints, near: dict[str, Windows], reading: Reading, view: View) -> Iterator[tuple[Pattern, Ints, Ints]]:
        """Yield the patterns whose words are there, and where around these (or near their mark too) each can begin, as `near` does."""
        hits = hits[self._is_needed[hits[:, 0]]]
        for pattern, chosen in _by_pattern(self._patterns, *spread(self._needed[:, hits[:, 0]])):
            spans = hits[chosen, 1:]
            spans = spans[np.argsort(spans[:, 0], kind="stable")]
            if pattern.first:
                before = np.maximum(spans[:, :1] - np.arange(1, _BEFORE + 1), reading.starts[reading.of(spans[:, :1])] - 1)
                spans = spans[members(pattern.first)[places(reading.codes[before])].any(axis=1)]
            around = pattern.around or len(reading.words)
            windows = widened(spans, reading, around, around)
            if pattern.near is not None:
                texts = reading.of(windows[:, 0])
                windows = near[pattern.near][np.isin(reading.of(near[pattern.near][:, 0]), texts)]
            at, ends = each(windows)
            can = self._group.begin_of(self._numbers[id(pattern)], view.classes, at)
            yield pattern, at[can], ends[can]


def _by_pattern(patterns: Sequence[Pattern], numbers: Ints, rows: Ints) -> Iterator[tuple[Pattern, Ints]]:
    """Yield patterns with their rows, in the order given: by the numbers of the patterns."""
    cuts = [0, *(np.flatnonzero(numbers[1:] != numbers[:-1]) + 1).tolist(), len(numbers)]
    for low, high in itertools.pairwise(cuts if len(numbers) else []):
        yield patterns[numbers[low]], rows[low:high]
