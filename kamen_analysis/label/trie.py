"""Find every occurrence of many words in an array of characters: a trie, walked from each character in turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.errors import KamenError
from kamen_analysis.kernels import compiled
from kamen_analysis.label.senses import Numbers
from kamen_analysis.label.text import Bools, Ints, Texts

LENGTH = 6  # The key of an occurrence is its place and, in this many low bits, its length: sorted keys go by place, then by end.
_LENGTHS = (1 << LENGTH) - 1
_MULTIPLIER = 2654435769  # Knuth's multiplicative hashing.
_STATE = 20  # A row of the edge table holds the edge and, in this many low bits, the state it leads to.
_MANY = 2  # Room for so many words a character, enough for most texts.
_ROOMY = 2  # The edge table is larger than the number of edges by at least this power of two.
Keys = npt.NDArray[np.int64]


def ends(keys: Keys) -> Keys:
    """Return the place where the word of each key ends."""
    return (keys >> LENGTH) + (keys & _LENGTHS)


class Spelt(NamedTuple):
    """The words found, in text order, shorter ones first where several begin: their numbers, and the indexes where they begin."""

    word: Numbers
    at: Numbers


class Trie:
    """A set of words (folded, none empty), numbered as given; KamenError if one is of 64 characters or more.

    A state is the prefix read so far: 0 is none, and the number of a character in the alphabet (from 1 on) is that character alone.
    """

    def __init__(self, words: Sequence[str]) -> None:
        alphabet = {c: i for i, c in enumerate(sorted(set("".join(words))), start=1)}
        self.lengths = np.fromiter(map(len, words), np.int64, len(words))
        if self.lengths.max(initial=0) > _LENGTHS:
            raise KamenError(f"线索词太长（至多 {_LENGTHS} 字）：{max(words, key=len)[:20]}……")
        self._dense = np.zeros(max(map(ord, alphabet), default=0) + 2, np.uint16)
        self._dense[[ord(c) for c in alphabet]] = list(alphabet.values())
        self._width = width = len(alphabet) + 1
        edges, word_at = dict[int, int](), [-1] * width
        for number, word in enumerate(words):
            state = alphabet[word[0]]
            for c in word[1:]:
                if (known := edges.setdefault(state * width + alphabet[c], len(word_at))) == len(word_at):
                    word_at.append(-1)
                state = known
            word_at[state] = number
        # Of each state: the word that ends there, or -1, and whether an edge leads on.
        self._word_at, self._leads_on = np.array(word_at, np.int32), np.zeros(len(word_at), np.bool_)
        self._leads_on[[edge // width for edge in edges]] = True
        self._edges = _hashed(edges)

    def walk(self, texts: Texts) -> Spelt:
        """Return every occurrence of every word in a batch."""
        letters, room = self._dense.take(texts.codes, mode="clip"), _MANY * len(texts.codes)
        out = np.empty((2, room), np.uint32)
        many = _walk(letters, self._word_at, self._leads_on, self._edges, self._width, out)
        if many > room:
            out = np.empty((2, many), np.uint32)
            _walk(letters, self._word_at, self._leads_on, self._edges, self._width, out)
        return Spelt(*out[:, :many])


def _hashed(edges: dict[int, int]) -> Keys:
    # A hash table of the edges with linear probing; a row of 0 is free.
    rows = 1 << max(len(edges), 2).bit_length() + _ROOMY
    table = [0] * rows
    for edge, state in edges.items():
        row = (edge * _MULTIPLIER & 0xFFFFFFFF) * rows >> 32
        while table[row]:
            row = row + 1 & rows - 1
        table[row] = edge << _STATE | state
    return np.array(table, np.int64)


@compiled
def _next(edges: Keys, edge: int) -> int:
    row = (edge * _MULTIPLIER & 0xFFFFFFFF) * len(edges) >> 32
    while edges[row] and edges[row] >> _STATE != edge:
        row = row + 1 & len(edges) - 1
    return int(edges[row] & (1 << _STATE) - 1)


@compiled
def _walk(letters: npt.NDArray[np.uint16], word_at: Ints, leads_on: Bools, edges: Keys, width: int, out: Numbers) -> int:
    # Fills `out` with word and index, as far as there is room, and returns how many words there are in all.
    n = 0
    for first in range(len(letters)):
        state, at = int(letters[first]), first
        while state:
            if word_at[state] >= 0:
                if n < out.shape[1]:
                    out[0, n], out[1, n] = word_at[state], first
                n += 1
            at += 1
            state = _next(edges, state * width + letters[at]) if leads_on[state] and at < len(letters) and letters[at] else 0
    return n
