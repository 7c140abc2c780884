"""Essences (texts without what copies may differ in), their shingles, and the MinHash fingerprints that duplicates are found by.

A fingerprint is MinHash over four-character shingles (Broder 1997, "On the resemblance and containment of documents"), of which 16
bits are kept of each minimum (Li and König 2010, "b-bit minwise hashing"). Four minima make a band, a 64-bit number.

Many essences are handled at once as one array of code points, one text after the other, with an array of their lengths.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import opencc

from kamen_analysis import kept, zh

SHINGLE = 4
MIN_CHARACTERS = 30
LANES = 4  # minima to a band
BANDS = 8
_TOP = 0x33500  # no letter or digit has a code point from here on

_SHELF = kept.Shelf("folded", "zh.py", "dedupe/essences.py")

U64 = npt.NDArray[np.uint64]
U32 = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]

_RANDOM = np.random.default_rng(20_261_122).integers(0, 1 << 32, size=(2, LANES * BANDS), dtype=np.uint32)
_ODD, _SHIFT = _RANDOM[0] | np.uint32(1), _RANDOM[1]
_BASE, MIX = np.uint64(1_000_003), np.uint64(0x9E3779B97F4A7C15)


class Signed(NamedTuple):
    """The fingerprints of n texts: `essence` (n), a digest of each essence; `bands` (BANDS, n). Both are 0 for short texts."""

    essence: U64
    bands: U64


@functools.cache
def _plain() -> U32:
    """Return for each code point up to _TOP the folded one, 0 for what an essence leaves out: all but letters and digits."""
    return np.frombuffer(_SHELF.get(f"plain {opencc.__version__}", lambda: _folded().tobytes()), np.uint32)


def _folded() -> U32:
    folded = zh.fold("".join(map(chr, range(_TOP))))
    return np.array([ord(char) if char.isalnum() else 0 for char in folded] + [0], dtype=np.uint32)


def codes(texts: Sequence[str]) -> tuple[U32, Ints]:
    """Return the code points of the texts' essences, one after the other, and the length of each essence."""
    from kamen_analysis.dedupe import points  # loads numba, which a build with nothing new can do without

    given = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    kept, left = np.empty_like(given), np.empty_like(lengths)
    return kept[: points.keep(given, lengths, _plain(), kept, left)], left


def digests(texts: Iterable[bytes]) -> U64:
    """Return a 64-bit digest of each text; among ten million texts the chance that any two collide is some three in a million."""
    joined = b"".join([hashlib.blake2b(text, digest_size=8).digest() for text in texts])
    return np.frombuffer(joined, "<u8").astype(np.uint64)


def grams(found: U32, lengths: Ints) -> tuple[U64, Ints]:
    """Return the distinct shingles of several essences (see `codes`) as 64-bit numbers, sorted for each, and how many each has.

    Every essence must have at least SHINGLE characters.
    """
    rolled, ends = _rolled(found), np.cumsum(lengths) - SHINGLE + 1
    starts = ends - lengths + SHINGLE - 1
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        rolled[start:end].sort()
    new = np.append(True, rolled[1:] != rolled[:-1])
    new[starts] = True
    new[(starts[1:, None] - np.arange(1, SHINGLE)).ravel()] = False  # shingles over two essences
    before = np.concatenate(([0], np.cumsum(new)))
    return rolled[new], before[ends] - before[starts]


def _rolled(codes: U32) -> U64:
    """Return a 64-bit number for the shingle that starts at each code point (a polynomial hash)."""
    wide = codes.astype(np.uint64)
    rolled = wide[: len(wide) - SHINGLE + 1].copy()
    for k in range(1, SHINGLE):
        rolled *= _BASE
        rolled += wide[k : len(wide) - SHINGLE + 1 + k]
    return rolled


def jaccard(a: U64, b: U64) -> float:
    """Return the Jaccard similarity of two sorted arrays of distinct numbers."""
    both = np.concatenate((a, b))
    both.sort()
    shared = np.count_nonzero(both[1:] == both[:-1])
    return float(shared / (len(both) - shared))


def sign(texts: Sequence[str]) -> Signed:
    """Return the fingerprints of texts (title and body joined)."""
    from kamen_analysis.dedupe import points

    found, lengths = codes(texts)
    essence, least = np.empty(len(texts), np.uint64), np.empty((len(texts), BANDS * LANES), np.uint32)
    points.digest(found, lengths, essence)
    points.minima(found, lengths, _BASE, MIX, _ODD, _SHIFT, least)
    bands = (least * np.uint32(0x9E3779B1) >> np.uint32(16)).astype("<u2").view("<u8").astype(np.uint64)
    is_long = lengths >= MIN_CHARACTERS
    return Signed(np.where(is_long, np.maximum(essence, np.uint64(1)), np.uint64(0)), np.where(is_long, bands.T, np.uint64(0)))
