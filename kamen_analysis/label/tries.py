"""Where to look for matches of cue templates: at words that fill the rarest part of one, in a sentence that fills other parts too."""

from __future__ import annotations

import numpy as np

from kamen_analysis.kernels import lean
from kamen_analysis.label.plan import Asked, Bits, Stretches
from kamen_analysis.label.text import Ints

NEEDED = 3  # Slots of a template that a sentence is checked for.
WIDTH = 3  # Columns of `tries`.
_START, _END, _ROW = 0, 1, 6  # As in senses.
_SENTENCE = 1  # As in chains.


@lean
def _cell(table: Ints, row: int, column: int) -> int:
    return int(table[np.uint64(row), np.uint64(column)])  # As in chains.


@lean
def _has_needed(sign: Bits, asked: Asked, row: int) -> bool:
    # Whether the sentence fills the NEEDED slots of a template; without branches, since no processor could predict them.
    found = np.uint64(1)
    for k in range(1, NEEDED + 1):
        found &= sign[asked.flat[row, k] >> 6] >> np.uint64(asked.flat[row, k] & 63)
    return bool(found)


@lean
def _mark_slots(words: Ints, bits: Bits, i: int, last: int, sign: Bits, kept: Bits) -> None:
    # Sets `sign` to the slots filled by the words from i on that begin before the place `last`, and `kept` to the first of its words.
    sign[:] = 0
    while i < words.shape[1] and _cell(words, _START, i) < last:
        row = bits[np.uint64(_cell(words, _ROW, i))]
        for k in range(len(sign)):
            sign[k] |= row[k]
        i += 1
    for k in range(len(kept)):
        kept[k] = sign[k]


@lean
def tries(words: Ints, bits: Bits, asked: Asked, stretches: Stretches, sign: Bits, signs: Bits, out: Ints) -> int:
    """Fill `out` with where to look for matches: a word, the part of a template it fills, its sentence, which has the slots NEEDED for it.

    Returns how many there are, those that `out` has no room for too. `sign`: room for the slots that words of a sentence fill (a bit set);
    `signs` becomes the first of these, for each sentence.
    """
    n, signed, sentence, at = 0, 0, 0, int(stretches.first[_SENTENCE])
    for i in range(words.shape[1]):
        start, kind = _cell(words, _START, i), _cell(words, _ROW, i)
        if start >= signed:
            while at + 1 < stretches.first[_SENTENCE + 1] and _cell(stretches.bounds, _START, at + 1) <= start:
                at += 1
            signed, sentence = _cell(stretches.bounds, _END, at), at - stretches.first[_SENTENCE]
            _mark_slots(words, bits, i, signed, sign, signs[sentence])
        for row in range(asked.first[np.uint64(kind)], asked.first[np.uint64(kind + 1)]):
            if n < len(out):
                out[n, 0], out[n, 1], out[n, 2] = i, asked.flat[row, 0], sentence
            n += _has_needed(sign, asked, row)
    return n
