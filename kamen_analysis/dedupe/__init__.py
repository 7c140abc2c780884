"""Duplicates: one text filed against two targets, copied whole, or copied with small changes; the earliest is kept.

Near copies are found by their fingerprints (see `essences`) and confirmed by the exact Jaccard similarity of their shingles.
Short texts are never called copies: two people may well both write "充了没到".

All steps take and give arrays, so that ten million posts need columns of numbers, one at a time, and no text.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamen_analysis.dedupe.essences import BANDS, LANES, MIX, U32, U64, Ints, distinct, essence, jaccard, shingles, sign

THRESHOLD = 0.8
AGREE = 18  # minima of the 32 that two texts must share to be compared: at a similarity of 0.8 fewer happen once in a thousand pairs
ROWS = 1 << 19  # looked at together
_LAST_BITS = np.uint64((1 << 22) - 1)
_PAIRS = 2000  # likewise
_DRAWERS = 256
_AT_ONCE = 2  # bands looked at side by side: each takes some three numbers a post

Numbers = Ints | U32


def candidates(band: Callable[[int], U64]) -> tuple[U32, U32]:
    """Return the pairs (earlier row, later row) that share a band and AGREE minima; `band(k)` gives band k of rows in time order.

    Of the rows that share a band each is paired with the earliest only.
    """
    pairs = [(first, second, np.zeros(len(first), np.int8)) for first, second in _sharing(band)]
    for k in range(BANDS):
        keys = band(k)
        for first, second, agreed in pairs:
            agreed += _agreed(keys, first, second)
    first, second = (np.concatenate([pair[side][pair[2] >= AGREE] for pair in pairs]) for side in (0, 1))
    return first, second


def _agreed(band: U64, first: U32, second: U32) -> npt.NDArray[np.int8]:
    """Return how many minima of a band the rows of each pair share."""
    same = ((band[first] ^ band[second]).view(np.uint16) == 0).view(np.int8)
    agreed: npt.NDArray[np.int8] = functools.reduce(np.add, (same[lane::LANES] for lane in range(LANES)))
    return agreed


def _sharing(band: Callable[[int], U64]) -> Iterator[tuple[U32, U32]]:
    """Yield (first row, later row) of the pairs that share a band, each once, of some later rows at a time."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # numpy sorts and counts side by side
        firsts = list(pool.map(lambda k: earliest(band(k)), range(BANDS)))
    for at in range(0, len(firsts[0]) or 1, ROWS):
        first = np.sort(np.stack([one[at : at + ROWS] for one in firsts], axis=1))
        later = np.broadcast_to(np.arange(at, at + len(first), dtype=np.uint32)[:, None], first.shape)
        new = first < later
        new[:, 1:] &= first[:, 1:] != first[:, :-1]
        yield first[new], later[new]


def earliest(keys: U64) -> U32:
    """Return for each row the lowest row of the same key; the keys are looked at a part at a time."""
    found, parts = np.arange(len(keys), dtype=np.uint32), len(keys) // ROWS | 1  # an odd number leaves the last bits as they are spread
    part = (keys % np.uint64(parts)).astype(np.uint16)
    for which in range(parts):
        rows = np.flatnonzero(part == which)
        first, second = _repeated(keys[rows])
        found[rows[second]] = rows[first]
    return found


def _repeated(keys: U64) -> tuple[Ints, Ints]:
    """Return (first row, later row) for all rows whose key a lower one has."""
    ordered = np.sort(keys)
    rows = _likely(keys, distinct(ordered[1:][ordered[1:] == ordered[:-1]]))
    found = keys[rows]
    order = np.argsort(found)
    found = found[order]
    new = np.concatenate(([True], found[1:] != found[:-1])) if len(rows) else np.empty(0, np.bool_)
    # Sorting by key leaves equal keys in any order: a second sort, by the key's number and the row, costs less than one that would not.
    both = np.sort(np.cumsum(new) << 32 | rows[order]) & 0xFFFFFFFF
    heads = both[np.maximum.accumulate(np.where(new, np.arange(len(both)), 0))]
    return heads[~new], both[~new]


def among(keys: U64, some: U64) -> Ints:
    """Return the rows whose key is one of `some`."""
    rows = _likely(keys, some)
    return rows[np.isin(keys[rows], some)]


def _likely(keys: U64, some: U64) -> Ints:
    """Return the rows whose key is one of `some`, and a few more; keys are digests, so that a table over their last bits leaves few."""
    marked = np.zeros(int(_LAST_BITS) + 1, np.bool_)
    marked[some & _LAST_BITS] = True
    return np.flatnonzero(marked[keys & _LAST_BITS])


def confirmed(first: Numbers, second: Numbers, grams: Callable[[int], U64], threshold: float = THRESHOLD) -> npt.NDArray[np.bool_]:
    """Return for each candidate pair whether its texts are alike enough; `grams(row)` gives the shingles of an essence."""
    alike = np.zeros(len(first), np.bool_)
    for at in range(0, len(first), _PAIRS):
        rows, pairs = np.unique(np.concatenate((first[at : at + _PAIRS], second[at : at + _PAIRS])), return_inverse=True)
        found, (a, b) = [grams(row) for row in rows.tolist()], pairs.reshape(2, -1)
        for pair in np.flatnonzero(_most_alike(found, a, b) >= threshold).tolist():
            alike[at + pair] = jaccard(found[a[pair]], found[b[pair]]) >= threshold
    return alike


def _most_alike(grams: list[U64], a: Ints, b: Ints) -> npt.NDArray[np.float64]:
    """Return how alike the texts of each pair are at most.

    Put into drawers by a digest, two texts share in each drawer at most as many shingles as the lesser has there.
    """
    sizes = np.array(list(map(len, grams)))
    drawer = (np.concatenate(grams) * MIX >> np.uint64(56)).astype(np.int64) + np.repeat(np.arange(len(grams)) * _DRAWERS, sizes)
    counts = np.bincount(drawer, minlength=len(grams) * _DRAWERS).astype(np.uint16).reshape(-1, _DRAWERS)
    shared = np.minimum(counts[a], counts[b]).sum(axis=1, dtype=np.int64)
    most: npt.NDArray[np.float64] = shared / (sizes[a] + sizes[b] - shared)
    return most


def components(size: int, first: Numbers, second: Numbers) -> Ints:
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


def same(keys: U64) -> tuple[U32, U32]:
    """Return (first row, later row) for rows of one digest; digest 0 (a short text) is like nothing."""
    first = earliest(keys)
    later = np.flatnonzero((first != np.arange(len(keys))) & (keys != 0)).astype(np.uint32)
    return first[later], later


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
