"""Where a name could stand that no rule sees: a known surname and one or two characters, together or set apart by one same sign.

No ordinary word begins it or reaches across its ends, it is no listed word or well-known person, and has no character names never have.
"""

from __future__ import annotations

import numpy as np

from kamen_analysis.kernels import compiled, inlined
from kamen_analysis.redact import name_tables as of
from kamen_analysis.redact.name_tables import Tables, char, key, slot, tables
from kamen_analysis.redact.tables import Ints

# What is told of a candidate: where it stands, its one or two given characters (0: none), how sure its surname is (COMPOUND: of two
# characters), and whether its characters stand apart (0: no, else how far).
START, END, FIRST, SECOND, SURE, APART = range(6)
COMPOUND = 4
_FARTHEST = 4  # from one character set apart to the next, at most
_LISTING = (ord("、"), ord(","))  # A surname and one character between these are two things of a list.
_ROOM = 1 << 12


def candidates(places: Ints, texts: Ints) -> Ints:
    """Return where names could stand in some texts, by start: a row of START to APART for each.

    `places`: of the characters of a reading in tables over the code points. `texts`: rows of start, end.
    """
    room = _ROOM
    while True:
        names = np.empty((room, 6), np.int64)
        many = _candidates(places, texts, tables(), names)
        if many <= room:
            return names[:many]
        room = many


@inlined
def _crosses(places: Ints, at: int, since: int, low: int, high: int, looks: Tables) -> bool:
    # Tells whether an ordinary word that begins at `since` or later reaches across `at`.
    found, start = False, at - 1
    while not found and start >= max(since, at - of.LONGEST + 1):
        written = key(places, start, at, low, high)
        for end in range(at, start + of.LONGEST):
            written = written << of.LETTER | np.uint64(char(places, end, low, high))
            found = found or bool(looks.marks[slot(looks.words, written)] & of.ORDINARY)
        start -= 1
    return found


@inlined
def _begins(places: Ints, at: int, low: int, high: int, looks: Tables) -> bool:
    # Tells whether a word begins there that no name begins with.
    found, end, written = False, at + 1, key(places, at, at + 1, low, high)
    while not found and end < at + of.LONGEST:
        written = written << of.LETTER | np.uint64(char(places, end, low, high))
        mark = looks.marks[slot(looks.words, written)]
        found = bool(mark & of.NO_NAME or (mark & of.ORDINARY and not mark & of.SURNAMES))
        end += 1
    return found


@inlined
def _can(given: int, looks: Tables) -> bool:
    # Tells whether a character can be of a given name.
    return bool(looks.classes[given] == of.HAN and not looks.parts[given] & of.NEVER)


@inlined
def _together(places: Ints, start: int, low: int, high: int, looks: Tables, names: Ints, n: int) -> int:
    # Adds the names that begin there to the first `n`, as far as there is room; returns how many there are now.
    part = looks.parts[places[start]]
    compound = looks.marks[slot(looks.words, key(places, start, start + 2, low, high))] & of.SURNAMES if part & of.COMPOUND else 0
    is_free = not (_begins(places, start, low, high, looks) or _crosses(places, start, low, low, high, looks))
    for length in range(1, 3 if is_free else 1):
        sure = int(part & of.SURNAME) if length == 1 else COMPOUND * (compound > 0)
        first, second = char(places, start + length, low, high), char(places, start + length + 1, low, high)
        for end in range(start + length + 1, start + length + 3):
            is_two = end > start + length + 1
            can = sure and _can(first, looks) and (not is_two or _can(second, looks))
            if can and not _crosses(places, end, start + 1, low, high, looks):
                if n < len(names):
                    names[n] = start, end, first, second if is_two else 0, sure, 0
                n += 1
    return n


@inlined
def _apart(places: Ints, start: int, low: int, high: int, looks: Tables, names: Ints, n: int) -> int:
    # As `_together`, for a name whose characters are set apart by one same sign, or by as many blanks.
    sign, step, mark = char(places, start + 1, low, high), 2, 0
    while step < _FARTHEST and looks.classes[sign] == of.BLANK and char(places, start + step, low, high) == sign:
        step += 1
    first, second = char(places, start + step, low, high), char(places, start + 2 * step, low, high)
    can, written = True, key(places, start, start + 1, low, high)
    for end in range(start + step + 1, start + 2 * step + 2, step):
        given, is_two = char(places, end - 1, low, high), end > start + step + 1
        written = written << of.LETTER | np.uint64(given)
        mark |= int(looks.marks[slot(looks.words, written)])
        can = can and _can(given, looks) and not mark & (of.ORDINARY | of.NO_NAME)
        is_listed = looks.classes[sign] != of.BLANK and sign in (char(places, start - 1, low, high), char(places, end, low, high))
        if can and not is_listed and (is_two or (looks.classes[char(places, end, low, high)] != of.HAN and sign not in _LISTING)):
            if n < len(names):
                names[n] = start, end, first, second if is_two else 0, int(looks.parts[places[start]] & of.SURNAME), step
            n += 1
        for at in range(end, end + step - 1):
            can = can and char(places, at, low, high) == sign
    return n


@compiled
def _candidates(places: Ints, texts: Ints, looks: Tables, names: Ints) -> int:
    # Fills `names` as far as there is room, and returns how many there are in all.
    n = 0
    for number in range(len(texts)):
        low, high = int(texts[number, 0]), int(texts[number, 1])
        for start in range(low, high - 1):
            part = looks.parts[places[start]]
            if part & (of.SURNAME | of.COMPOUND):
                behind = char(places, start + 1, low, high)
                if looks.classes[behind] == of.HAN and (part & of.COMPOUND or not looks.parts[behind] & of.NEVER):
                    n = _together(places, start, low, high, looks, names, n)
                elif looks.parts[behind] & of.BETWEEN and part & of.SURNAME:
                    n = _apart(places, start, low, high, looks, names, n)
    return n
