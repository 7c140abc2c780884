"""Which word classes a word counts for where it stands: all its own, but for those a longer word that overlaps it bars it from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.kernels import compiled
from kamen_analysis.label.text import Ints

Numbers = npt.NDArray[np.uint32]  # Unsigned, so that a kernel need not check each index for being negative.
# Rows of the table of a batch's words, a column each in text order: start and end (places), the word's sense (see `words.Vocabulary`), how
# far behind its clause's start it begins, the first word that begins where it does, the first that begins where it ends or later, and the
# row of its sense in tables that have the commonest senses first.
START, END, SENSE, INSIDE, HERE, BEHIND, ROW = range(7)


class Rows(NamedTuple):
    """Rows of unequal length, one after the other: row i is flat[first[i]:first[i + 1]]."""

    first: Numbers
    flat: Numbers


def rows(key: npt.NDArray[np.integer], value: npt.NDArray[np.integer], count: int) -> Rows:
    """Return `value` grouped by `key`: row k holds the values of key k, in the order given; keys are below `count`."""
    order = np.argsort(key, kind="stable")
    return Rows(np.searchsorted(key[order], np.arange(count + 1)).astype(np.uint32), value[order].astype(np.uint32))


@compiled
def placed(at: Numbers, word: Numbers, lengths: Ints, places: Ints, clauses: Ints) -> Ints:
    """Return the table of words, given their indexes and numbers in text order; the rows SENSE and ROW are not yet filled in.

    `lengths`: of the words, by number; `places`: of the characters, by index; `clauses`: the places where clauses start.
    """
    out = np.empty((7, len(at)), np.int32)
    for i in range(len(at)):
        out[START, i] = places[at[i]]
        out[END, i] = places[at[i]] + lengths[word[i]]
    first = clause = 0
    for i in range(len(at)):
        if at[i] > at[first]:
            first = i
        while clause + 1 < len(clauses) and clauses[clause + 1] <= out[START, i]:
            clause += 1
        k = i + 1
        while k < len(at) and out[START, k] < out[END, i]:
            k += 1
        out[INSIDE, i], out[HERE, i], out[BEHIND, i] = out[START, i] - clauses[clause], first, k
    return out


@compiled
def barred(word: Numbers, table: Ints, longest: int, vetoing: Rows, barring: Rows, base: Ints) -> None:
    """Fill in the row SENSE: of each word its first sense (`base`) plus a bit for each of its classes that a longer word bars it from.

    The bits follow the word's row in `barring`. `vetoing`: for each word the classes whose words it bars where it overlaps them;
    `longest`: the length of the longest word.
    """
    # 没用过 undoes 用过 and 用过了; 没人接听 keeps its own 没人.
    start, end, bits = table[START], table[END], table[SENSE]
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
    for i in range(len(word)):
        bits[i] += base[word[i]]


@compiled
def _shared(mine: Rows, row: int, other: Rows, column: int) -> int:
    bits = 0
    for bit in range(mine.first[row + 1] - mine.first[row]):
        for k in range(other.first[column], other.first[column + 1]):
            bits |= int(other.flat[k] == mine.flat[mine.first[row] + bit]) << bit
    return bits


@compiled
def classes(table: Ints, of: Rows, out: npt.NDArray[np.int32]) -> int:
    """Fill `out` with the pairs (place, class), sorted, each once, and return how many there are; `of`: the classes of each sense."""
    start, sense = table[START], table[SENSE]
    n = first = 0
    for i in range(len(sense)):
        if i and start[i] > start[i - 1]:
            first = n
        for j in range(of.first[sense[i]], of.first[sense[i] + 1]):
            k = n
            while k > first and out[1, k - 1] > of.flat[j]:
                k -= 1
            if k == first or out[1, k - 1] < of.flat[j]:
                for m in range(n, k, -1):
                    out[1, m] = out[1, m - 1]
                out[0, n], out[1, k] = start[i], of.flat[j]
                n += 1
    return n
