"""Duplicates: one text filed against two targets, copied whole, or copied with small changes; the earliest is kept.

Near copies are found by MinHash over four-character shingles and confirmed by their exact Jaccard similarity
(Broder 1997, "On the resemblance and containment of documents"). Short texts are never called copies: two people
may well both write "充了没到".
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamen_analysis import zh

SHINGLE = 4
THRESHOLD = 0.8
MIN_CHARACTERS = 30
PERMUTATIONS = 96
BANDS = 24

_MARKS = re.compile(r"[\W_]+")
_RANDOM = np.random.default_rng(20_261_122).integers(0, 1 << 63, size=(2, PERMUTATIONS, 1), dtype=np.uint64)
_ODD, _SHIFT = _RANDOM[0] | np.uint64(1), _RANDOM[1]


def essence(text: str) -> str:
    """Return the text folded and without punctuation, spaces and placeholders: what two copies share."""
    return _MARKS.sub("", zh.fold(re.sub(r"\[[^\[\]]{1,8}\]", "", text)))


def shingles(text: str) -> npt.NDArray[np.uint64]:
    """Return the distinct four-character shingles of `text` as 64-bit numbers, sorted."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    if len(codes) < SHINGLE:
        return np.unique(codes)
    rolled = np.zeros(len(codes) - SHINGLE + 1, dtype=np.uint64)
    for k in range(SHINGLE):
        rolled = rolled * np.uint64(1_000_003) + codes[k : len(codes) - SHINGLE + 1 + k]
    return np.unique(rolled)


def signature(grams: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return the MinHash signature (PERMUTATIONS numbers) of a set of shingles."""
    # Multiply-shift hashing (Dietzfelbinger et al. 1997): 64-bit overflow is meant, the high half is kept.
    mixed = ((grams ^ (grams >> np.uint64(29)))[None, :] * _ODD + _SHIFT) >> np.uint64(32)
    return np.asarray(mixed.min(axis=1), dtype=np.uint64)


def jaccard(a: npt.NDArray[np.uint64], b: npt.NDArray[np.uint64]) -> float:
    """Return the Jaccard similarity of two sorted arrays of distinct numbers."""
    shared = len(np.intersect1d(a, b, assume_unique=True))
    return shared / (len(a) + len(b) - shared)


class _Groups:
    """Union-find over row numbers; the smallest row number names the group."""

    def __init__(self, size: int) -> None:
        self.parent = list(range(size))

    def find(self, row: int) -> int:
        while self.parent[row] != row:
            self.parent[row] = self.parent[self.parent[row]]
            row = self.parent[row]
        return row

    def join(self, a: int, b: int) -> None:
        low, high = sorted((self.find(a), self.find(b)))
        self.parent[high] = low


def _candidates(grams: list[npt.NDArray[np.uint64]], rows: Iterable[int]) -> set[tuple[int, int]]:
    buckets: dict[tuple[int, bytes], int] = {}
    pairs = set()
    width = PERMUTATIONS // BANDS
    for row in rows:
        signed = signature(grams[row])
        for band in range(BANDS):
            key = (band, signed[band * width : (band + 1) * width].tobytes())
            first = buckets.setdefault(key, row)
            if first != row:
                pairs.add((first, row))
    return pairs


def duplicates(posts: pd.DataFrame, threshold: float = THRESHOLD) -> pd.DataFrame:
    """Return `dup_group`, `dup_kind`, `dup_size` for each post, on the index of `posts`.

    posts: columns post_id, source, target, title, body, posted_at. A group is named by its earliest post (posts
    without a date come last, ties by post_id). Kinds: first; two_targets (same words, same source, other target);
    exact; near (Jaccard of four-character shingles ≥ `threshold`).
    """
    order = posts.sort_values(["posted_at", "post_id"], na_position="last", kind="stable")
    words = [essence(f"{title}{body}") for title, body in zip(order["title"], order["body"], strict=True)]
    long = [row for row, text in enumerate(words) if len(text) >= MIN_CHARACTERS]
    groups = _Groups(len(words))
    same: dict[str, int] = {}
    for row in long:
        groups.join(same.setdefault(words[row], row), row)
    grams = [shingles(text) if len(text) >= MIN_CHARACTERS else np.empty(0, np.uint64) for text in words]
    for a, b in sorted(_candidates(grams, [row for row in long if same[words[row]] == row])):
        if groups.find(a) != groups.find(b) and jaccard(grams[a], grams[b]) >= threshold:
            groups.join(a, b)
    return _described(order, words, [groups.find(row) for row in range(len(words))]).loc[posts.index]


def _described(order: pd.DataFrame, words: list[str], first: list[int]) -> pd.DataFrame:
    ids, sources, targets = (order[name].tolist() for name in ("post_id", "source", "target"))
    size: dict[int, int] = defaultdict(int)
    for row in first:
        size[row] += 1
    kinds = []
    for row, head in enumerate(first):
        if row == head:
            kinds.append("first")
        elif words[row] != words[head]:
            kinds.append("near")
        elif sources[row] == sources[head] and targets[row] != targets[head]:
            kinds.append("two_targets")
        else:
            kinds.append("exact")
    columns = {"dup_group": [ids[row] for row in first], "dup_kind": kinds, "dup_size": [size[row] for row in first]}
    return pd.DataFrame(columns, order.index)
