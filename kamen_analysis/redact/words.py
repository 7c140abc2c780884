"""Which of some words stand where in a text: a tree of letters, walked from each character in turn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kamen_analysis.kernels import compiled
from kamen_analysis.redact.starts import SIZE
from kamen_analysis.redact.tables import Ints


class Words:
    """Words as a tree: a node for each beginning of one, with the next node by letter and the number of the word that ends there."""

    def __init__(self, words: Sequence[str]) -> None:
        letters = {letter: number for number, letter in enumerate(sorted(set("".join(words))), 1)}
        beginnings = sorted({word[:end] for word in words for end in range(len(word) + 1)})
        nodes = {beginning: number for number, beginning in enumerate(beginnings)}
        self._letter = np.zeros(SIZE, dtype=np.uint16)
        self._letter[[ord(letter) for letter in letters]] = list(letters.values())
        self._next = np.zeros((len(nodes), len(letters) + 1), dtype=np.uint16)  # 0, the root, where no word goes on
        for beginning, number in nodes.items():
            if beginning:
                self._next[nodes[beginning[:-1]], letters[beginning[-1]]] = number
        self._word = np.full(len(nodes), -1)
        self._word[[nodes[word] for word in words]] = np.arange(len(words))
        self._room = 1 << 12

    def hits(self, places: Ints) -> Ints:
        """Return rows of word, start, end for all words in a text, by start, given the places of its characters in a table over the
        code points.

        No word has a character of a JOINT.
        """
        out = np.empty((self._room, 3), np.int64)
        many = _walk(self._letter, self._next, self._word, places, out)
        if many > self._room:
            self._room = many + many // 4
            return self.hits(places)
        return out[:many]


@compiled
def _walk(letter: npt.NDArray[np.uint16], onward: npt.NDArray[np.uint16], word: Ints, places: Ints, out: Ints) -> int:
    # Fills `out` as far as there is room, and returns how many hits there are in all.
    n = 0
    for start in range(len(places)):
        at, node = start, onward[0, letter[places[start]]]
        while node:
            at += 1
            if word[node] >= 0:
                if n < len(out):
                    out[n, 0], out[n, 1], out[n, 2] = word[node], start, at
                n += 1
            node = onward[node, letter[places[at]]]
    return n
