"""The words of the codebook found in a batch of posts, each with its sense: the word classes and template slots it fills there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.codebook.models import WordClass
from kamen_analysis.codebook.template import words_of
from kamen_analysis.errors import KamenError
from kamen_analysis.label import senses
from kamen_analysis.label.plan import Bits, Plan, bit_sets
from kamen_analysis.label.senses import Rows, rows
from kamen_analysis.label.text import Bools, Indexes, Ints, Texts, distinct, spread
from kamen_analysis.label.trie import Trie
from kamen_analysis.zh import fold

_BARRING = 12  # A word may be in so many classes with `not_in` words: it has a sense for every subset of them.


class Atom(NamedTuple):
    """A word class, or a single word (which has no name): the numbers of its words, and of the longer words that bar them (`not_in`)."""

    name: str
    words: tuple[int, ...]
    vetoes: tuple[int, ...]


class Vocabulary:
    """The words of the codebook: a trie that finds them, their senses, and the slots and word classes these fill.

    A slot is a set of atoms, any of which fills a part of a template. Where a word stands, longer words may bar it from some of its
    classes; it has a sense for each subset of them, numbered `base[word]` plus a bit for each class in its row of `barring`. Senses that
    count for the same atoms are of one kind. `kinds`: the kind of each sense; `vetoing`: the classes each word bars others from; `slots`:
    the kinds that fill each slot; `classes`: the named classes of each kind, numbered in the order of their names, and behind them further
    unions of classes; `unions`: for each word the row of all classes it and the words it begins with have where nothing bars them;
    `spans`, `lengths`: the length of each word, and of the longest word of each kind.
    """

    def __init__(self, choices: Sequence[str], slots: list[list[int]], classes: dict[str, WordClass]) -> None:
        numbers: dict[str, int] = {}
        atoms = [_atom(choice, classes, numbers) for choice in choices]
        self.trie, self.named = Trie(list(numbers)), sorted((atom.name, number) for number, atom in enumerate(atoms) if atom.name)
        atom, word = _pairs(one.words for one in atoms)
        touchy = np.array([bool(one.vetoes) for one in atoms])[atom]
        self.barring = rows(word[touchy], atom[touchy], len(numbers))
        if (many := np.diff(self.barring.first)).max(initial=0) > _BARRING:
            raise KamenError(f"编码手册：“{list(numbers)[many.argmax()]}”所在的带 not_in 的词类超过 {_BARRING} 个")
        self.vetoing = rows(*_pairs(one.vetoes for one in atoms)[::-1], len(numbers))
        self.base = np.append(0, np.cumsum(1 << many)).astype(np.uint32)
        self.spans = self.trie.lengths.astype(np.int32)
        atom, sense = self._senses(atom, word, touchy)
        self.kinds = _alike(rows(sense, atom, int(self.base[-1])))
        self.lengths = np.zeros(self.kinds.max() + 1, np.int64)
        np.maximum.at(self.lengths, self.kinds, np.repeat(self.trie.lengths, np.diff(self.base)))
        of = _distinct_rows(atom, self.kinds[sense], len(atoms))
        slot, atom = _pairs(slots)
        low, high = of.first[atom], of.first[atom + 1]
        self.slots = _distinct_rows(np.repeat(slot, high - low), of.flat[spread(low, high)], len(slots))
        names = np.array([number for _, number in self.named], np.intp)
        named = np.repeat(np.arange(len(names)), np.diff(of.first)[names])
        of_kind = rows(of.flat[spread(of.first[names], of.first[names + 1])], named, len(self.lengths))
        self.classes, self.unions = _united(list(numbers), self.kinds[self.base[:-1]], of_kind)

    def _senses(self, atom: Indexes, word: Indexes, touchy: Bools) -> tuple[Indexes, Indexes]:
        """Return the pairs (atom, sense) where the sense counts for the atom, given all pairs (atom, word); `touchy`: it has vetoes."""
        at = np.flatnonzero(touchy)[np.argsort(word[touchy], kind="stable")]
        bit = np.full(len(word), 31)  # A bit no sense has: nothing bars the word from the atom.
        bit[at] = np.arange(len(at)) - self.barring.first[word[at]]
        low, high = self.base[word], self.base[word + 1]
        atom, bit, first = (np.repeat(column, high - low) for column in (atom, bit, low))
        sense = spread(low, high)
        counts = (sense - first) >> bit & 1 == 0
        return atom[counts], sense[counts]

    def bits(self, row: Ints) -> Bits:
        """Return `slots` as bit sets, much larger: of each slot the kinds that fill it; `row`: the number each kind gets."""
        slot = np.repeat(np.arange(len(self.slots.first) - 1), np.diff(self.slots.first))
        return _bits(slot, row[self.slots.flat], len(self.slots.first) - 1, len(row))

    def fills(self, row: Ints, slots: Indexes) -> Bits:
        """Return as bit sets which of some slots, given in the order of the bits (-1: none), each kind fills; `row` as above."""
        bit = np.flatnonzero(slots >= 0)
        low, high = self.slots.first[slots[bit]], self.slots.first[slots[bit] + 1]
        return _bits(row[self.slots.flat[spread(low, high)]], np.repeat(bit, high - low), len(row), len(slots))


def _bits(row: npt.NDArray[np.integer], bit: npt.NDArray[np.integer], rows: int, bits: int) -> Bits:
    out = bit_sets(rows, bits)
    np.bitwise_or.at(out, (row, bit >> 6), np.uint64(1) << (bit & 63).astype(np.uint64))
    return out


def _alike(of: Rows) -> Ints:
    # The number of each row among the different ones.
    known = dict[bytes, int]()
    return np.array([known.setdefault(of.flat[low:high].tobytes(), len(known)) for low, high in pairwise(of.first.tolist())], np.int32)


def _distinct_rows(key: Indexes, value: npt.NDArray[np.integer], count: int) -> Rows:
    # As `rows`, but each value once in a row.
    both = distinct(key << 32 | value.astype(np.int64))
    return rows(both >> 32, both & (1 << 32) - 1, count)


def _united(words: Sequence[str], kinds: Ints, classes: Rows) -> tuple[Rows, Ints]:
    # `classes` with rows added for `Vocabulary.unions`, and these; `kinds`: of the words, whose classes are the rows of their kinds.
    every = [tuple(classes.flat[low:high].tolist()) for low, high in pairwise(classes.first.tolist())]
    known, united = {row: number for number, row in enumerate(every)}, dict[str, int]()
    for word, kind in sorted(zip(words, kinds.tolist(), strict=True)):
        begun = next((united[word[:size]] for size in range(len(word) - 1, 0, -1) if word[:size] in united), kind)
        union = tuple(sorted({*every[begun], *every[kind]}))
        if union not in known:
            known[union] = len(every)
            every.append(union)
        united[word] = known[union]
    return rows(*_pairs(every), len(every)), np.array([united[word] for word in words], np.int32)


def _pairs(lists: Iterable[Sequence[int]]) -> tuple[Indexes, Indexes]:
    # Of all lists the pairs (number of the list, member).
    every = list(lists)
    return (np.repeat(np.arange(len(every)), [len(one) for one in every]),
            np.array([number for one in every for number in one], np.intp))


def _atom(choice: str, classes: dict[str, WordClass], numbers: dict[str, int]) -> Atom:
    name = choice[1:-1] if choice[0] == "{" else ""
    words = words_of(name, classes) if name else {fold(choice)}
    vetoes = {fold(word) for word in classes[name].not_in} if name else set()
    return Atom(name, *(tuple(numbers.setdefault(word, len(numbers)) for word in sorted(some)) for some in (words, vetoes)))


class Hits:
    """The words found in a batch (`table`: its rows are named in `senses`).

    `Matcher.scan` adds its plan, and the slots filled by words of each sentence, of those that lines looked for on demand have.
    """

    plan: Plan
    signs: Bits

    def __init__(self, vocabulary: Vocabulary, texts: Texts) -> None:
        self.vocabulary, self.texts = vocabulary, texts
        word, at = vocabulary.trie.walk(texts)
        self.table = np.empty((8, len(at)), np.int32)
        senses.placed(at, word, vocabulary.spans, texts.at, texts.clauses.starts, self.table)
        senses.barred(word, self.table, int(vocabulary.spans.max()), vocabulary.vetoing, vocabulary.barring, vocabulary.base,
                      vocabulary.kinds, vocabulary.unions)
