"""Duplicates: one text filed against two targets, copied whole, or copied with small changes; the earliest is kept.

Near copies are found by MinHash over four-character shingles (Broder 1997, "On the resemblance and containment of documents";
16 bits are kept of each minimum: Li and König 2010, "b-bit minwise hashing") and confirmed by their exact Jaccard similarity.
Short texts are never called copies: two people may well both write "充了没到".

All steps take and give arrays, so that ten million posts need columns of numbers, one at a time, and no text.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import opencc
import pandas as pd

from kamen_analysis import kept, zh

SHINGLE = 4
THRESHOLD = 0.8
MIN_CHARACTERS = 30
LANES = 4  # minima to a band
BANDS = 8
AGREE = 18  # minima of the 32 that two texts must share to be compared: at a similarity of 0.8 fewer happen once in a thousand pairs
_LAST_BITS = np.uint64((1 << 22) - 1)
_TOP = 0x33500  # no letter and no digit stands above
_PIECE = 500  # posts whose shingles stay in the processor's cache

_SHELF = kept.Shelf("folded", "zh.py", "dedupe.py")

U64 = npt.NDArray[np.uint64]
U32 = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]

_PLACEHOLDER = re.compile(r"\[[^\[\]]{1,8}\]")
_RANDOM = np.random.default_rng(20_261_122).integers(0, 1 << 32, size=(2, LANES * BANDS), dtype=np.uint32)
_ODD, _SHIFT = _RANDOM[0] | np.uint32(1), _RANDOM[1]
_BASE, _MIX = np.uint64(1_000_003), np.uint64(0x9E3779B97F4A7C15)


class Signed(NamedTuple):
    """What duplicates are found by: `essence` (n), a digest of each essence; `bands` (BANDS, n). Both are 0 for short texts."""

    essence: U64
    bands: U64


@functools.cache
def _plain() -> U32:
    """Return for each code point below _TOP the one it is read as, 0 for punctuation, spaces and marks."""
    return np.frombuffer(_SHELF.get(f"plain {opencc.__version__}", lambda: _folded().tobytes()), np.uint32)


def _folded() -> U32:
    folded = zh.fold("".join(map(chr, range(_TOP))))
    return np.array([ord(char) if char.isalnum() else 0 for char in folded] + [0], dtype=np.uint32)


def codes(texts: Sequence[str]) -> tuple[U32, Ints]:
    """Return the code points of the texts' essences in one row, and the length of each."""
    bare = [_PLACEHOLDER.sub("", text) if "[" in text else text for text in texts]
    given = np.frombuffer("".join(bare).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    plain = _plain().take(given, mode="clip")
    seen, ends = plain != 0, np.cumsum([0, *map(len, bare)])
    return plain[seen], np.diff(np.concatenate(([0], np.cumsum(seen)))[ends])


def digest(data: bytes) -> int:
    """Return a 64-bit digest: of ten million texts some two in a million runs of the project would share one by chance."""
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


def essence(text: str) -> str:
    """Return the text folded and without punctuation, spaces and placeholders: what two copies share."""
    return codes([text])[0].tobytes().decode("utf-32-le", "surrogatepass")


def grams(found: U32, lengths: Ints) -> tuple[U64, Ints]:
    """Return `shingles_of` each of several essences (of SHINGLE characters at least) whose code points stand in one row, and how many."""
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
    """Return which of the shingles over several essences in one row do not reach into the next."""
    inside = np.ones(count, np.bool_)
    inside[(starts[1:, None] - np.arange(1, SHINGLE)).ravel()] = False
    return inside


def _rolled(codes: U32) -> U64:
    """Return a 64-bit number for the four characters at each place."""
    wide = codes.astype(np.uint64)
    rolled = wide[: len(wide) - SHINGLE + 1].copy()
    for k in range(1, SHINGLE):
        rolled *= _BASE
        rolled += wide[k : len(wide) - SHINGLE + 1 + k]
    return rolled


def shingles(text: str) -> U64:
    """Return the shingles of an essence given as text."""
    return shingles_of(np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32))


def shingles_of(found: U32) -> U64:
    """Return the distinct four-character shingles of an essence (its code points) as 64-bit numbers, sorted."""
    return _distinct(np.sort(found.astype(np.uint64) if len(found) < SHINGLE else _rolled(found)))


