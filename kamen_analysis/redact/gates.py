"""Which patterns are worth trying where: a look at a few characters, for all places of all texts at once, spares most of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from kamen_analysis.redact.leads import Group, View, columns
from kamen_analysis.redact.reading import Reading
from kamen_analysis.redact.rules import Pattern
from kamen_analysis.redact.starts import members, places
from kamen_analysis.redact.tables import Bools, Ints
from kamen_analysis.redact.windows import Windows, widened

_BEFORE = 10  # how far before a needed word a value of a rule with `first` ends

_FAR = 1 << 40  # farther than any text


class Cued:
    """The patterns behind each of some words."""

    def __init__(self, cued: Sequence[Sequence[Pattern]], patterns: Sequence[Pattern], group: Group) -> None:
        self._patterns, self._group, self._words = patterns, group, len(cued)
        numbers = {id(pattern): number for number, pattern in enumerate(patterns)}
        here = [[numbers[id(pattern)] for pattern in behind if id(pattern) in numbers] for behind in cued]
        # A row for each word where its text has digits in a row, then one where it has none.
        self._wanted = columns([*here, *([number for number in some if not patterns[number].near] for some in here)], len(patterns))
        self._starts_some = np.array(list(map(bool, here)))

    def open(self, hits: Ints, runs: Windows, reading: Reading, view: View) -> Iterator[tuple[Pattern, list[int], list[int], list[int]]]:
        """Yield patterns, and behind which hits (rows of word, start, end) to try each: starts, ends, and where the texts of these end."""
        hits = hits.compress(self._starts_some[hits[:, 0]], axis=0)
        texts = reading.of(hits[:, 1])
        still = np.ones(len(reading.starts), dtype=bool)
        still[reading.of(runs[:, 0])] = False
        stretches = np.stack([hits[:, 2], hits[:, 2] + 1, hits[:, 0] + self._words * still[texts]], axis=1)
        begun = self._group.begin(view.classes, stretches, self._wanted)
        starts, at, ends = hits[begun.stretch, 1].tolist(), begun.at.tolist(), reading.ends[texts[begun.stretch]].tolist()
        for kind, low, high in _equal(begun.number):
            yield self._patterns[kind], starts[low:high], at[low:high], ends[low:high]


class Free:
    """The patterns that look anywhere, within windows: near a mark, or around needed words."""

    def __init__(self, words: Sequence[str], patterns: Sequence[Pattern], group: Group) -> None:
        self._patterns, self._group = patterns, group
        self._marks = sorted({pattern.near or "" for pattern in patterns if not pattern.needs})
        near = [[n for n, pattern in enumerate(patterns) if pattern.near == mark and not pattern.needs] for mark in self._marks]
        # A row for each mark, then one for each pattern.
        self._wanted = columns([*near, *([number] for number in range(len(patterns)))], len(patterns))
        here: dict[str, list[int]] = {word: [] for word in words}
        for number, pattern in enumerate(patterns):
            for word in pattern.needs:
                here[word].append(number)
        # The patterns that need a word are so many of a list, from a place in it on.
        self._needing = np.array(list(itertools.chain.from_iterable(here.values())), np.int64)
        self._many = np.array([len(some) for some in here.values()])
        self._from = np.cumsum(self._many) - self._many
        self._around = np.array([[pattern.around or _FAR] * 2 for pattern in patterns])
        self._has_mark = np.array([pattern.near is not None for pattern in patterns])
        self._led = [(number, members(pattern.first)) for number, pattern in enumerate(patterns) if pattern.needs and pattern.first]

    def open(self, hits: Ints, near: dict[str, Windows], reading: Reading, view: View) -> Iterator[tuple[Pattern, list[int], list[int]]]:
        """Yield patterns, and where each can begin, near its mark or around the words it needs: the places, and the windows' ends."""
        marked = _numbered([near[mark] for mark in self._marks], np.arange(len(self._marks)))
        stretches = np.concatenate([marked, *self._needed(hits, near, reading)])
        begun = self._group.begin(view.classes, stretches, self._wanted)
        at, ends = begun.at.tolist(), stretches[begun.stretch, 1].tolist()
        for kind, low, high in _equal(begun.number):
            yield self._patterns[kind], at[low:high], ends[low:high]

    def _needed(self, hits: Ints, near: dict[str, Windows], reading: Reading) -> Iterator[Ints]:
        # Yields stretches around the words that patterns need.
        hits = hits.compress(self._many[hits[:, 0]] > 0, axis=0)
        many = self._many[hits[:, 0]]
        hit = np.repeat(np.arange(len(hits)), many)
        number = self._needing[np.arange(len(hit)) + np.repeat(self._from[hits[:, 0]] - np.cumsum(many) + many, many)]
        order = number.astype(np.uint16).argsort(kind="stable")
        spans = np.column_stack([hits[hit[order], 1:], number[order]])
        spans = spans[self._is_led(spans, reading)]
        stretches = widened(spans, reading, self._around, np.zeros(len(spans), np.int64))
        has_mark = self._has_mark[stretches[:, 2]]
        yield stretches[~has_mark] + (0, 0, len(self._marks))
        marked = stretches[has_mark]
        for kind, low, high in _equal(marked[:, 2]):
            windows, texts = near[self._patterns[kind].near or ""], reading.of(marked[low:high, 0])
            yield _numbered([windows[np.isin(reading.of(windows[:, 0]), texts)]], [len(self._marks) + kind])

    def _is_led(self, spans: Ints, reading: Reading) -> Bools:
        # Tells of each word whether a character of its pattern's first stands before it, where the pattern names any.
        led = np.ones(len(spans), np.bool_)
        for kind, first in self._led:
            low, high = np.searchsorted(spans[:, 2], (kind, kind + 1))
            starts = spans[low:high, :1]
            before = np.maximum(starts - np.arange(1, _BEFORE + 1), reading.starts[reading.of(starts)] - 1)
            led[low:high] = first[places(reading.codes[before])].any(axis=1)
        return led


def _numbered(several: Sequence[Windows], numbers: Sequence[int] | Ints) -> Ints:
    return np.column_stack([np.concatenate(several), np.repeat(numbers, list(map(len, several)))])


def _equal(numbers: Ints) -> Iterator[tuple[int, int, int]]:
    """Yield each of the sorted numbers once, and where those equal to it begin and end."""
    cuts = [0, *(np.flatnonzero(numbers[1:] != numbers[:-1]) + 1).tolist(), len(numbers)]
    for low, high in itertools.pairwise(cuts if len(numbers) else []):
        yield int(numbers[low]), low, high
