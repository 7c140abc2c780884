"""All places of many words in one array of characters: a trie walked from every character on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.label.kernels import compiled
from kamen_analysis.label.senses import Numbers
from kamen_analysis.label.text import Bools, Ints, Texts

LENGTH = 6  # Bits that hold the length of a word behind its place: sorted keys are sorted by place, then by end.
_LENGTHS = (1 << LENGTH) - 1
_MULTIPLIER = 2654435769  # Knuth's multiplicative hashing.
_STATE = 20  # Bits that hold the state an edge leads to, behind the edge.
_MANY = 2  # Words a character, as many as there are in most texts.
_ROOMY = 2  # Bits the table of edges is larger than their number.
Keys = npt.NDArray[np.int64]


def ends(keys: Keys) -> Keys:
    """Return where the words of `keys` end."""
    return (keys >> LENGTH) + (keys & _LENGTHS)


class Spelt(NamedTuple):
    """Words in the order of the text, the shorter first where several begin: the number of each, and the index where it begins."""

    word: Numbers
    at: Numbers


class Trie:
    """A set of words (folded, none empty, none of 64 characters or more), numbered as given.

    A state stands for what one character or more have spelt: the characters' own numbers, from 1 on, are the states of one character.
    """

    def __init__(self, words: Sequence[str]) -> None:
        alphabet = {c: i for i, c in enumerate(sorted(set("".join(words))), start=1)}
        self.lengths = np.fromiter(map(len, words), np.int64, len(words))
        self._dense = np.zeros(max(map(ord, alphabet), default=0) + 2, np.uint16)
        self._dense[[ord(c) for c in alphabet]] = list(alphabet.values())
        self._width = width = len(alphabet) + 1
        edges, said = dict[int, int](), [-1] * width
        for number, word in enumerate(words):
            state = alphabet[word[0]]
            for c in word[1:]:
                if (known := edges.setdefault(state * width + alphabet[c], len(said))) == len(said):
                    said.append(-1)
                state = known
            said[state] = number
        self._said, self._deeper = np.array(said, np.int32), np.zeros(len(said), np.bool_)
        self._deeper[[edge // width for edge in edges]] = True
        self._edges = _hashed(edges)

    def walk(self, texts: Texts) -> Spelt:
        """Return every word in a batch."""
        letters, room = self._dense.take(texts.codes, mode="clip"), _MANY * len(texts.codes)
        out = np.empty((2, room), np.uint32)
        many = _walk(letters, self._said, self._deeper, self._edges, self._width, out)
        if many > room:
            out = np.empty((2, many), np.uint32)
            _walk(letters, self._said, self._deeper, self._edges, self._width, out)
        return Spelt(*out[:, :many])


def _hashed(edges: dict[int, int]) -> Keys:
    # A table of the edges, each in the first free row from its own on; 0 is no edge.
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
def _walk(letters: npt.NDArray[np.uint16], said: Ints, deeper: Bools, edges: Keys, width: int, out: Numbers) -> int:
    # Fills `out` (word and index, as far as there is room) and returns how many words there are.
    n = 0
    for first in range(len(letters)):
        state, at = int(letters[first]), first
        while state:
            if said[state] >= 0:
                if n < out.shape[1]:
                    out[0, n], out[1, n] = said[state], first
                n += 1
            at += 1
            state = _next(edges, state * width + letters[at]) if deeper[state] and at < len(letters) and letters[at] else 0
    return n
