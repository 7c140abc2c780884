"""Essences (texts without what copies may differ in), their shingles, and the MinHash fingerprints that duplicates are found by.

A fingerprint is MinHash over four-character shingles (Broder 1997, "On the resemblance and containment of documents"), of which 16
bits are kept of each minimum (Li and König 2010, "b-bit minwise hashing"). Four minima make a band, a 64-bit number.

Many essences are handled at once as one array of code points, one text after the other, with an array of their lengths.
"""

from __future__ import annotations

import functools
import hashlib
import re
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
_PIECE = 500  # texts signed at a time: their shingles fit the processor's cache

_SHELF = kept.Shelf("folded", "zh.py", "dedupe/essences.py")

U64 = npt.NDArray[np.uint64]
U32 = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]

_PLACEHOLDER = re.compile(r"\[[^\[\]]{1,8}\]")
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
    bare = [_PLACEHOLDER.sub("", text) if "[" in text else text for text in texts]
    given = np.frombuffer("".join(bare).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    plain = _plain().take(given, mode="clip")
    kept, ends = plain != 0, np.cumsum([0, *map(len, bare)])
    return plain[kept], np.diff(np.concatenate(([0], np.cumsum(kept)))[ends])


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
    new &= _inside(starts, len(rolled))
    before = np.concatenate(([0], np.cumsum(new)))
    return rolled[new], before[ends] - before[starts]


def _inside(starts: Ints, count: int) -> npt.NDArray[np.bool_]:
    """Return which of `count` shingles over several essences lie within one; `starts`: where the essences start."""
    inside = np.ones(count, np.bool_)
    inside[(starts[1:, None] - np.arange(1, SHINGLE)).ravel()] = False
    return inside


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
    pieces = [_signed(texts[at : at + _PIECE]) for at in range(0, len(texts), _PIECE)]
    if not pieces:
        return Signed(np.empty(0, np.uint64), np.empty((BANDS, 0), np.uint64))
    return Signed(np.concatenate([piece.essence for piece in pieces]), np.concatenate([piece.bands for piece in pieces], axis=1))


def _signed(texts: Sequence[str]) -> Signed:
    points, lengths = codes(texts)
    is_long, ends = lengths >= MIN_CHARACTERS, 4 * np.cumsum(lengths)
    digest, bands = np.zeros(len(texts), np.uint64), np.zeros((BANDS, len(texts)), np.uint64)
    raw, starts = points.tobytes(), ends - 4 * lengths
    long_digests = digests(raw[start:end] for start, end in zip(starts[is_long].tolist(), ends[is_long].tolist(), strict=True))
    digest[is_long] = np.maximum(long_digests, np.uint64(1))  # 0 is for short texts
    if is_long.any():
        bands[:, is_long] = _bands(points if is_long.all() else points[np.repeat(is_long, lengths)], lengths[is_long])
    return Signed(digest, bands)


def _bands(codes: U32, lengths: Ints) -> U64:
    """Return the bands (BANDS, n) of n long essences."""
    starts = np.cumsum(lengths) - lengths
    grams = ((_rolled(codes) * MIX) >> np.uint64(32)).astype(np.uint32)
    grams = grams[_inside(starts, len(grams))]
    firsts = starts - np.arange(len(lengths)) * (SHINGLE - 1)
    hashed, least = np.empty_like(grams), np.empty((BANDS, LANES, len(lengths)), np.uint32)
    for odd, shift, row in zip(_ODD, _SHIFT, least.reshape(BANDS * LANES, -1), strict=True):
        # Multiply-shift hashing (Dietzfelbinger et al. 1997): the 32-bit overflow is intended.
        np.multiply(grams, odd, out=hashed)
        np.add(hashed, shift, out=hashed)
        np.minimum.reduceat(hashed, firsts, out=row)
    lanes = (least * np.uint32(0x9E3779B1) >> np.uint32(16)).astype("<u2")
    bands: U64 = np.ascontiguousarray(lanes.transpose(0, 2, 1)).view("<u8")[..., 0].astype(np.uint64)
    return bands
