"""Find cue templates in a batch of posts: one walk over the characters for the words, then one over the words for the templates."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
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


def _compile(line: Line, parts: tuple[Part, ...], atoms: dict[str, int], slots: dict[tuple[str, ...], int]) -> _Template:
    # Numbers its atoms and slots where they are new.
    if max(part.gap for part in parts) >= STRIDE:
        raise KamenError(f"编码手册：句式“{line.text}”的间隔须小于 {STRIDE}")
    for choice in (choice for part in parts for choice in part.choices):
        atoms.setdefault(choice, len(atoms))
    numbers = tuple(slots.setdefault(part.choices, len(slots)) for part in parts)
    return _Template(line.key, numbers, tuple(p.gap for p in parts), tuple(p.opens for p in parts), line.within)


def _planned(templates: Sequence[_Template], words: Vocabulary) -> Plan:
    # The plan but for its bits.
    count = [len(one.slots) for one in templates]
    longest = np.maximum.reduceat(words.lengths[words.slots.flat], words.slots.first[:-1])
    slot, gap, opens = (np.array([number for one in templates for number in column(one)], np.int32) for column in (
        lambda one: one.slots, lambda one: one.gaps, lambda one: [_ANYWHERE if opens is None else opens for opens in one.opens]))
    first, template = np.append(0, np.cumsum(count)).astype(np.uint32), np.repeat(np.arange(len(count), dtype=np.uint32), count)
    return Plan(first, template, slot.astype(np.uint32), gap, opens, longest[slot].astype(np.int32), np.zeros((0, 0), np.uint8))


class Matcher:
    """All template lines of the codebook over one trie; an unknown word class raises when it is built."""

    def __init__(self, classes: dict[str, WordClass], lines: Iterable[Line]) -> None:
        atoms, slots = dict[str, int](), dict[tuple[str, ...], int]()
        templates = [_compile(line, parts, atoms, slots) for line in lines for parts in parse(line.text)]
        filled = [list(dict.fromkeys(atoms[choice] for choice in choices)) for choices in slots]
        self.vocabulary = Vocabulary(list(atoms), filled, classes)
        self._parts = _planned(templates, self.vocabulary)
        self._widths = dict[tuple[object, ...], int]()
        for one in templates:
            self._widths[one.key] = max(len(one.slots), self._widths.get(one.key, 0))
        number = {key: i for i, key in enumerate(self._widths)}
        self._key = np.array([number[one.key] for one in templates])
        self._last = np.diff(self._parts.first) - 1
        names, self._within = np.unique([one.within for one in templates], return_inverse=True)
        self._names: list[str] = names.tolist()

    @functools.cached_property
    def _plan(self) -> Plan:
        # Apart, since the bits are not worth keeping.
        return self._parts._replace(bits=self.vocabulary.bits)

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
        for number, name in enumerate(self._names):
            at = np.flatnonzero(within == number)
            kept[at] = end[at] <= texts.bounds(start[at], name)[1]
        at = np.flatnonzero(kept)
        key = self._key[template[at]]
        order = np.argsort(key << 32 | start[at], kind="stable")
        at, first = at[order], np.searchsorted(key[order], np.arange(len(self._widths) + 1)).tolist()
        start, end, parts = start[at], end[at], parts[at]
        rows = [(row, slice(a, b)) for row, a, b in zip(self._widths.items(), first, first[1:], strict=False) if a < b]
        return {key: Matches(start[here], end[here], parts[here, :width]) for (key, width), here in rows}
