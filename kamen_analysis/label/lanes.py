"""Add up rows of small numbers, sixteen columns at once: four words of 64 bits, each with four lanes of 16 bits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.kernels import lean
from kamen_analysis.label.senses import Numbers
from kamen_analysis.label.text import Ints

_WORDS, _LANES, _BITS = 4, 4, 16  # Words a row, lanes a word, bits a lane.


class Packed(NamedTuple):
    """Rows of numbers (tables, rows, words), sixteen columns a table; `room`: so many rows can be added up before a lane overflows."""

    words: npt.NDArray[np.int64]
    room: int


def pack(numbers: Ints) -> Packed:
    """Return numbers (rows, columns), small beside 2 ** 15, packed."""
    rows, columns = numbers.shape
    out = np.zeros((-(-columns // (_WORDS * _LANES)), rows, _WORDS), np.int64)
    for column in range(columns):
        word, lane = divmod(column, _LANES)
        out[word // _WORDS, :, word % _WORDS] += numbers[:, column].astype(np.int64) << lane * _BITS
    return Packed(out, ((1 << _BITS - 1) - 1) // max(int(np.abs(numbers).max()), 1))


def totals(sorts: Iterable[tuple[Ints, Numbers]], starts: Ints, tables: Sequence[Packed]) -> Ints:
    """Return the sums of numbers (starts, columns) over stretches of text, each from one of `starts` (ascending) to the next.

    `sorts`: pairs of places (ascending, none before the first start) and of the rows (places, n) that count at each; `tables`: of each
    sort the rows.
    """
    out = np.zeros((len(tables[0].words), len(starts), _WORDS * _LANES), np.int32)
    for (at, rows), (tabled, room) in zip(sorts, tables, strict=True):
        for words, sums in zip(tabled, out, strict=True):
            _add(at, rows, starts, words, room, sums)
    return out.transpose(1, 0, 2).reshape(len(starts), -1)


@lean
def _unpack(word: int, sums: Ints) -> None:
    # Adds the lanes of a word to `sums`; a negative lane has borrowed 1 from the one above it, which is given back.
    half = 1 << _BITS - 1
    for lane in range(_LANES):
        number = (word + half & (1 << _BITS) - 1) - half
        sums[lane] += number
        word = word - number >> _BITS


@lean
def _add(at: Ints, rows: Numbers, starts: Ints, table: npt.NDArray[np.int64], room: int, sums: Ints) -> None:
    i, most = np.uint64(0), np.uint64(max(room // rows.shape[1], 1))
    for n in range(len(starts)):
        end = starts[n + 1] if n + 1 < len(starts) else np.iinfo(np.int32).max
        while i < len(at) and at[i] < end:
            a = b = c = d = 0
            last = min(np.uint64(i + most), np.uint64(len(at)))
            while i < last and at[i] < end:
                for k in range(rows.shape[1]):
                    row = rows[i, np.uint64(k)]
                    a, b, c, d = a + table[row, 0], b + table[row, 1], c + table[row, 2], d + table[row, 3]
                i = np.uint64(i + 1)
            _unpack(a, sums[n, :4])
            _unpack(b, sums[n, 4:8])
            _unpack(c, sums[n, 8:12])
            _unpack(d, sums[n, 12:])
