"""Where in the texts something stands that patterns need close by: digits in a row, or a mark of a name or an address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from kamen_analysis import kept
from kamen_analysis.kernels import compiled
from kamen_analysis.redact import tight
from kamen_analysis.redact.kinds import SHELF
from kamen_analysis.redact.leads import Group, View, every
from kamen_analysis.redact.reading import JOINT, NUMERALS, Reading
from kamen_analysis.redact.rules import expand
from kamen_analysis.redact.starts import SIZE
from kamen_analysis.redact.tables import Bools, Ints
from kamen_analysis.redact.windows import Windows, widened

# How far around a match a pattern may reach: before, behind. The match of each but <RUN> is the macro of that name.
REACH = {"<RUN>": (24, 16), "<KEY_RUN>": (24, 16), "<STREET_NUMBER>": (40, 40), "<BUILDING>": (48, 32), "<VILLAGE>": (32, 32),
         "<ROOM>": (60, 4), "<NAME_FORM>": (3, 8), "<NAME_FORM_MORE>": (0, 8),
         "<FAMILIAR>": (2, 8), "<ELDER>": (3, 6), "<TITLE>": (6, 6), "<LINE>": (0, 44),
         "<SPEAKER>": (110, 30), "<NUMERAL_CODE>": (24, 32), "<PIECES>": (24, 40),
         "<COLONS>": (5, 40), "<FORM>": (3, 8), "<NICK_SAYS>": (2, 8), "<ACTOR>": (2, 10), "<NICK_ROLE>": (0, 4), "<MARKED>": (16, 16),
         "<MIXED>": (25, 25), "<SPACED>": (40, 90), "<SPACED_CODE>": (16, 90), "<CODE>": (32, 44), "<CODE_END>": (32, 44),
         "<HANDLE>": (24, 32), "<STUFFED>": (2, 20), "<MARK_ALONE>": (0, 0), "<REGION_NUMBER>": (24, 40), "<SLASHED>": (20, 60),
         "<FOURS>": (12, 60), "<UNWORDED>": (0, 8), "<TELLING>": (3, 8), "<ACTING>": (0, 10), "<UNITS>": (48, 32), "<CALLED_AH>": (1, 8),
         "<FLAT>": (48, 8), "<HALF>": (2, 10), **dict.fromkeys(tight.MARKS, (0, 0))}

_RUN_REACH = np.array([REACH["<RUN>"]])
MARKS = [name for name in REACH if name != "<RUN>"]

# Marks before which no address reaches back across one of these: a window begins behind the last of them.
_ADDRESSES = {"<STREET_NUMBER>", "<BUILDING>", "<VILLAGE>", "<ROOM>", "<REGION_NUMBER>", "<UNITS>", "<FLAT>"}
_OUTSIDE_ADDRESSES = re.compile(r"[^\w\s,()-]|[在住到是寄至往我你他的了]")

_ROW = 5  # so many digits make a row
_STEP = 5  # with no more than this from one to the next
_DIGITS = "0123456789０１２３４５６７８９" + "".join(map(chr, NUMERALS))
_BETWEEN = re.compile(r"(?![。!?;%¥$￥])[\W_丨丶]|[杠横空格减点]")


def _tables() -> dict[str, npt.NDArray[Any]]:
    """Return of every code point whether it stands outside addresses, and what it does in a row of digits."""
    every = "".join(map(chr, range(SIZE - 1)))
    outside = np.zeros(SIZE, dtype=bool)
    outside[[match.start() for match in _OUTSIDE_ADDRESSES.finditer(every)]] = True
    row = np.zeros(SIZE, dtype=np.uint8)  # 0 ends a row, 1 stands between, 2 a letter used for a digit, 3 a digit
    row[[match.start() for match in _BETWEEN.finditer(every)]] = 1
    row[[ord(c) for c in "olisz"]] = 2
    row[[ord(c) for c in _DIGITS]] = 3
    return {"outside": outside, "row": row}


class Near:
    """Where the marks stand: the pattern of each, tried where it can begin, and rows of digits."""

    def __init__(self, group: Group) -> None:
        self._regex, self._group = [kept.pattern(expand(name)) for name in MARKS], group
        self._every = every(len(MARKS))
        self._reach = np.array([REACH[name] for name in MARKS])
        self._is_address = np.array([name in _ADDRESSES for name in MARKS])
        tables = SHELF.packed("near", _tables)
        self._outside, self._row = tables["outside"], tables["row"]

    def marks(self, reading: Reading, view: View) -> dict[str, Windows]:
        """Return the windows around each mark, that of <RUN> left out."""
        number, at, _ = self._group.begin(view.classes, np.array([[1, len(view.classes) - len(JOINT), 0]]), self._every)
        spans = np.array(list(self._spans(reading.words, number.tolist(), at.tolist())), np.int64).reshape(-1, 3)
        least = np.zeros(len(spans), np.int64)
        _behind_outside(spans, self._is_address, self._outside, view.places, self._reach, least)
        windows = widened(spans, reading, self._reach, least)
        bounds = np.searchsorted(windows[:, 2], np.arange(len(MARKS) + 1)).tolist()
        return {name: windows[low:high, :2] for name, low, high in zip(MARKS, bounds, bounds[1:], strict=False)}

    def _spans(self, text: str, numbers: list[int], at: list[int]) -> Iterator[tuple[int, int, int]]:
        for number, place in zip(numbers, at, strict=True):
            if match := self._regex[number].match(text, place):
                yield place, match.end(), number

    def runs(self, reading: Reading, view: View) -> Windows:
        """Return the windows around five digits in a row, whatever stands between them."""
        out = np.empty((len(view.places), 3), np.int64)
        spans = out[:_rows(self._row, view.places, out)]
        return widened(spans, reading, _RUN_REACH, np.zeros(len(spans), np.int64))[:, :2]


@compiled
def _behind_outside(spans: Ints, is_address: Bools, outside: Bools, places: Ints, reach: Ints, least: Ints) -> None:
    # Tells of each mark of an address where the last character before it, within its reach, that no address has in it ends.
    for number in range(len(spans)):
        at, mark = spans[number, 0], spans[number, 2]
        if is_address[mark]:
            low = max(0, at - reach[mark, 0])
            while at > low and not outside[places[at - 1]]:
                at -= 1
            least[number] = at


@compiled
def _rows(row: npt.NDArray[np.uint8], places: Ints, out: Ints) -> int:
    # Fills `out` with the start and end of every five digits in a row, and returns how many these are.
    digits, many, n = np.zeros(_ROW, np.int64), 0, 0
    for at in range(len(places)):
        does = row[places[at]]
        if does == 0:
            many = 0
        elif does >= 2:
            many = many + 1 if many and at - digits[(many - 1) % _ROW] <= _STEP else 1
            digits[(many - 1) % _ROW] = at
            if many >= _ROW and row[places[digits[many % _ROW]]] == 3:
                out[n, 0], out[n, 1], out[n, 2] = digits[many % _ROW], at + 1, 0
                n += 1
    return n
