"""Find every occurrence of many words in an array of characters: a trie, walked from each character in turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.errors import KamenError
from kamen_analysis.kernels import compiled
from kamen_analysis.label.senses import Numbers
from kamen_analysis.label.text import Texts

_LONGEST = 63  # Characters of a word at most.
_MANY = 2  # Room for so many words a character, enough for most texts.
_Node = dict[int, int]  # The numbers of the next characters, and of the nodes they lead to.


class Spelt(NamedTuple):
    """The words found, in text order, shorter ones first where several begin: their numbers, and the indexes where they begin."""

    word: Numbers
    at: Numbers


class Trie:
    """A set of words (folded, none empty), numbered as given; KamenError if one is of 64 characters or more.

    A state is the prefix read so far: 0 is none, and the number of a character in the alphabet (from 1 on) is that character alone.
    The states are the rows of a double array (Aoe 1989): the state before, what the number of the next character is added to for the
    next state, and the number of the word that ends there plus 1, or 0.
    """

    def __init__(self, words: Sequence[str]) -> None:
        alphabet = {c: i for i, c in enumerate(sorted(set("".join(words))), start=1)}
        self.lengths = np.fromiter(map(len, words), np.int64, len(words))
        if self.lengths.max(initial=0) > _LONGEST:
            raise KamenError(f"线索词太长（至多 {_LONGEST} 字）：{max(words, key=len)[:20]}……")
        self._dense = np.zeros(max(map(ord, alphabet), default=0) + 2, np.uint16)
        self._dense[[ord(c) for c in alphabet]] = list(alphabet.values())
        nodes, parents, ends = [{i: i for i in alphabet.values()}, *(_Node() for _ in alphabet)], [0] * (len(alphabet) + 1), _Node()
        for number, word in enumerate(words):
            node = 0
            for c in word:
                if (known := nodes[node].setdefault(alphabet[c], len(nodes))) == len(nodes):
                    nodes.append({})
                    parents.append(node)
                node = known
            ends[node] = number
        self._states = _double_array(nodes, parents, ends)

    def walk(self, texts: Texts) -> Spelt:
        """Return every occurrence of every word in a batch."""
        letters, room = self._dense.take(texts.codes, mode="clip"), _MANY * len(texts.codes)
        out = np.empty((2, room), np.uint32)
        many = _walk(letters, self._states, out)
        if many > room:
            out = np.empty((2, many), np.uint32)
            _walk(letters, self._states, out)
        return Spelt(*out[:, :many])


def _double_array(nodes: Sequence[_Node], parents: Sequence[int], ends: _Node) -> Numbers:
    # Nodes with many children are placed first, each as early as all its children find free rows; those of the root begin the table.
    width, last = len(nodes[0]) + 1, len(nodes[0])
    state, base, free = np.arange(len(nodes)), np.zeros(len(nodes), np.int64), np.zeros(width, np.bool_)
    for node in sorted(range(1, len(nodes)), key=lambda node: -len(nodes[node])):
        if letters := list(nodes[node]):
            if len(free) < last + width + 2:
                free = np.append(free, np.ones(last + width + 2, np.bool_))
            base[node] = np.logical_and.reduce([free[letter: letter + last + 2] for letter in letters]).argmax()
            placed = state[list(nodes[node].values())] = base[node] + letters
            free[placed] = False
            last = max(last, int(placed.max()))
    out = np.zeros((last + width + 1, 3), np.uint32)
    out[state, 0], out[state, 1] = state[parents], base
    out[state[list(ends)], 2] = np.array(list(ends.values())) + 1
    return out


@compiled
def _walk(letters: npt.NDArray[np.uint16], states: Numbers, out: Numbers) -> int:
    # Fills `out` with word and index, as far as there is room, and returns how many words there are in all.
    n = 0
    for first in range(len(letters)):
        state, at = np.uint32(letters[first]), first
        while state:  # The last letter is that of `text.APART`, 0, which leads to no state.
            if states[state, 2]:
                if n < out.shape[1]:
                    out[0, n], out[1, n] = states[state, 2] - 1, first
                n += 1
            at += 1
            following = np.uint32(states[state, 1] + letters[at])
            state = following if states[following, 0] == state else np.uint32(0)
    return n
