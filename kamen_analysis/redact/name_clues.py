"""What tells of a name where one could stand: its characters, what stands beside it, the listed words about it, and what is near."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from kamen_analysis.kernels import compiled, inlined
from kamen_analysis.redact import name_tables as of
from kamen_analysis.redact.name_candidates import APART, END, FIRST, SECOND, START, SURE
from kamen_analysis.redact.name_tables import Bytes, Keys, Tables, char, key, slot, tables
from kamen_analysis.redact.tables import Ints

Buckets = npt.NDArray[np.uint16]

BUCKETS, CLUES = 1 << 15, 27
_BUCKET = np.uint64(49)  # the high bits of a number that tell which of BUCKETS it falls into
_SIGNS, _NEAR, _FAR, _CLAUSE = 4, 3, 14, 6  # characters that are looked at, at most


def clues(places: Ints, texts: Ints, names: Ints) -> Buckets:
    """Return what tells of each candidate as the numbers of buckets (n, CLUES): arguments and result of `candidates`."""
    found = np.empty((len(names), CLUES), np.uint16)
    _clues(places, texts, tables(), names, found)
    return found


@inlined
def _before(places: Ints, at: int, low: int, high: int, words: Keys, marks: Bytes) -> np.uint64:
    # Returns the key of the longest listed word that ends there, or of the character.
    found = key(places, at - 1, at, low, high)
    for length in range(of.SHORTEST, of.LONGEST + 1):
        written = key(places, at - length, at, low, high)
        found = written if marks[slot(words, written)] else found
    return found


@inlined
def _behind(places: Ints, at: int, low: int, high: int, words: Keys, marks: Bytes) -> np.uint64:
    found = key(places, at, at + 1, low, high)
    for length in range(of.SHORTEST, of.LONGEST + 1):
        written = key(places, at, at + length, low, high)
        found = written if marks[slot(words, written)] else found
    return found


@inlined
def _is_sign(kind: int) -> bool:
    return kind in (of.OTHER, of.BLANK) or kind >= of.SIGN


@inlined
def _bucket(clue: int, a: Any, b: Any, c: Any) -> Any:
    mixed = (np.uint64(clue) ^ np.uint64(a)) * of.MIX
    mixed = (mixed ^ np.uint64(b)) * of.MIX
    return ((mixed ^ np.uint64(c)) * of.MIX) >> _BUCKET


@compiled
def _clues(places: Ints, texts: Ints, looks: Tables, names: Ints, found: Buckets) -> None:
    # Fills a row of `found` for each name.
    classes, parts, words, marks = looks.classes, looks.parts, looks.words, looks.marks
    text = 0
    for n in range(len(names)):
        start, end, family = int(names[n, START]), int(names[n, END]), int(places[names[n, START]])
        first, second, sure, apart = int(names[n, FIRST]), int(names[n, SECOND]), int(names[n, SURE]), int(names[n, APART])
        while texts[text, 1] <= start:
            text += 1
        low, high, row = int(texts[text, 0]), int(texts[text, 1]), found[n]
        given = int(parts[first] & of.GIVEN) * 4 + (int(parts[second] & of.GIVEN) if second else 1)
        word = int(marks[slot(words, np.uint64(first) << of.LETTER | np.uint64(second))] & of.ORDINARY)
        b1, b2, b3 = char(places, start - 1, low, high), char(places, start - 2, low, high), char(places, start - 3, low, high)
        a1, a2, a3 = char(places, end, low, high), char(places, end + 1, low, high), char(places, end + 2, low, high)
        left, of_2, right, to_2 = int(classes[b1]), int(classes[b2]), int(classes[a1]), int(classes[a2])
        sides = left * 64 + right
        at, on, clause, near = start, end, 0, 0
        while start - at < _SIGNS and _is_sign(classes[char(places, at - 1, low, high)]):
            at -= 1
        while on - end < _SIGNS and _is_sign(classes[char(places, on, low, high)]):
            on += 1
        while clause < _CLAUSE and of.HAN <= classes[char(places, start - clause - 1, low, high)] <= of.LATIN:
            clause += 1
        for step in range(_FAR):
            kind = int(classes[char(places, end + step, low, high)])
            near |= 4 if kind == of.DIGIT else 0 if kind != of.GONE else 1 if step < _NEAR else 2
            near |= 8 if step < _NEAR and classes[char(places, start - 1 - step, low, high)] == of.GONE else 0
        then = int(classes[char(places, on, low, high)])
        before, behind = _before(places, start, low, high, words, marks), _behind(places, end, low, high, words, marks)
        sooner, later = _before(places, at, low, high, words, marks), _behind(places, on, low, high, words, marks)
        said = int(marks[slot(words, behind)] & (of.FOLLOWS | of.LABEL)) + int(marks[slot(words, before)] & of.LABEL) * 2
        said += int(marks[slot(words, sooner)] & of.LABEL) * 4
        row[0] = _bucket(0, sure, apart, second > 0)
        row[1] = _bucket(1, given, 0, 0)
        row[2] = _bucket(2, given, sure, 0)
        row[3] = _bucket(3, first, second > 0, 0)
        row[4] = _bucket(4, second, 0, 0)
        row[5] = _bucket(5, given, first == second, word)
        row[6] = _bucket(6, before, 0, 0)
        row[7] = _bucket(7, behind, 0, 0)
        row[8] = _bucket(8, sides, 0, 0)
        row[9] = _bucket(9, sides, given, 0)
        row[10] = _bucket(10, left, of_2, 0)
        row[11] = _bucket(11, right, to_2, 0)
        row[12] = _bucket(12, b1, 0, 0)
        row[13] = _bucket(13, a1, 0, 0)
        row[14] = _bucket(14, b2, b1, 0)
        row[15] = _bucket(15, a1, a2, 0)
        row[16] = _bucket(16, b3, b2, b1)
        row[17] = _bucket(17, a1, a2, a3)
        row[18] = _bucket(18, sooner, left, 0)
        row[19] = _bucket(19, later, then, right)
        row[20] = _bucket(20, said, 0, 0)
        row[21] = _bucket(21, near, 0, 0)
        row[22] = _bucket(22, clause, right, 0)
        row[23] = _bucket(23, clause == 0, right, then)
        row[24] = _bucket(24, b1, a1, 0)
        row[25] = _bucket(25, sure, sides, 0)
        row[26] = _bucket(26, family, first, second)
