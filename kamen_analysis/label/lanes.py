"""Add up rows of 8-bit weights, sixteen columns at once: four words of 64 bits, each with four lanes of 16 bits."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from kamen_analysis.kernels import lean
from kamen_analysis.label.senses import Numbers
from kamen_analysis.label.text import Ints

Packed = npt.NDArray[np.int64]
_WORDS, _LANES, _BITS = 4, 4, 16  # Words a row, lanes a word, bits a lane.
_ROOM = 1 << _BITS - 8  # So many 8-bit weights can be added up before a lane overflows.


def pack(weights: npt.NDArray[np.int8]) -> Packed:
    """Return weights (rows, columns) packed as (tables, rows + 1, words): a table holds sixteen columns, the row added last is zero."""
    rows, columns = weights.shape
    out = np.zeros((-(-columns // (_WORDS * _LANES)), rows + 1, _WORDS), np.int64)
    for column in range(columns):
        word, lane = divmod(column, _LANES)
        out[word // _WORDS, :-1, word % _WORDS] += weights[:, column].astype(np.int64) << lane * _BITS
    return out


def totals(sorts: Iterable[tuple[Ints, Numbers]], starts: Ints, tables: Packed) -> Ints:
    """Return the sums of weights (starts, columns) over stretches of text, each from one of `starts` (ascending) to the next.

    `sorts`: pairs of places (ascending, none before the first start) and of the rows (places, n) of the weights that count at each.
    """
    out = np.zeros((len(tables), len(starts), _WORDS * _LANES), np.int32)
    for at, rows in sorts:
        for table, sums in zip(tables, out, strict=True):
            _add(at, rows, starts, table, sums)
    return out.transpose(1, 0, 2).reshape(len(starts), -1)


@lean
def _unpack(word: int, sums: npt.NDArray[np.int32]) -> None:
    # Adds the lanes of a word to `sums`; a negative lane has borrowed 1 from the one above it, which is given back.
    half = 1 << _BITS - 1
    for lane in range(_LANES):
        number = (word + half & (1 << _BITS) - 1) - half
        sums[lane] += number
        word = word - number >> _BITS


@lean
def _add(at: Ints, rows: Numbers, starts: Ints, table: Packed, sums: npt.NDArray[np.int32]) -> None:
    i, most = np.uint64(0), np.uint64(_ROOM // rows.shape[1])
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
