"""Where to look for matches of cue templates: at words that fill the rarest part of one, where other words fill other parts of it too."""

from __future__ import annotations

import numpy as np

from kamen_analysis.kernels import lean
from kamen_analysis.label.plan import Asked, Bits, Stretches
from kamen_analysis.label.text import Ints

NEEDED = 3  # Slots of a template that must be filled near a word, or in its sentence, for the template to be tried there.
WIDTH = 3  # Columns of `tries`.
REACH = 12  # What begins at most so many characters before or behind a word is near it.
_START, _END, _ROW = 0, 1, 6  # As in senses.
_SENTENCE = 1  # As in chains.
_AT_ONCE = 4  # So many bit sets are united at once, since writing the result takes as long as reading several.


@lean
def _cell(table: Ints, row: int, column: int) -> int:
    return int(table[np.uint64(row), np.uint64(column)])  # As in chains.


@lean
def _has_needed(sign: Bits, asked: Asked, row: int) -> bool:
    # Whether the slots NEEDED for a template are filled; without branches, since no processor could predict them.
    found = np.uint64(1)
    for k in range(1, NEEDED + 1):
        found &= sign[asked.flat[row, k] >> 6] >> np.uint64(asked.flat[row, k] & 63)
    return bool(found)


@lean
def _until(words: Ints, i: int, place: int) -> int:
    # The first word from i on that begins at a place or behind it.
    while i < words.shape[1] and _cell(words, _START, i) < place:
        i += 1
    return i


@lean
def _kind(words: Ints, i: int) -> np.uint64:
    return np.uint64(words[np.uint64(_ROW), np.uint64(i)])


@lean
def _unite(words: Ints, bits: Bits, first: int, last: int, skipped: int, sign: Bits) -> None:
    # Sets `sign` to the slots that the words from `first` to before `last` fill; so many numbers of their bit sets are `skipped`.
    sign[:] = 0
    for i in range(first, last, _AT_ONCE):
        a, b = bits[_kind(words, i), skipped:], bits[_kind(words, min(i + 1, last - 1)), skipped:]
        c, d = bits[_kind(words, min(i + 2, last - 1)), skipped:], bits[_kind(words, min(i + 3, last - 1)), skipped:]
        for k in range(len(sign)):
            sign[k] |= a[k] | b[k] | c[k] | d[k]


@lean
def _ahead(words: Ints, bits: Bits, first: int, near: Bits) -> int:
    # Goes on by the words that begin within REACH of the word `first`, whose slots become the last row of `near`; returns the next word.
    for k in range(near.shape[1]):
        near[0, k], near[1, k] = near[1, k], near[2, k]
    last = _until(words, first, _cell(words, _START, first) + REACH) if first < words.shape[1] else first
    _unite(words, bits, first, last, bits.shape[1] - near.shape[1], near[2])
    return last


@lean
def tries(words: Ints, bits: Bits, asked: Asked, stretches: Stretches, signs: Bits, near: Bits, here: Bits, out: Ints) -> int:
    """Fill `out` with where to look for matches: a word, the part of a template it fills, its sentence; where the slots NEEDED are filled.

    Returns how many there are, those that `out` has no room for too. `bits`: the slots that each kind fills, those looked for in the
    sentence, then those looked for nearby. `signs` becomes the first of the former for each sentence. `near`: room for the latter in
    three stretches, one behind the other; `here`: room for what is filled in the sentence of a word, near before it, and near behind it.
    """
    n, ended, at, sentence, following, width = 0, 0, int(stretches.first[_SENTENCE]), 0, 0, near.shape[1]
    within, before, behind = here[:-2 * width], here[-2 * width: -width], here[-width:]
    near[:] = 0
    last = _ahead(words, bits, 0, near)
    for i in range(words.shape[1]):
        start, kind = _cell(words, _START, i), _cell(words, _ROW, i)
        if start >= ended:
            while at + 1 < stretches.first[_SENTENCE + 1] and _cell(stretches.bounds, _START, at + 1) <= start:
                at += 1
            ended, sentence = _cell(stretches.bounds, _END, at), at - stretches.first[_SENTENCE]
            _unite(words, bits, i, _until(words, i, ended), 0, within)
            for k in range(signs.shape[1]):
                signs[sentence, k] = within[k]
        if i == following:
            following, last = last, _ahead(words, bits, last, near)
            for k in range(width):
                before[k], behind[k] = near[0, k] | near[1, k], near[1, k] | near[2, k]
        for row in range(asked.first[np.uint64(kind)], asked.first[np.uint64(kind + 1)]):
            if n < len(out):
                out[n, 0], out[n, 1], out[n, 2] = i, asked.flat[row, 0], sentence
            n += _has_needed(here, asked, row)
    return n
