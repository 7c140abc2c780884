"""All places of many words in one array of characters: a trie walked by all places at once, level by level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kamen_analysis.label.text import STRIDE, Texts

LENGTH = 6  # Bits that hold the length of a word behind its place: sorted keys are sorted by place, then by end.
_LENGTHS = (1 << LENGTH) - 1
_MULTIPLIER = np.uint32(2654435769)  # Knuth's multiplicative hashing.
_ROOMY = 3  # Bits the table of edges is larger than their number.
Keys = npt.NDArray[np.int64]


def ends(keys: Keys) -> Keys:
    """Return where the words of `keys` end."""
    return (keys >> LENGTH) + (keys & _LENGTHS)


def together(rows: list[Keys]) -> Keys:
    """Return one or more rows of keys as one, ascending."""
    if len(rows) == 1:
        return rows[0]
    keys = np.concatenate(rows)
    keys.sort()
    return keys


class Trie:
    """A set of words (folded, none empty, none of 64 characters or more), numbered as given."""

    def __init__(self, words: Sequence[str]) -> None:
        alphabet = {c: i for i, c in enumerate(sorted(set("".join(words))), start=1)}
        self._width, self._count = len(alphabet) + 1, len(words)
        self._dense = np.zeros(max(map(ord, alphabet), default=0) + 2, np.uint16)
        self._dense[[ord(c) for c in alphabet]] = list(alphabet.values())
        self._single, self._pairs = np.zeros(self._width, np.uint16), np.zeros(self._width**2, np.uint16)
        self._length = np.array([0, *map(len, words)], np.int64)
        edges: dict[int, int] = {}
        word_of, deeper = [0], [False]
        for number, word in enumerate(words, start=1):
            self._add([alphabet[c] for c in word], number, edges, word_of, deeper)
        self._word_of, self._deeper = np.array(word_of, np.uint16), np.array(deeper)
        self._hash(edges)

    def _add(self, codes: list[int], number: int, edges: dict[int, int], word_of: list[int], deeper: list[bool]) -> None:
        # States stand for what two characters or more have spelt; 0 is no state.
        if len(codes) == 1:
            self._single[codes[0]] = number
            return
        state, pair = 0, codes[0] * self._width + codes[1]
        for depth in range(1, len(codes)):
            known = int(self._pairs[pair]) if depth == 1 else edges.get(state * self._width + codes[depth], 0)
            if not known:
                known = len(word_of)
                word_of.append(0)
                deeper.append(False)
                if depth == 1:
                    self._pairs[pair] = known
                else:
                    edges[state * self._width + codes[depth]] = known
            if depth > 1:
                deeper[state] = True
            state = known
        word_of[state] = number

    def _hash(self, edges: dict[int, int]) -> None:
        bits = max(len(edges), 2).bit_length() + _ROOMY
        self._shift, self._mask = np.uint32(32 - bits), np.uint32((1 << bits) - 1)
        self._keys, self._states = np.zeros(1 << bits, np.uint32), np.zeros(1 << bits, np.uint16)
        for key, state in edges.items():
            slot = (key * int(_MULTIPLIER) & 0xFFFFFFFF) >> int(self._shift)
            while self._keys[slot]:
                slot = slot + 1 & int(self._mask)
            self._keys[slot], self._states[slot] = key, state

    def _step(self, key: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint16]:
        slot = key * _MULTIPLIER >> self._shift
        there = self._keys[slot]
        state = np.where(there == key, self._states[slot], np.uint16(0))
        seeking = np.flatnonzero((there != key) & (there != 0))
        while len(seeking):
            slot = slot + np.uint32(1) & self._mask if len(slot) == len(seeking) else slot[seeking] + np.uint32(1) & self._mask
            there = self._keys[slot]
            same = there == key[seeking]
            state[seeking[same]] = self._states[slot[same]]
            on = ~same & (there != 0)
            seeking, slot = seeking[on], slot[on]
        return state

    def find(self, texts: Texts) -> Places:
        """Return every place of every word in a batch."""
        codes = self._dense.take(texts.codes, mode="clip")
        at = np.flatnonzero((single := self._single.take(codes)) != 0)  # Compared first: of truths they are found ten times faster.
        found = [(single[at], at)]
        pair = codes[:-1].astype(np.uint32) * np.uint32(self._width) + codes[1:]
        at = np.flatnonzero((state := self._pairs.take(pair)) != 0)
        state, depth = state[at], 2
        while len(at):
            said = self._word_of[state]
            whole = np.flatnonzero(said != 0)
            found.append((said[whole], at[whole]))
            on = np.flatnonzero(self._deeper[state])
            state, at = state[on], at[on]
            state = self._step(state.astype(np.uint32) * np.uint32(self._width) + codes[at + depth])
            on, depth = np.flatnonzero(state != 0), depth + 1
            state, at = state[on], at[on]
        return self._places(texts, *(np.concatenate(columns) for columns in zip(*found, strict=True)))

    def _places(self, texts: Texts, words: npt.NDArray[np.uint16], at: npt.NDArray[np.intp]) -> Places:
        dtype = np.int32 if texts.end[-1] + 2 * STRIDE < 1 << 31 - LENGTH else np.int64
        keys: Keys = (texts.at[at].astype(dtype) << np.array(LENGTH, dtype)) + self._length.astype(dtype)[words]
        many = np.bincount(words, minlength=self._count + 1)  # Of no word, numbered 0, there is none.
        return Places(keys[np.argsort(words, kind="stable")], np.cumsum(many).tolist())


class Places:
    """Where the words of a trie stand: `keys` word by word, each word's from `first[word]` to `first[word + 1]`, ascending."""

    def __init__(self, keys: Keys, first: list[int]) -> None:
        self.keys, self.first, self.none = keys, first, keys[:0]

    def rows(self, words: Sequence[int]) -> list[Keys]:
        """Return the sorted keys of each of several words that was found."""
        first, keys = self.first, self.keys
        return [keys[first[w]: first[w + 1]] for w in words if first[w] < first[w + 1]]

    def of(self, words: Sequence[int]) -> Keys:
        """Return the sorted keys of several different words together."""
        rows = self.rows(words)
        return together(rows) if rows else self.none



