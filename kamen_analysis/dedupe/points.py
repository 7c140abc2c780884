"""Compiled loops over the code points of many texts, which stand one after the other: their essences and fingerprints."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kamen_analysis.kernels import lean

U64 = npt.NDArray[np.uint64]
U32 = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]

_OPEN, _CLOSE, _LONGEST = ord("["), ord("]"), 8  # characters of a placeholder's name
_SEED, _MULTIPLIER = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)


@lean
def keep(points: U32, lengths: Ints, plain: U32, kept: U32, left: Ints) -> int:
    """Write the plain code points of each text, without its placeholders, to `kept` and how many these are to `left`; return their sum.

    plain: for each code point the one it is compared as, 0 for none; those beyond it are not kept.
    """
    start = size = 0
    for text in range(len(lengths)):
        at, end, before = start, start + lengths[text], size
        while at < end:
            point = points[at]
            at += 1
            if point == _OPEN:
                close = at
                while close < min(end, at + _LONGEST) and points[close] != _OPEN and points[close] != _CLOSE:
                    close += 1
                if at < close < end and points[close] == _CLOSE:
                    at = close + 1
                    continue
            if point < len(plain) and plain[point] != 0:
                kept[size] = plain[point]
                size += 1
        start, left[text] = end, size - before
    return size


@lean
def digest(points: U32, lengths: Ints, digests: U64) -> None:
    """Write a 64-bit digest of each text to `digests`."""
    at = 0
    for text in range(len(lengths)):
        state = _SEED
        for point in points[at : at + lengths[text]]:
            state = (state ^ np.uint64(point)) * _MULTIPLIER
            state ^= state >> _HALF
        digests[text] = state
        at += lengths[text]


@lean
def minima(points: U32, lengths: Ints, base: np.uint64, mix: np.uint64, odd: U32, shift: U32, least: U32) -> None:
    """Write to the rows of `least` the minima of each text over its shingles of four code points, a minimum for each `odd` and `shift`.

    Multiply-shift hashing (Dietzfelbinger et al. 1997): that 32 bits overflow is intended.
    """
    start = 0
    for text in range(len(lengths)):
        row = least[text]
        row[:] = 0xFFFFFFFF
        for at in range(start, start + lengths[text] - 3):
            rolled = np.uint64(points[at])
            for further in range(1, 4):
                rolled = rolled * base + np.uint64(points[at + further])
            gram = np.uint32((rolled * mix) >> _HALF)
            for lane in range(len(odd)):
                row[lane] = min(row[lane], np.uint32(gram * odd[lane] + shift[lane]))
        start += lengths[text]
