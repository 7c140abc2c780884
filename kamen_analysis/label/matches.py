"""The matches of cue templates in a batch, key after key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from kamen_analysis.kernels import lean
from kamen_analysis.label.text import Indexes, Ints

Key = tuple[object, ...]
_HEAD = 2  # As in chains.
_START, _END = range(2)  # As in senses.


class Matches(NamedTuple):
    """Where the templates of one key stand, ascending by start: starts and ends."""

    start: Ints
    end: Ints


class Found:
    """All matches of a batch: their starts and ends."""

    def __init__(self, numbers: dict[Key, int], words: Ints, rows: Ints, key: Ints, many: Ints) -> None:
        """`words`: their table; `rows`: matches as `chains` gives them; of each its key, by its number, and how many parts it has."""
        first, self._order = np.zeros((2, len(numbers) + 2), np.int32), np.empty(len(rows), np.int32)
        self.start, self.end, self._rows, self._numbers = *np.empty((2, len(rows)), np.int32), rows, numbers
        _by_key(words, rows, key, many, first, self._order, self.start, self.end)
        self._first = first[0]

    def chains(self, at: Indexes) -> Ints:
        """Return some of the matches as `chains` gives them."""
        return self._rows.take(self._order[at], axis=0)

    def rows(self, numbers: Indexes) -> Indexes:
        """Return (2, keys): where the matches of each key, given by its number, begin and end; an unknown key's number has none."""
        return np.stack([self._first[numbers], self._first[numbers + 1]])

    def get(self, key: Key) -> Matches:
        """Return the matches of a key; none if no line has it."""
        number = self._numbers.get(key, len(self._numbers))
        here = slice(self._first[number], self._first[number + 1])
        return Matches(self.start[here], self.end[here])

    def items(self) -> Iterator[tuple[Key, Matches]]:
        """Yield each key that has matches, with them."""
        return ((key, matches) for key in self._numbers if len((matches := self.get(key)).start))


@lean
def _by_key(words: Ints, rows: Ints, key: Ints, many: Ints, first: Ints, order: Ints, starts: Ints, ends: Ints) -> None:
    # Sorts the matches by key, start, end and template into `order`, with their starts and ends; `first[0]` becomes where each key's begin.
    for i in range(len(rows)):
        first[0, key[i] + 1] += 1
    for i in range(1, first.shape[1]):
        first[0, i] += first[0, i - 1]
        first[1, i] = first[0, i]
    for i in range(len(rows)):
        k, low = first[1, key[i]], first[0, key[i]]
        first[1, key[i]] += 1
        start, end = words[_START, rows[i, _HEAD]], words[_END, rows[i, _HEAD + many[i] - 1]]
        while k > low and (starts[k - 1], ends[k - 1], rows[order[k - 1], 0]) > (start, end, rows[i, 0]):
            order[k], starts[k], ends[k] = order[k - 1], starts[k - 1], ends[k - 1]
            k -= 1
        order[k], starts[k], ends[k] = i, start, end
