"""The matches of cue templates in a batch, key after key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from kamen_analysis.kernels import lean
from kamen_analysis.label.text import Indexes, Ints
from kamen_analysis.label.trie import Keys

Key = tuple[object, ...]
_HEAD, _LENGTH = 3, 6  # Columns before the parts; bits as in trie.


class Matches(NamedTuple):
    """Where the templates of one key stand, ascending by start: (n,) starts and ends, and (n, parts) keys of their parts.

    Of a template with fewer parts than others the first part is given again.
    """

    start: Ints
    end: Ints
    parts: Keys


class Found:
    """All matches of a batch: starts, ends, keys of the parts, and in `words` (n, 2) the first word of each and its sentence, by number."""

    def __init__(self, numbers: dict[Key, int], rows: Keys, key: Indexes, many: Indexes) -> None:
        """`rows`: matches as `chains` gives them; of each its key, by its number, and how many parts it has."""
        first, order, n = np.zeros((2, len(numbers) + 2), np.int64), np.empty(len(rows), np.int64), len(rows)
        self.start, self.end, self.words = np.empty(n, np.int32), np.empty(n, np.int32), np.empty((n, _HEAD - 1), np.int64)
        self.parts, self._numbers = np.empty((n, rows.shape[1] - _HEAD), np.int64), numbers
        _by_key(rows, key, many, first, order)
        _arrange(rows, order, many, self.start, self.end, self.words, self.parts)
        self._first = np.append(first[0], 0)

    def rows(self, numbers: Indexes) -> Indexes:
        """Return (2, keys): where the matches of each key, given by its number, begin and end; an unknown key's number has none."""
        return np.stack([self._first[numbers], self._first[numbers + 1]])

    def get(self, key: Key) -> Matches:
        """Return the matches of a key; none if no line has it."""
        number = self._numbers.get(key, len(self._numbers))
        here = slice(self._first[number], self._first[number + 1])
        return Matches(self.start[here], self.end[here], self.parts[here])

    def items(self) -> Iterator[tuple[Key, Matches]]:
        """Yield each key that has matches, with them."""
        return ((key, matches) for key in self._numbers if len((matches := self.get(key)).start))


@lean
def _end(rows: Keys, row: int, many: Indexes) -> int:
    last = rows[row, _HEAD + many[row] - 1]
    return int((last >> _LENGTH) + (last & (1 << _LENGTH) - 1))


@lean
def _by_key(rows: Keys, key: Indexes, many: Indexes, first: Indexes, order: Indexes) -> None:
    # Sorts the matches by key, start, end and template into `order`; `first[0]` becomes where those of each key begin.
    for i in range(len(rows)):
        first[0, key[i] + 1] += 1
    for i in range(1, first.shape[1]):
        first[0, i] += first[0, i - 1]
        first[1, i] = first[0, i]
    for i in range(len(rows)):
        k, low = first[1, key[i]], first[0, key[i]]
        first[1, key[i]] += 1
        start, end = rows[i, _HEAD] >> _LENGTH, _end(rows, i, many)
        while k > low:
            before = order[k - 1]
            other = rows[before, _HEAD] >> _LENGTH
            if other < start or other == start and (_end(rows, before, many), rows[before, 0]) <= (end, rows[i, 0]):
                break
            order[k] = order[k - 1]
            k -= 1
        order[k] = i


@lean
def _arrange(rows: Keys, order: Indexes, many: Indexes, start: Ints, end: Ints, words: Keys, parts: Keys) -> None:
    for i in range(len(order)):
        row = order[i]
        start[i], end[i] = rows[row, _HEAD] >> _LENGTH, _end(rows, row, many)
        for k in range(words.shape[1]):
            words[i, k] = rows[row, 1 + k]
        for k in range(parts.shape[1]):
            parts[i, k] = rows[row, _HEAD + k]