def _distinct(ordered: U64) -> U64:
    """Return the different numbers of a sorted array; `np.unique` takes several times as long."""
    first = np.empty(len(ordered), np.bool_)
    first[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


def jaccard(a: U64, b: U64) -> float:
    """Return the Jaccard similarity of two sorted arrays of distinct numbers."""
    both = np.concatenate((a, b))
    both.sort()
    shared = np.count_nonzero(both[1:] == both[:-1])
    return float(shared / (len(both) - shared))


def sign(texts: Sequence[str]) -> Signed:
    """Return the digests and bands of texts (title and body joined)."""
    pieces = [_signed(texts[at : at + _PIECE]) for at in range(0, len(texts), _PIECE)]
    if not pieces:
        return Signed(np.empty(0, np.uint64), np.empty((BANDS, 0), np.uint64))
    return Signed(np.concatenate([piece.essence for piece in pieces]), np.concatenate([piece.bands for piece in pieces], axis=1))


def _signed(texts: Sequence[str]) -> Signed:
    found, lengths = codes(texts)
    long, ends = lengths >= MIN_CHARACTERS, 4 * np.cumsum(lengths)
    digests, bands = np.zeros(len(texts), np.uint64), np.zeros((BANDS, len(texts)), np.uint64)
    raw, starts = found.tobytes(), ends - 4 * lengths
    digests[long] = [digest(raw[start:end]) or 1 for start, end in zip(starts[long].tolist(), ends[long].tolist(), strict=True)]
    if long.any():
        bands[:, long] = _bands(found[np.repeat(long, lengths)], lengths[long])
    return Signed(digests, bands)


def _bands(codes: U32, lengths: Ints) -> U64:
    """Return the bands (BANDS, n) of n long texts whose code points stand in one row."""
    starts = np.cumsum(lengths) - lengths
    grams = ((_rolled(codes) * _MIX) >> np.uint64(32)).astype(np.uint32)
    grams = grams[_inside(starts, len(grams))]
    firsts = starts - np.arange(len(lengths)) * (SHINGLE - 1)
    found = np.zeros((BANDS, len(lengths)), np.uint64)
    for k in range(LANES * BANDS):
        # Multiply-shift hashing (Dietzfelbinger et al. 1997): 32-bit overflow is meant.
        least = np.minimum.reduceat(grams * _ODD[k] + _SHIFT[k], firsts)
        lane = (least * np.uint32(0x9E3779B1)) >> np.uint32(16)
        found[k // LANES] |= lane.astype(np.uint64) << np.uint64(16 * (k % LANES))
    return found


def candidates(band: Callable[[int], U64]) -> tuple[Ints, Ints]:
    """Return the pairs (earlier row, later row) that share a band and AGREE minima; `band(k)` gives band k of rows in time order.

    Of the rows that share a band each is paired with the earliest only.
    """
    packed = [_sharing(band(k)) for k in range(BANDS)]
    pairs = _distinct(np.sort(np.concatenate(packed)))
    first, second = (pairs >> np.uint64(32)).astype(np.int64), (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)
    agreed = np.zeros(len(pairs), np.int8)
    for k in range(BANDS):
        differ = band(k)
        differ = differ[first] ^ differ[second]
        for lane in range(LANES):
            agreed += (differ >> np.uint64(16 * lane)) & np.uint64(0xFFFF) == 0
    return first[agreed >= AGREE], second[agreed >= AGREE]


def _sharing(keys: U64) -> U64:
    """Return first << 32 | other for all rows that share a key, the first being the lowest row."""
    ordered = np.sort(keys)
    again = _distinct(ordered[1:][ordered[1:] == ordered[:-1]])
    rows = among(keys, again)
    rows = rows[np.argsort(keys[rows], kind="stable")]
    found = keys[rows]
    new = np.concatenate(([True], found[1:] != found[:-1])) if len(rows) else np.empty(0, np.bool_)
    heads = rows[np.maximum.accumulate(np.where(new, np.arange(len(rows)), 0))]
    return (heads[~new].astype(np.uint64) << np.uint64(32)) | rows[~new].astype(np.uint64)


def among(keys: U64, some: U64) -> Ints:
    """Return the rows whose key is one of `some`; keys are digests, so that a table over their last bits leaves few to look at."""
    marked = np.zeros(int(_LAST_BITS) + 1, np.bool_)
    marked[some & _LAST_BITS] = True
    rows = np.flatnonzero(marked[keys & _LAST_BITS])
    return rows[np.isin(keys[rows], some)]


def confirmed(first: Ints, second: Ints, grams: Callable[[int], U64], threshold: float = THRESHOLD) -> npt.NDArray[np.bool_]:
    """Return for each candidate pair whether its texts are alike enough; `grams(row)` gives the shingles of an essence."""
    def alike(a: U64, b: U64) -> bool:
        # No two sets are more alike than their sizes are.
        return threshold * max(len(a), len(b)) <= min(len(a), len(b)) and jaccard(a, b) >= threshold

    return np.array([alike(grams(a), grams(b)) for a, b in zip(first.tolist(), second.tolist(), strict=True)], np.bool_)


def components(size: int, first: Ints, second: Ints) -> Ints:
    """Return for each of `size` rows the lowest row it is linked to, over any number of links."""
    head = np.arange(size)
    while len(first):
        a, b = head[first], head[second]
        first, second = first[a != b], second[a != b]
        # Each group hangs itself under the lowest it is linked to (Shiloach and Vishkin 1982), then all point to the top.
        np.minimum.at(head, np.maximum(a, b), np.minimum(a, b))
        while (head[head] != head).any():
            head = head[head]
    return head


def same(keys: U64) -> tuple[Ints, Ints]:
    """Return (first row, later row) for rows of one digest; digest 0 (a short text) is like nothing."""
    packed = _sharing(keys)
    first, second = (packed >> np.uint64(32)).astype(np.int64), (packed & np.uint64(0xFFFFFFFF)).astype(np.int64)
    return first[keys[first] != 0], second[keys[first] != 0]


def duplicates(posts: pd.DataFrame, threshold: float = THRESHOLD) -> pd.DataFrame:
    """Return `dup_group`, `dup_kind`, `dup_size` for each post, on the index of `posts`.

    posts: columns post_id, source, target, title, body, posted_at. A group is named by its earliest post (posts
    without a date come last, ties by post_id). Kinds: first; two_targets (same words, same source, other target);
    exact; near (Jaccard of four-character shingles ≥ `threshold`).
    """
    order = posts.sort_values(["posted_at", "post_id"], na_position="last", kind="stable")
    texts = [f"{title}{body}" for title, body in zip(order["title"], order["body"], strict=True)]
    signed = sign(texts)
    exact = same(signed.essence)
    one = np.setdiff1d(np.flatnonzero(signed.essence), exact[1])
    first, second = (one[side] for side in candidates(lambda k: signed.bands[k][one]))
    alike = confirmed(first, second, functools.lru_cache(lambda row: shingles(essence(texts[row]))), threshold)
    head = components(len(texts), np.concatenate((exact[0], first[alike])), np.concatenate((exact[1], second[alike])))
    described = order.assign(essence=signed.essence, head=head)[["post_id", "source", "target", "essence", "head"]]
    return describe(described, described.iloc[head]).loc[posts.index]


def describe(rows: pd.DataFrame, heads: pd.DataFrame) -> pd.DataFrame:
    """Return `dup_group`, `dup_kind`, `dup_size` of `rows` (post_id, source, target, essence, head), `heads` being each one's head.

    `rows` holds every post of the groups it speaks of; `head` numbers a group.
    """
    ids, words, source = (heads[name].to_numpy() for name in ("post_id", "essence", "source"))
    is_first = rows["post_id"].to_numpy() == ids
    is_near = rows["essence"].to_numpy() != words
    is_two = (rows["source"].to_numpy() == source) & (rows["target"].fillna("").to_numpy() != heads["target"].fillna("").to_numpy())
    kinds = np.select([is_first, is_near, is_two], ["first", "near", "two_targets"], "exact")
    size = rows.groupby("head")["head"].transform("size")
    return pd.DataFrame({"dup_group": ids, "dup_kind": kinds, "dup_size": size.to_numpy()}, rows.index)
