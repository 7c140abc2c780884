"""What words may be where they stand: a word counts for a word class unless it touches a longer word that is another one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.label.kernels import compiled
from kamen_analysis.label.text import Ints

Numbers = npt.NDArray[np.uint32]  # Without a sign, so that a kernel need not ask of each index whether it is counted from the end.


class Rows(NamedTuple):
    """Rows of numbers one after the other: row i from `first[i]` to `first[i + 1]` of `flat`."""

    first: Numbers
    flat: Numbers


def rows(key: npt.NDArray[np.integer], value: npt.NDArray[np.integer], count: int) -> Rows:
    """Return the values by their keys (below `count`), those of one key in the order given."""
    order = np.argsort(key, kind="stable")
    return Rows(np.searchsorted(key[order], np.arange(count + 1)).astype(np.uint32), value[order].astype(np.uint32))


@compiled
def placed(at: Ints, length: Ints, places: Ints, clauses: Ints) -> tuple[Ints, Ints, Ints, Numbers, Numbers]:
    """Return of words (index and length, in the order of the text): start, end, how far behind the start of its clause each begins, the
    first word that begins there, and the first that begins where it ends or later."""
    start, inside, here, behind = places[at], np.empty_like(at), np.empty(len(at), np.uint32), np.empty(len(at), np.uint32)
    end = start + length
    first = clause = 0
    for i in range(len(at)):
        if at[i] > at[first]:
            first = i
        while clause + 1 < len(clauses) and clauses[clause + 1] <= start[i]:
            clause += 1
        here[i], inside[i], k = first, start[i] - clauses[clause], i + 1
        while k < len(at) and start[k] < end[i]:
            k += 1
        behind[i] = k
    return start, end, inside, here, behind


@compiled
def barred(word: Ints, start: Ints, end: Ints, longest: int, vetoing: Rows, barring: Rows) -> Ints:
    """Return for each word of a batch from which of its classes (bits, in the order of its row in `barring`) a longer word bars it.

    `start`, `end`: the places of the words, in the order of the text; `longest`: of the longest word; `vetoing`: for each word the
    classes whose words it bars where it touches them.
    """
    # 没用过 undoes 用过 and 用过了; 没人接听 keeps its own 没人.
    out = np.zeros(len(word), np.int32)
    for i in range(len(word)):
        if vetoing.first[word[i]] == vetoing.first[word[i] + 1]:
            continue
        k = i
        while k > 0 and start[k - 1] > start[i] - longest:
            k -= 1
        while k < len(word) and start[k] < end[i]:
            touches = start[i] < start[k] < end[i] or start[i] < end[k] < end[i] or start[i] == start[k] and end[i] == end[k]
            if touches:
                out[k] |= _shared(barring, word[k], vetoing, word[i])
            k += 1
    return out


@compiled
def _shared(mine: Rows, row: int, other: Rows, column: int) -> int:
    bits = 0
    for bit in range(mine.first[row + 1] - mine.first[row]):
        for k in range(other.first[column], other.first[column + 1]):
            bits |= int(other.flat[k] == mine.flat[mine.first[row] + bit]) << bit
    return bits


@compiled
def classes(sense: Numbers, start: Ints, of: Rows, out: npt.NDArray[np.int32]) -> int:
    """Fill `out` with (place, class) in text order, by place and number, each once; `of`: the classes of each sense. Returns how many."""
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
