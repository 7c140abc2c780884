"""Which of some words stand where in a text: one step a character, for all places of the text at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kamen_analysis.redact.leads import Codes, Ints
from kamen_analysis.redact.starts import SIZE, places


class Words:
    """Words as a tree: a node for each beginning of one, with the next node by letter and the number of the word that ends there."""

    def __init__(self, words: Sequence[str]) -> None:
        letters = {letter: number for number, letter in enumerate(sorted(set("".join(words))), 1)}
        beginnings = sorted({word[:end] for word in words for end in range(len(word) + 1)})
        nodes = {beginning: number for number, beginning in enumerate(beginnings)}
        self._letter = np.zeros(SIZE, dtype=np.uint16)
        self._letter[[ord(letter) for letter in letters]] = list(letters.values())
        self._next = np.zeros((len(nodes), len(letters) + 1), dtype=np.int32)  # 0, the root, where no word goes on
        for beginning, number in nodes.items():
            if beginning:
                self._next[nodes[beginning[:-1]], letters[beginning[-1]]] = number
        self._word = np.full(len(nodes), -1)
        self._word[[nodes[word] for word in words]] = np.arange(len(words))
        self._begins = self._next[0][self._letter] != 0

    def hits(self, codes: Codes) -> Ints:
        """Return rows of word, start, end for every place where a word stands; no word has a character of a JOINT."""
        letters, size = self._letter[places(codes)], self._next.shape[1]
        at = np.flatnonzero(self._begins[places(codes)])
        nodes, found, length = self._next[0][letters[at]], [np.zeros((0, 3), dtype=np.int64)], 1
        while len(at):
            ended = np.flatnonzero(self._word[nodes] >= 0)
            found.append(np.stack([self._word[nodes[ended]], at[ended], at[ended] + length], axis=1))
            nodes = np.take(self._next, nodes * size + letters[at + length])
            going = np.flatnonzero(nodes != 0)
            at, nodes, length = at[going], nodes[going], length + 1
        return np.concatenate(found)
