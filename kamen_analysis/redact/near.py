"""Where in the texts something stands that patterns need close by: digits in a row, or a mark of a name or an address."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from kamen_analysis import kept
from kamen_analysis.redact.kinds import SHELF
from kamen_analysis.redact.leads import Group, View
from kamen_analysis.redact.reading import NUMERALS, Reading
from kamen_analysis.redact.rules import expand
from kamen_analysis.redact.starts import SIZE
from kamen_analysis.redact.windows import NONE, Windows, widened

# How far around a match a pattern may reach: before, behind. The match of each but <RUN> is the macro of that name.
REACH = {"<RUN>": (24, 16), "<KEY_RUN>": (24, 16), "<STREET_NUMBER>": (40, 40), "<BUILDING>": (48, 32), "<VILLAGE>": (32, 32),
         "<ROOM>": (60, 4), "<NAME_FORM>": (3, 8), "<NAME_FORM_MORE>": (0, 8),
         "<FAMILIAR>": (2, 8), "<ELDER>": (3, 6), "<TITLE>": (6, 6), "<LINE>": (0, 44),
         "<COLONS>": (5, 40), "<FORM>": (3, 8), "<NICK_SAYS>": (2, 8), "<ACTOR>": (2, 10), "<NICK_ROLE>": (0, 4), "<MARKED>": (16, 16),
         "<MIXED>": (25, 25), "<SPACED>": (40, 90), "<SPACED_CODE>": (16, 90), "<CODE>": (32, 44), "<CODE_END>": (32, 44),
         "<HANDLE>": (24, 32), "<STUFFED>": (2, 20), "<MARK_ALONE>": (0, 0), "<REGION_NUMBER>": (24, 40), "<SLASHED>": (20, 60),
         "<FOURS>": (12, 60), "<UNWORDED>": (0, 8), "<TELLING>": (3, 8), "<ACTING>": (0, 10), "<UNITS>": (48, 32), "<CALLED_AH>": (1, 8)}

MARKS = [name for name in REACH if name != "<RUN>"]

# Marks before which no address reaches back across one of these: a window begins behind the last of them.
_ADDRESSES = {"<STREET_NUMBER>", "<BUILDING>", "<VILLAGE>", "<ROOM>", "<REGION_NUMBER>", "<UNITS>"}
_OUTSIDE_ADDRESSES = re.compile(r"[^\w\s,()-]|[在住到是寄至往我你他的了]")

_ROW = 5  # so many digits make a row
_STEP = 5  # with no more than this from one to the next
_DIGITS = "0123456789０１２３４５６７８９" + "".join(map(chr, NUMERALS))
_BETWEEN = re.compile(r"(?![。!?;%¥$￥])[\W_丨]|[杠横空格减点]")


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
        self._regex, self._group = {name: kept.pattern(expand(name)) for name in MARKS}, group
        tables = SHELF.packed("near", _tables)
        self._outside, self._row = tables["outside"], tables["row"]

    def marks(self, reading: Reading, view: View) -> dict[str, Windows]:
        """Return the windows around each mark, that of <RUN> left out."""
        outside = np.append(0, self._outside.take(view.places).nonzero()[0] + 1)
        numbers, at = self._group.everywhere(view.classes)
        bounds = np.searchsorted(numbers, np.arange(len(self._regex) + 1)).tolist()
        found = {}
        for (name, regex), low, high in zip(self._regex.items(), bounds, bounds[1:], strict=False):
            if low == high:
                found[name] = NONE
                continue
            matches = [match.span() for match in map(regex.match, itertools.repeat(reading.words), at[low:high].tolist()) if match]
            spans = np.array(matches, dtype=np.int64).reshape(-1, 2)
            least = outside[np.searchsorted(outside, spans[:, 0], "right") - 1] if name in _ADDRESSES else None
            found[name] = widened(spans, reading, *REACH[name], least)
        return found

    def runs(self, reading: Reading, view: View) -> Windows:
        """Return the windows around five digits in a row, whatever stands between them."""
        row = self._row.take(view.places)
        digits = (row >= 2).nonzero()[0]
        if len(digits) < _ROW:
            return NONE
        ends = np.cumsum(row == 0, dtype=np.int32)
        near = np.append(np.diff(digits) <= _STEP, False)
        close = near[:-_ROW + 1] & near[1:-_ROW + 2] & near[2:-_ROW + 3] & near[3:-_ROW + 4]
        first, last = digits[:-_ROW + 1], digits[_ROW - 1:]
        whole = close & (ends[first] == ends[last]) & (row[first] == 3)
        return widened(np.stack([first[whole], last[whole] + 1], axis=1), reading, *REACH["<RUN>"])
