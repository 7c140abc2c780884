"""Find cue templates in a batch of posts: one walk over the characters for the words, then one over the words for the templates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from kamen_analysis.codebook.models import WordClass
from kamen_analysis.codebook.template import Part, parse
from kamen_analysis.errors import KamenError
from kamen_analysis.label import chains, tries
from kamen_analysis.label.chains import BACK, FIRST, KEY, LAST
from kamen_analysis.label.matches import Found, Key
from kamen_analysis.label.plan import Plan, Ranked, Room, Stretches, bit_sets
from kamen_analysis.label.rank import rank
from kamen_analysis.label.senses import KIND, ROW
from kamen_analysis.label.text import STRIDE, Bools, Cut, Indexes, Ints, Texts
from kamen_analysis.label.words import Hits, Vocabulary

_ANYWHERE = np.iinfo(np.int32).max
_NOWHERE = np.zeros(0, np.int32)
_WITHIN = ("clause", "sentence", "line", "text")  # The kinds of stretches, in the order `chains` numbers them.
_MORE = 8  # A batch with so many times more words is counted anew.
_TRIES, _MANY = 400, 60  # Room for so many tries and matches a post, twice what most batches have.


class Line(NamedTuple):
    """A template line: whose it is, its text, the kind of stretch it must not cross, and whether it is looked for only on demand."""

    key: Key
    text: str
    within: str = "sentence"
    only_asked: bool = False


class _Template(NamedTuple):
    key: Key
    slots: tuple[int, ...]
    gaps: tuple[int, ...]
    opens: tuple[int | None, ...]
    within: str
    only_asked: bool


def _compile(line: Line, parts: tuple[Part, ...], atoms: dict[str, int], slots: dict[tuple[str, ...], int]) -> _Template:
    # Enters atoms and slots that are new, with their numbers, into `atoms` and `slots`.
    if max(part.gap for part in parts) >= STRIDE:
        raise KamenError(f"编码手册：句式“{line.text}”的间隔须小于 {STRIDE}")
    for choice in (choice for part in parts for choice in part.choices):
        atoms.setdefault(choice, len(atoms))
    numbers = tuple(slots.setdefault(part.choices, len(slots)) for part in parts)
    return _Template(line.key, numbers, tuple(p.gap for p in parts), tuple(p.opens for p in parts), *line[2:])


def _planned(templates: Sequence[_Template], key: Sequence[int], words: Vocabulary) -> Plan:
    # The plan without its bits; `key`: the number of each template's key.
    count = [len(one.slots) for one in templates]
    longest = np.maximum.reduceat(words.lengths[words.slots.flat], words.slots.first[:-1])
    slot, gap, opens = (np.array([number for one in templates for number in column(one)], np.int32) for column in (
        lambda one: one.slots, lambda one: one.gaps, lambda one: [_ANYWHERE if opens is None else opens for opens in one.opens]))
    last, template = np.cumsum(count), np.repeat(np.arange(len(count)), count)
    # `far`: where each part begins at the farthest, if all words before it are the longest and all gaps the widest.
    far, within = np.cumsum(np.append(0, longest[slot][:-1]) + gap), np.array([_WITHIN.index(one.within) for one in templates])
    of = np.stack([last - count, last, within])[:, template]  # What each part tells of its template.
    parts = np.stack([template, slot, gap, opens, far - far[of[0]], *of], axis=1).astype(np.int32)
    span = parts[last - 1, BACK] + longest[slot[last - 1]]
    return Plan(np.stack([last - count, last, key, span], axis=1).astype(np.int32), parts, np.zeros((0, 0), np.uint64))


class Matcher:
    """Finds all template lines of the codebook, with one trie for their words; building it with an unknown word class raises KamenError."""

    def __init__(self, classes: dict[str, WordClass], lines: Iterable[Line]) -> None:
        every, atoms, slots = list(lines), dict[str, int](), dict[tuple[str, ...], int]()
        self._numbers = {key: i for i, key in enumerate(dict.fromkeys(line.key for line in every))}
        read = sorted(((line, parts) for line in every for parts in parse(line.text)), key=lambda one: self._numbers[one[0].key])
        # Slots of lines looked for on demand come first: of these it is remembered which each sentence can fill (`Hits.signs`).
        slots.update((choices, i) for i, choices in enumerate(dict.fromkeys(
            part.choices for line, parts in read if line.only_asked for part in parts)))
        self._on_demand = len(slots)
        templates = [_compile(*one, atoms, slots) for one in read]
        filled = [list(dict.fromkeys(atoms[choice] for choice in choices)) for choices in slots]
        self.vocabulary = Vocabulary(list(atoms), filled, classes)
        key = [self._numbers[one.key] for one in templates]
        self._plan = _planned(templates, key, self.vocabulary)
        self._first_template = np.searchsorted(key, np.arange(len(self._numbers) + 2)).astype(np.int32)
        self._eager = np.array([not one.only_asked for one in templates], np.bool_)
        self._longest = max(len(one.slots) for one in templates)
        self._counted = 0
        self._ranked: Ranked | None = None

    def words(self, texts: Texts) -> Hits:
        """Return the words of the codebook in a batch."""
        return Hits(self.vocabulary, texts)

    def scan(self, hits: Hits) -> Found:
        """Return the matches of all templates but those looked for only on demand."""
        (hits.plan, asked, row, bits, within), stretches = self._rank(hits), _stretches(hits.texts)
        np.take(row, hits.table[KIND], out=hits.table[ROW], mode="clip")
        around = bits.shape[1] * 64 - within
        hits.signs, near = bit_sets(len(hits.texts.sentences.starts), self._on_demand), bit_sets(3, around)
        here = bit_sets(1, within + 2 * around)[0]
        tried = _filled(len(hits.texts) * _TRIES, tries.WIDTH, lambda out: tries.tries(
            hits.table, bits, asked, stretches, hits.signs, near, here, out))
        found = _filled(len(hits.texts) * _MANY, chains.HEAD + self._longest, lambda out: chains.chains(
            hits.table, hits.plan, tried, stretches, self._room(stretches.first), out))
        template = hits.plan.templates[found[:, 0]]
        return Found(self._numbers, hits.table, found, template[:, KEY], template[:, LAST] - template[:, FIRST])

    def _rank(self, hits: Hits) -> Ranked:
        # Counts how common the kinds are, and again when a batch has far more words than the one that was counted.
        if self._ranked is None or hits.table.shape[1] > self._counted * _MORE:
            self._counted = hits.table.shape[1]
            self._ranked = rank(self._plan, self.vocabulary, hits.table[KIND], self._eager, self._on_demand)
        return self._ranked

    def numbers(self, keys: Iterable[Key]) -> Indexes:
        """Return the number of each key; a key that no line has gets the number after the last."""
        return np.array([self._numbers.get(key, len(self._numbers)) for key in keys], np.intp)

    def touched(self, hits: Hits, number: Indexes, cues: Ints, bounds: Ints) -> Bools:
        """Return for each stretch of text whether a match of the key `number` touches it; `cues`, `bounds`: see `chains.touched`.

        The batch must have been scanned, and the keys be those of lines looked for on demand.
        """
        out = np.zeros(len(number), np.bool_)
        chains.touched(hits.table, hits.plan, np.stack([self._first_template[number], self._first_template[number + 1]]), cues, bounds,
                       hits.signs, self._room(_NOWHERE), out)
        return out

    def _room(self, here: Ints) -> Room:
        return Room(way=np.empty(self._longest, np.int64), vain=np.full((self._longest, chains.NEAR), -1, np.int64),
                    begun=np.zeros(len(self._plan.templates), np.int64), here=here.astype(np.int64))


def _stretches(texts: Texts) -> Stretches:
    cuts = [texts.clauses, texts.sentences, texts.lines, Cut(texts.start, texts.end)]
    first = np.cumsum([0, *(len(cut.starts) for cut in cuts)]).astype(np.int32)
    return Stretches(first, np.stack([np.concatenate(columns) for columns in zip(*cuts, strict=True)]))


def _filled(room: int, width: int, fill: Callable[[Ints], int]) -> Ints:
    # The rows that `fill` puts into an array, returning how many there are; it is called again if there was room for fewer.
    out = np.empty((room, width), np.int32)
    if (many := fill(out)) > room:
        out = np.empty((many, width), np.int32)
        fill(out)
    return out[:many]
