"""The exact similarity of pairs of texts, given by their shingles."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from kamen_analysis.dedupe.essences import MIX, U32, U64, Ints, codes, grams, jaccard

_PAIRS = 2000  # pairs compared at a time
_BINS = 256

Numbers = Ints | U32
Floats = npt.NDArray[np.float64]


def shingles(texts: list[str]) -> list[U64]:
    """Return the shingles of each of several long texts."""
    found, counts = grams(*codes(texts))
    return np.split(found, np.cumsum(counts)[:-1])


def similarities(first: Numbers, second: Numbers, shingles: Callable[[list[int]], list[U64]], least: float) -> Floats:
    """Return the similarity of each candidate pair, 0 where it is below `least`; `shingles(rows)` returns those of each row's text."""
    found = np.zeros(len(first))
    for at in range(0, len(first), _PAIRS):
        rows, pairs = np.unique(np.concatenate((first[at : at + _PAIRS], second[at : at + _PAIRS])), return_inverse=True)
        sets, (a, b) = shingles(rows.tolist()), pairs.reshape(2, -1)
        for pair in np.flatnonzero(_upper_bounds(sets, a, b) >= least).tolist():
            found[at + pair] = jaccard(sets[a[pair]], sets[b[pair]])
    return np.where(found >= least, found, 0.0)


def _upper_bounds(sets: list[U64], a: Ints, b: Ints) -> Floats:
    """Return for each pair of texts an upper bound of their Jaccard similarity, much cheaper than the similarity itself.

    The shingles are counted in _BINS bins by a hash; in each bin two texts share at most as many as the one with fewer has there.
    """
    sizes = np.array(list(map(len, sets)))
    bins = (np.concatenate(sets) * MIX >> np.uint64(56)).astype(np.int64) + np.repeat(np.arange(len(sets)) * _BINS, sizes)
    counts = np.bincount(bins, minlength=len(sets) * _BINS).astype(np.uint16).reshape(-1, _BINS)
    shared = np.minimum(counts[a], counts[b]).sum(axis=1, dtype=np.int64)
    bounds: Floats = shared / (sizes[a] + sizes[b] - shared)
    return bounds
