"""Find duplicate posts: one text filed against two targets, copied whole, or copied with small changes; the earliest counts.

Near copies are found by their fingerprints (see `essences`) and confirmed by the exact Jaccard similarity of their shingles.
Short texts are never called copies: two people may well both write "充了没到".

All steps take and return arrays: for ten million posts, memory holds columns of numbers, a few at a time, and no text. Pairs of rows are
given as two arrays, the earlier row and the later one.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamen_analysis import heap
from kamen_analysis.dedupe.essences import BANDS, MIX, U32, U64, Ints, sign
from kamen_analysis.dedupe.similarity import Numbers, shingles, similarities

THRESHOLD = 0.8
AGREE = 18  # of the 32 minima must agree before two texts are compared; in one of a thousand pairs of similarity 0.8 fewer do
ROWS = 1 << 19  # rows handled at a time
_LAST_BITS = np.uint64((1 << 22) - 1)
_HALF = np.uint64(32)
_THREADS = 2  # bands handled in parallel: each takes about three numbers a post
_HELD = 4  # bands whose pairs are held before those found again are dropped; divides BANDS


def candidates(band: Callable[[int], U64]) -> tuple[U32, U32]:
    """Return the pairs (earlier row, later row) that share a band and at least AGREE minima; `band(k)` returns band k, rows by date.

    A row is paired only with the earliest row of each of its bands, not with all that share the band.
    """
    with ThreadPoolExecutor(_THREADS) as pool:  # numpy works on whole arrays without the interpreter's lock
        first, second = _distinct(pool.map(lambda k: _packed(*repeated(band(k))), range(BANDS)))
        agreed = functools.reduce(operator.iadd, pool.map(lambda k: _agreed(band(k), first, second), range(BANDS)))
    enough = agreed >= AGREE
    return first[enough], second[enough]


def _packed(first: U32, second: U32) -> U64:
    """Return pairs of rows as one number each, which are in order by the second row."""
    return second.astype(np.uint64) << _HALF | first


def _distinct(found: Iterable[U64]) -> tuple[U32, U32]:
    """Return packed pairs of rows, each once, by their second row; of pairs found again in _HELD bands only one is held."""
    pieces: list[U64] = []
    for number, piece in enumerate(found, 1):
        pieces.append(piece)
        if number % _HELD == 0:
            pairs = np.concatenate(pieces)
            pieces.clear()  # Held on to, they would be half of the memory.
            pairs.sort()
            pieces.append(pairs[np.append(True, pairs[1:] != pairs[:-1])[: len(pairs)]])
            del pairs
            heap.give_back()  # Else what was sorted of each band stays with the thread that did it.
    return pieces[0].astype(np.uint32), (pieces[0] >> _HALF).astype(np.uint32)


def _agreed(band: U64, first: U32, second: U32) -> npt.NDArray[np.uint8]:
    """Return for each pair how many minima of one band its rows share."""
    agreed = np.empty(len(first), np.uint8)
    for at in range(0, len(first), ROWS):
        same = (band.take(first[at : at + ROWS]) ^ band.take(second[at : at + ROWS])).view(np.uint16) == 0
        np.bitwise_count(same.view(np.uint32), out=agreed[at : at + ROWS])
    return agreed


def repeated(keys: U64) -> tuple[U32, U32]:
    """Return (lowest row with the same key, row) for every row whose key a lower row has too, in no order.

    About ROWS keys are sorted at a time.
    """
    buckets = len(keys) // ROWS + 1
    bucket_of = (keys % np.uint64(buckets)).astype(np.uint16)
    rows = (np.flatnonzero(bucket_of == bucket).astype(np.uint32) for bucket in range(buckets))
    found = [tuple(map(some.take, _repeated(keys.take(some)))) for some in rows]
    first, second = map(np.concatenate, zip(*found, strict=True))
    return first, second


def _repeated(keys: U64) -> tuple[Ints, Ints]:
    """Return `repeated` of keys that are all sorted at once."""
    # Sorting numbers made of a key's first bits and its row is several times as fast as finding the order of the keys.
    row = np.uint64((1 << len(keys).bit_length()) - 1)
    packed = keys * MIX & ~row | np.arange(len(keys), dtype=np.uint64)  # mixed: keys may differ in their last bits only
    packed.sort()
    at = np.flatnonzero((packed[1:] ^ packed[:-1]) <= row)
    rows = (packed & row).astype(np.int64)
    if (keys.take(rows.take(at)) != keys.take(rows.take(at + 1))).any():  # two keys with the same first bits, by chance
        rows = np.argsort(keys, kind="stable")
        at = np.flatnonzero(keys[rows[1:]] == keys[rows[:-1]])
    is_first = np.append(True, np.diff(at) != 1)[: len(at)]
    runs = np.maximum.accumulate(np.where(is_first, np.arange(len(at)), 0))
    return rows.take(at.take(runs)), rows.take(at + 1)


def among(keys: U64, wanted: U64) -> Ints:
    """Return the rows whose key is one of `wanted`."""
    rows = _likely(keys, wanted)
    return rows[np.isin(keys[rows], wanted)]


def _likely(keys: U64, wanted: U64) -> Ints:
    """Return the rows whose key is one of `wanted`, and a few others whose key only ends in the same bits.

    This is a cheap filter: keys are digests, so that few of them agree in their last bits by chance.
    """
    marked = np.zeros(int(_LAST_BITS) + 1, np.bool_)
    marked[wanted & _LAST_BITS] = True
    return np.flatnonzero(marked[keys & _LAST_BITS])


def components(size: int, first: Numbers, second: Numbers) -> Ints:
    """Return for each of `size` rows the lowest row of its connected component, the links being (first, second)."""
    head = np.arange(size)
    while len(first):
        a, b = head[first], head[second]
        first, second = first[a != b], second[a != b]
        # Each tree's root is hung under the lowest root it is linked to, then all rows point to their root (Shiloach and Vishkin 1982).
        np.minimum.at(head, np.maximum(a, b), np.minimum(a, b))
        while (head[head] != head).any():
            head = head[head]
    return head


def same(keys: U64) -> tuple[U32, U32]:
    """Return (lowest row with the same digest, row) for every repeated digest; digest 0 (a short text) equals nothing."""
    first, second = repeated(keys)
    is_long = keys.take(second) != 0
    return first[is_long], second[is_long]


def duplicates(posts: pd.DataFrame, threshold: float = THRESHOLD) -> pd.DataFrame:
    """Return `dup_group`, `dup_kind`, `dup_size` for each post, on the index of `posts`.

    posts: columns post_id, source, target, title, body, posted_at. A group is named by its earliest post (posts
    without a date come last, ties by post_id). Kinds: first; two_targets (same words, same source, other target);
    exact; near (Jaccard of four-character shingles ≥ `threshold`).
    """
    return duplicates_by(posts, (threshold,))[0]


def duplicates_by(posts: pd.DataFrame, thresholds: Sequence[float]) -> list[pd.DataFrame]:
    """Return `duplicates` of the posts for each threshold, comparing the texts only once."""
    order = posts.sort_values(["posted_at", "post_id"], na_position="last", kind="stable")
    texts = [f"{title}{body}" for title, body in zip(order["title"], order["body"], strict=True)]
    signed = sign(texts)
    exact = same(signed.essence)
    unlike = np.setdiff1d(np.flatnonzero(signed.essence), exact[1])  # the long texts, each once
    first, second = (unlike[side] for side in candidates(lambda k: signed.bands[k][unlike]))
    similarity = similarities(first, second, lambda rows: shingles([texts[row] for row in rows]), min(thresholds))
    described = order.assign(essence=signed.essence)[["post_id", "source", "target", "essence"]]
    found = []
    for threshold in thresholds:
        alike = similarity >= threshold
        head = components(len(texts), np.concatenate((exact[0], first[alike])), np.concatenate((exact[1], second[alike])))
        found.append(describe(described.assign(head=head), described.iloc[head]).loc[posts.index])
    return found


def describe(rows: pd.DataFrame, heads: pd.DataFrame) -> pd.DataFrame:
    """Return `dup_group`, `dup_kind`, `dup_size` of posts, on their index.

    rows: post_id, source, target, essence (digest), head (a number for each group), of whole groups. heads: the same columns, for each
    row those of its group's earliest post.
    """
    ids, digest, source = (heads[name].to_numpy() for name in ("post_id", "essence", "source"))
    is_first = rows["post_id"].to_numpy() == ids
    is_near = rows["essence"].to_numpy() != digest
    target, other = (frame["target"].astype(object).fillna("").to_numpy() for frame in (rows, heads))  # categories know no ""
    is_other = (rows["source"].to_numpy() == source) & (target != other)
    kinds = np.select([is_first, is_near, is_other], ["first", "near", "two_targets"], "exact")
    size = rows.groupby("head")["head"].transform("size")
    return pd.DataFrame({"dup_group": ids, "dup_kind": kinds, "dup_size": size.to_numpy()}, rows.index)
