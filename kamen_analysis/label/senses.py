"""Which word classes a word counts for where it stands: all its own, but for those a longer word that overlaps it bars it from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.kernels import lean
from kamen_analysis.label.text import Ints

Numbers = npt.NDArray[np.uint32]  # Unsigned, so that a kernel need not check each index for being negative.
# Rows of the table of a batch's words, a column each in text order: start and end (places), the kind of the word's sense (see
# `words.Vocabulary`), how far behind its clause's start it begins, the first word that begins where it does, the first that begins where it
# ends or later, the row of its kind in tables that have the commonest kinds first, and the union of the classes of the word and of the
# shorter ones that begin where it does (see there, too; -1 if one of them is barred).
START, END, KIND, INSIDE, HERE, BEHIND, ROW, UNION = range(8)


class Rows(NamedTuple):
    """Rows of unequal length, one after the other: row i is flat[first[i]:first[i + 1]]."""

    first: Numbers
    flat: Numbers


def rows(key: npt.NDArray[np.integer], value: npt.NDArray[np.integer], count: int) -> Rows:
    """Return `value` grouped by `key`: row k holds the values of key k, in the order given; keys are below `count`."""
    order = np.argsort(key, kind="stable")
    return Rows(np.searchsorted(key[order], np.arange(count + 1)).astype(np.uint32), value[order].astype(np.uint32))


@lean
def placed(at: Numbers, word: Numbers, lengths: Ints, places: Ints, clauses: Ints, out: Ints) -> None:
    """Fill in the table of words, but for the rows KIND, ROW and UNION, given the words' indexes and numbers in text order.

    `lengths`: of the words, by number; `places`: of the characters, by index; `clauses`: the places where clauses start.
    """
    first, clause = np.uint32(0), np.uint32(0)
    for i in range(len(at)):
        start = places[at[i]]
        if at[i] > at[first]:
            first = np.uint32(i)
        while clause + 1 < len(clauses) and clauses[np.uint32(clause + 1)] <= start:
            clause = np.uint32(clause + 1)
        out[START, i], out[END, i] = start, start + lengths[word[i]]
        out[INSIDE, i], out[HERE, i] = start - clauses[clause], first
    for i in range(len(at)):
        k = i + 1
        while k < len(at) and out[START, np.uint64(k)] < out[END, i]:
            k += 1
        out[BEHIND, i] = k


@lean
def barred(word: Numbers, table: Ints, longest: int, vetoing: Rows, barring: Rows, base: Numbers, kinds: Ints, unions: Ints) -> None:
    """Fill in the row KIND: the kind of each word's sense, its first (`base`) plus a bit for each class a longer word bars the word from.

    The bits follow the word's row in `barring`. `vetoing`: for each word the classes whose words it bars where it overlaps them;
    `longest`: the length of the longest word; `kinds`: of the senses. Fills in the row UNION, too, from `unions`.
    """
    # 没用过 undoes 用过 and 用过了; 没人接听 keeps its own 没人.
    start, end, bits, union = table[START], table[END], table[KIND], table[UNION]
    bits[:] = 0
    for i in range(len(word)):
        if vetoing.first[word[i]] == vetoing.first[word[i] + 1]:
            continue
        k = i
        while k > 0 and start[k - 1] > start[i] - longest:
            k -= 1
        while k < len(word) and start[k] < end[i]:
            touches = start[i] < start[k] < end[i] or start[i] < end[k] < end[i] or start[i] == start[k] and end[i] == end[k]
            if touches:
                bits[k] |= _shared(barring, word[k], vetoing, word[i])
            k += 1
    is_whole = True
    for i in range(len(word)):
        is_whole = (is_whole or table[HERE, i] == i) and not bits[i]
        union[i] = unions[word[i]] if is_whole else -1
        bits[i] = kinds[base[word[i]] + np.uint32(bits[i])]


@lean
def _shared(mine: Rows, row: int, other: Rows, column: int) -> int:
    bits = 0
    for bit in range(mine.first[row + 1] - mine.first[row]):
        for k in range(other.first[column], other.first[column + 1]):
            bits |= int(other.flat[k] == mine.flat[mine.first[row] + bit]) << bit
    return bits
