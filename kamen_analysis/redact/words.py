"""Which of some words stand where in a text: one step a character, for all places of the text at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kamen_analysis.redact.leads import Ints
from kamen_analysis.redact.starts import SIZE


class Words:
    """Words as a tree: a node for each beginning of one, with the next node by letter and the number of the word that ends there."""

    def __init__(self, words: Sequence[str]) -> None:
        letters = {letter: number for number, letter in enumerate(sorted(set("".join(words))), 1)}
        beginnings = sorted({word[:end] for word in words for end in range(len(word) + 1)})
        nodes = {beginning: number for number, beginning in enumerate(beginnings)}
        self._letter = np.zeros(SIZE, dtype=np.int64)
        self._letter[[ord(letter) for letter in letters]] = list(letters.values())
        self._next = np.zeros((len(nodes), len(letters) + 1), dtype=np.uint16)  # 0, the root, where no word goes on
        for beginning, number in nodes.items():
            if beginning:
                self._next[nodes[beginning[:-1]], letters[beginning[-1]]] = number
        self._word = np.full(len(nodes), -1)
        self._word[[nodes[word] for word in words]] = np.arange(len(words))
        self._begins = self._next[0][self._letter] != 0

    def hits(self, places: Ints) -> Ints:
        """Return rows of word, start, end for all words in a text, given the places of its characters in a table over the code points.

        No word has a character of a JOINT.
        """
        at = self._begins.take(places).nonzero()[0]
        nodes = self._next[0].take(self._letter.take(places.take(at))).astype(np.int64)
        found, length = [np.zeros((0, 3), dtype=np.int64)], 1
        while len(at):
            words = self._word.take(nodes)
            ended = (words >= 0).nonzero()[0]
            found.append(np.stack([words[ended], at[ended], at[ended] + length], axis=1))
            nodes = self._next.take(nodes * self._next.shape[1] + self._letter.take(places.take(at + length))).astype(np.int64)
            going = (nodes != 0).nonzero()[0]
            at, nodes, length = at[going], nodes[going], length + 1
        return np.concatenate(found)
