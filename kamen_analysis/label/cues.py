"""Find cue templates in a batch of posts: one walk over the characters for the words, then each template over all places at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from kamen_analysis.codebook.models import WordClass
from kamen_analysis.codebook.template import Part, parse
from kamen_analysis.errors import KamenError
from kamen_analysis.label.text import STRIDE, Indexes, Ints, Texts, spread
from kamen_analysis.label.trie import LENGTH, Keys, ends
from kamen_analysis.label.words import Hits, Vocabulary

_MANY, _TIMES = 1000, 4  # Fewer places, or not so many times as many, are looked at all rather than searched for those in reach.


class Line(NamedTuple):
    """A template line to look for: whose it is, its text, and the stretch of text it must not cross."""

    key: tuple[object, ...]
    text: str
    within: str = "sentence"


class Matches(NamedTuple):
    """Where the templates of one key stand, ascending by start: (n,) starts and ends, and (n, parts) keys of their parts.

    Of a template with fewer parts than others of its key the first part is given again.
    """

    start: Ints
    end: Ints
    parts: Keys


Found = dict[tuple[object, ...], Matches]


class _Template(NamedTuple):
    key: tuple[object, ...]
    slots: tuple[int, ...]
    gaps: tuple[int, ...]
    opens: tuple[int | None, ...]
    within: str


class Matcher:
    """All template lines of the codebook over one trie; an unknown word class raises when it is built."""

    def __init__(self, classes: dict[str, WordClass], lines: Iterable[Line]) -> None:
        self._atom_ids, self._slot_ids, self._slots = dict[str, int](), dict[tuple[str, ...], int](), list[list[int]]()
        self.templates = [self._compile(line, parts) for line in lines for parts in parse(line.text)]
        self.vocabulary = Vocabulary(list(self._atom_ids), self._slots, classes)
        words = [[word for atom in slot for word in self.vocabulary.atoms[atom].words] for slot in self._slots]
        self._words, self._first = _flat(words)
        self._need, self._each = _flat(template.slots for template in self.templates)
        self._longest = np.maximum.reduceat(self.vocabulary.lengths[self._words], self._first).tolist()

    def _compile(self, line: Line, parts: tuple[Part, ...]) -> _Template:
        if max(part.gap for part in parts) >= STRIDE:
            raise KamenError(f"编码手册：句式“{line.text}”的间隔须小于 {STRIDE}")
        slots = tuple(self._slot(part.choices) for part in parts)
        return _Template(line.key, slots, tuple(p.gap for p in parts), tuple(p.opens for p in parts), line.within)

    def _slot(self, choices: tuple[str, ...]) -> int:
        if choices not in self._slot_ids:
            self._slot_ids[choices] = len(self._slots)
            self._slots.append(list(dict.fromkeys(self._atom_ids.setdefault(choice, len(self._atom_ids)) for choice in choices)))
        return self._slot_ids[choices]

    def words(self, texts: Texts) -> Hits:
        """Return the words of the codebook in a batch."""
        return Hits(self.vocabulary, texts)

    def scan(self, hits: Hits) -> Found:
        """Return the matches of all templates by key; keys without a match are left out."""
        counts = np.diff(hits.places.first)
        sizes = np.add.reduceat(counts[self._words], self._first)
        live = np.flatnonzero(np.minimum.reduceat(sizes[self._need], self._each))
        rows, wide = list[tuple[_Template, Keys]](), sizes.tolist()
        for template in map(self.templates.__getitem__, live.tolist()):
            if parts := _chain(template, hits, *([row[slot] for slot in template.slots] for row in (wide, self._longest))):
                rows.append((template, _columns(parts)))
        return _found(hits.texts, rows)


def _columns(parts: list[Keys]) -> Keys:
    matrix = np.empty((len(parts[0]), len(parts)), parts[0].dtype)
    for j, part in enumerate(parts):
        matrix[:, j] = part
    return matrix


def _found(texts: Texts, rows: list[tuple[_Template, Keys]]) -> Found:
    """Return the matches by key, without those that cross what they must not."""
    found: dict[tuple[object, ...], list[Keys]] = defaultdict(list)
    for within in sorted({template.within for template, _ in rows}):
        some = [(template.key, matrix) for template, matrix in rows if template.within == within]
        high = texts.bounds(np.concatenate([matrix[:, 0] for _, matrix in some]) >> LENGTH, within)[1]
        kept = ends(np.concatenate([matrix[:, -1] for _, matrix in some])) <= high
        first = 0
        for key, matrix in some:
            here = kept[first: (first := first + len(matrix))]
            found[key].append(matrix if here.all() else matrix[here])
    return {key: matches for key, each in found.items() if len((matches := _joined(each)).start)}


def _flat(rows: Iterable[Iterable[int]]) -> tuple[Indexes, Indexes]:
    # Rows of numbers one after the other, and where each begins; none is empty.
    lists = [list(row) for row in rows]
    return np.array([number for row in lists for number in row], np.intp), np.cumsum([0, *map(len, lists[:-1])])


def _joined(rows: list[Keys]) -> Matches:
    widest = max(row.shape[1] for row in rows)
    last = np.concatenate([ends(row[:, -1]) for row in rows])
    parts = np.concatenate([np.hstack([row, *[row[:, :1]] * (widest - row.shape[1])]) for row in rows])
    start = parts[:, 0] >> LENGTH
    if len(rows) == 1:
        return Matches(start, last, parts)
    order = np.argsort(start, kind="stable")
    return Matches(start[order], last[order], parts[order])


def _chain(template: _Template, hits: Hits, sizes: list[int], longest: list[int]) -> list[Keys] | None:
    """Return the parts of a template's matches, each from a different first part on with the nearest that leads to the end; None: no match.

    `sizes` and `longest` tell of each part how often it may occur, and its longest word.

    From the rarest part on: what it can reach, to the right; what leads to the end, back to it; what leads to it, to the left.
    """
    slots, gaps, opens, rare = template.slots, template.gaps, template.opens, sizes.index(min(sizes))
    rows, onward = {rare: hits.slot(slots[rare], opens[rare])}, dict[int, Indexes]()
    if 0 < rare < len(slots) - 1:
        rows[rare] = _led(rows[rare], hits.slot(slots[rare - 1], opens[rare - 1]), gaps[rare] + longest[rare - 1])
    for j in range(rare + 1, len(slots)):
        if not len(rows[j - 1]):
            return None
        row = hits.slot(slots[j], opens[j])
        rows[j] = _after(rows[j - 1], row, gaps[j]) if j < len(slots) - 1 else row  # The last is looked up from the one before anyway.
    for j in range(len(slots) - 2, -1, -1):
        if not len(rows[j + 1]):
            return None
        row = rows[j] if j >= rare else hits.slot(slots[j], opens[j])
        if j < rare and len(row) > max(_MANY, _TIMES * len(rows[j + 1])):
            row = _before(rows[j + 1], row, gaps[j + 1] + longest[j])
        rows[j], onward[j] = _linked(row, rows[j + 1], gaps[j + 1])
    if not len(rows[0]):
        return None
    parts, at = [rows[0]], None
    for j in range(len(slots) - 1):
        at = onward[j] if at is None else onward[j][at]
        parts.append(rows[j + 1][at])
    return parts


def _linked(row: Keys, following: Keys, gap: int) -> tuple[Keys, Indexes]:
    """Return those of `row` whose first of `following` is within the gap, and the indexes of that one."""
    end = ends(row) << LENGTH
    first = following.searchsorted(end)
    near = _within(following, first, end, gap + 1)
    return row[near], first[near]


def _within(places: Keys, first: Indexes, low: Keys, reach: int) -> Indexes:
    """Return which of `low` have a place less than `reach` behind; `first`: the index of the first place from each on."""
    if not len(places):
        return first[:0]
    found = places.take(first, mode="clip")  # Where there is none, the last place, which stands before.
    return ((found >= low) & (found < low + (reach << LENGTH))).nonzero()[0]


def _after(row: Keys, following: Keys, gap: int) -> Keys:
    end = ends(row) << LENGTH
    end.sort()
    first = following.searchsorted(end)
    near = _within(following, first, end, gap + 1)
    return following[_ranges(first[near], following.searchsorted(end[near] + (gap + 1 << LENGTH)))]


def _led(row: Keys, leading: Keys, reach: int) -> Keys:
    """Return those of `row` with one of `leading` within reach before."""
    low = (row >> LENGTH) - reach << LENGTH
    return row[_within(leading, leading.searchsorted(low), low, reach)]


def _before(row: Keys, leading: Keys, reach: int) -> Keys:
    start = row >> LENGTH << LENGTH
    return leading[_ranges(leading.searchsorted(start - (reach << LENGTH)), leading.searchsorted(start))]


def _ranges(low: Indexes, high: Indexes) -> Indexes:
    """Return every index from a `low` to its `high` once; both ascend."""
    low[1:] = np.maximum(low[1:], high[:-1])
    return spread(low, np.maximum(low, high))
