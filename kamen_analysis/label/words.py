"""The words of the codebook in a batch of posts: one walk over the characters, then put together by what may fill a part of a template."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.codebook.models import WordClass
from kamen_analysis.codebook.template import words_of
from kamen_analysis.label.text import Bools, Ints, Texts, distinct
from kamen_analysis.label.trie import LENGTH, Keys, Trie, ends, together
from kamen_analysis.zh import fold


class Atom(NamedTuple):
    """A word or a word class: the numbers of its words, and of the longer words inside which they do not count; a class has a name."""

    name: str
    words: tuple[int, ...]
    vetoes: tuple[int, ...]


class Vocabulary:
    """The atoms of the codebook, the slots they fill (each a row of numbers of atoms), and the trie of all their words."""

    def __init__(self, choices: Sequence[str], slots: list[list[int]], classes: dict[str, WordClass]) -> None:
        numbers: dict[str, int] = {}
        self.atoms, self.slots = [_atom(choice, classes, numbers) for choice in choices], slots
        # Of each slot the words that count wherever they stand, and its other atoms.
        self.plain = [[word for atom in slot if not self.atoms[atom].name for word in self.atoms[atom].words] for slot in slots]
        self.classed = [[atom for atom in slot if self.atoms[atom].name] for slot in slots]
        self.named = sorted((atom.name, number) for number, atom in enumerate(self.atoms) if atom.name)
        self.trie, self.lengths = Trie(list(numbers)), np.array([len(word) for word in numbers])


def _atom(choice: str, classes: dict[str, WordClass], numbers: dict[str, int]) -> Atom:
    name = choice[1:-1] if choice[0] == "{" else ""
    words = words_of(name, classes) if name else {fold(choice)}
    vetoes = {fold(word) for word in classes[name].not_in} if name else set()
    return Atom(name, *(tuple(numbers.setdefault(word, len(numbers)) for word in sorted(some)) for some in (words, vetoes)))


class Hits:
    """The words found in a batch, by slot (what may fill a part of a template), put together when a template first asks."""

    def __init__(self, vocabulary: Vocabulary, texts: Texts) -> None:
        self.vocabulary, self.texts, self.places = vocabulary, texts, vocabulary.trie.find(texts)
        self._atoms, self._slots = dict[int, Keys](), dict[tuple[int, int | None], Keys]()

    def atom(self, number: int) -> Keys:
        """Return the places of a word or word class, without those that touch a longer word that is another one."""
        keys = self._atoms.get(number)
        if keys is None:
            atom = self.vocabulary.atoms[number]
            keys = self.places.of(atom.words)
            if atom.vetoes and len(keys) and len(vetoes := self.places.of(atom.vetoes)):
                keys = keys[~_clash(keys, vetoes)]
            self._atoms[number] = keys
        return keys

    def slot(self, number: int, opens: int | None = None) -> Keys:
        """Return the places that may fill a slot, ascending; those that stand near a clause's start only, when it must open one."""
        keys = self._slots.get((number, opens))
        if keys is None:
            rows = self.places.rows(self.vocabulary.plain[number])
            rows += [keys for atom in self.vocabulary.classed[number] if len(keys := self.atom(atom))]
            keys = together(rows) if rows else self.places.none
            if opens is not None:
                start = keys >> LENGTH
                keys = keys[start - self.texts.bounds(start, "clause")[0] <= opens]
            self._slots[number, opens] = keys
        return keys

    def classes(self) -> tuple[Ints, Ints]:
        """Return the places of the word classes and their numbers (in the order of their names), in text order, each once."""
        rows = [self.atom(atom) for _, atom in self.vocabulary.named]
        bits = len(rows).bit_length()
        small = int(self.texts.end[-1]) < 1 << 32 - bits  # Half as wide is sorted twice as fast.
        start: npt.NDArray[Any] = (np.concatenate(rows) >> LENGTH).astype(np.uint32 if small else np.uint64)
        both = distinct(start << bits | np.repeat(np.arange(len(rows), dtype=start.dtype), [len(row) for row in rows]))
        return (both >> bits).astype(np.int32), (both & (1 << bits) - 1).astype(np.int32)


def _clash(keys: Keys, longer: Keys) -> Bools:
    # 没用过 undoes 用过 and 用过了; 没人接听 keeps its own 没人.
    start, end = keys >> LENGTH, ends(keys)
    reach = np.concatenate([[-1], np.maximum.accumulate(ends(longer))])
    left, inside = (reach[np.searchsorted(longer, place << LENGTH)] for place in (start, end))
    same = longer[np.minimum(np.searchsorted(longer, keys), len(longer) - 1)] == keys
    clash: Bools = (left > start) | (inside > end) | same
    return clash
