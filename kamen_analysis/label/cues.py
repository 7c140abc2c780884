"""Find cue templates in a batch of posts: one walk over the characters for the words, then one over the words for the templates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from kamen_analysis.codebook.models import WordClass
from kamen_analysis.codebook.template import Part, parse
from kamen_analysis.errors import KamenError
from kamen_analysis.label import chains
from kamen_analysis.label.chains import Plan, Table
from kamen_analysis.label.senses import rows
from kamen_analysis.label.text import STRIDE, Ints, Texts, spread
from kamen_analysis.label.trie import LENGTH, Keys, ends
from kamen_analysis.label.words import Hits, Vocabulary

_ANYWHERE = np.iinfo(np.int32).max
_MANY = 100  # Matches a post, twice as many as in most.


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
        self._plan = self._planned()
        self._widths = dict[tuple[object, ...], int]()
        for one in self.templates:
            self._widths[one.key] = max(len(one.slots), self._widths.get(one.key, 0))
        number = {key: i for i, key in enumerate(self._widths)}
        self._key = np.array([number[one.key] for one in self.templates])
        self._last = np.diff(self._plan.first) - 1
        self._names, self._within = np.unique([one.within for one in self.templates], return_inverse=True)

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

    def _planned(self) -> Plan:
        count, words = [len(one.slots) for one in self.templates], self.vocabulary
        longest = np.maximum.reduceat(words.lengths[words.slots.flat], words.slots.first[:-1])
        slot, gap, opens = (np.array([number for one in self.templates for number in column(one)], np.int32) for column in (
            lambda one: one.slots, lambda one: one.gaps, lambda one: [_ANYWHERE if opens is None else opens for opens in one.opens]))
        first, template = np.append(0, np.cumsum(count)).astype(np.uint32), np.repeat(np.arange(len(count), dtype=np.uint32), count)
        return Plan(first, template, slot.astype(np.uint32), gap, opens, longest[slot].astype(np.int32), words.bits)

    def words(self, texts: Texts) -> Hits:
        """Return the words of the codebook in a batch."""
        return Hits(self.vocabulary, texts)

    def scan(self, hits: Hits) -> Found:
        """Return the matches of all templates by key; keys without a match are left out."""
        candidates, plan, room = self._candidates(hits), self._plan, _MANY * len(hits.texts)
        out = np.empty((room, 1 + int(np.diff(plan.first).max())), np.int64)
        many = chains.chains(hits.words, plan, candidates, out)
        if many > room:
            out = np.empty((many, out.shape[1]), np.int64)
            chains.chains(hits.words, plan, candidates, out)
        return self._found(hits.texts, out[:many])

    def _candidates(self, hits: Hits) -> Table:
        """Return what may be the rarest part of a template: the part, and the word."""
        plan, slots, count = self._plan, self.vocabulary.slots, np.bincount(hits.words.sense, minlength=len(self.vocabulary.lengths))
        size = np.add.reduceat(count[slots.flat], slots.first[:-1])[plan.slot]
        best = np.minimum.reduceat(size * len(size) + np.arange(len(size)), plan.first[:-1])
        part = best[best >= len(size)] % len(size)
        slot = plan.slot[part]
        sense = slots.flat[spread(slots.first[slot], slots.first[slot + 1])]
        is_there = count[sense] > 0
        asked = rows(sense[is_there], np.repeat(part, np.diff(slots.first)[slot])[is_there], len(count))
        out = np.empty((2, int(size[part].sum())), np.uint32)
        many = chains.candidates(hits.words, plan, asked, out)
        return out.take(np.argsort(out[0, :many].astype(np.min_scalar_type(len(plan.slot))), kind="stable"), axis=1)

    def _found(self, texts: Texts, matches: Keys) -> Found:
        """Return the matches by key, without those that cross what they must not."""
        template, parts = matches[:, 0], matches[:, 1:]
        start, end = (parts[:, 0] >> LENGTH).astype(np.int32), ends(parts[np.arange(len(parts)), self._last[template]]).astype(np.int32)
        kept, within = np.zeros(len(parts), np.bool_), self._within[template]
        for number, name in enumerate(self._names.tolist()):
            at = np.flatnonzero(within == number)
            kept[at] = end[at] <= texts.bounds(start[at], name)[1]
        at = np.flatnonzero(kept)
        key = self._key[template[at]]
        order = np.argsort(key << 32 | start[at], kind="stable")
        at, first = at[order], np.searchsorted(key[order], np.arange(len(self._widths) + 1)).tolist()
        start, end, parts = start[at], end[at], parts[at]
        rows = [(row, slice(a, b)) for row, a, b in zip(self._widths.items(), first, first[1:], strict=False) if a < b]
        return {key: Matches(start[here], end[here], parts[here, :width]) for (key, width), here in rows}
