"""Agreement between coders: Krippendorff's alpha per code with its interval, and F1."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
COLUMNS = ("code", "posts", "chosen", "alpha", "low", "high", "f1")


def alpha(codes: ArrayLike) -> float:
    """Return Krippendorff's alpha of nominal `codes` (coders × units, NaN where a coder left a unit out); NaN if nothing varies.

    Krippendorff K, Computing Krippendorff's Alpha-Reliability (2011), part C: 1 - (n - 1) · observed ÷ expected disagreeing pairs.
    """
    return float(_ratio(*(part.sum(axis=0, keepdims=True) for part in _pairs(np.asarray(codes, dtype=float))))[0])


def interval(codes: ArrayLike, draws: int = 1000, seed: int = 1, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile bootstrap interval of `alpha` over units, without the draws in which nothing varies; NaN if none remain."""
    disagreeing, counts = _pairs(np.asarray(codes, dtype=float))
    units = len(disagreeing)
    if not units:
        return float("nan"), float("nan")
    # A bootstrap sample is how often it contains each unit.
    times = np.random.default_rng(seed).multinomial(units, np.full(units, 1 / units), draws).astype(float)
    alphas = _ratio(times @ disagreeing, times @ counts)
    alphas = alphas[~np.isnan(alphas)]
    if not alphas.size:
        return float("nan"), float("nan")
    low, high = np.quantile(alphas, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _pairs(codes: Floats) -> tuple[Floats, Floats]:
    """Return for each unit with at least two coders: disagreeing ordered pairs ÷ (coders - 1), and how often each value was given."""
    values = np.unique(codes[~np.isnan(codes)])
    counts = np.stack([(codes == value).sum(axis=0) for value in values], axis=1).astype(float) if values.size else np.zeros((0, 1))
    counts = counts[counts.sum(axis=1) >= 2]
    coders = counts.sum(axis=1)
    return (coders**2 - (counts**2).sum(axis=1)) / (coders - 1), counts


def _ratio(disagreeing: Floats, counts: Floats) -> Floats:
    """Return alpha from the two results of `_pairs`, each summed over the units of a sample (first axis: samples)."""
    n = counts.sum(axis=-1)
    expected = n**2 - (counts**2).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected > 0, 1 - (n - 1) * disagreeing / expected, np.nan)


def f1(codes: ArrayLike) -> float:
    """Return F1 between coders, pooled over all pairs of them (`codes`: coders × units of 0, 1, NaN); NaN if nobody chose the code."""
    both = chosen = 0.0
    for one, other in combinations(np.asarray(codes, dtype=float), 2):
        shared = ~(np.isnan(one) | np.isnan(other))
        both += float((one[shared] * other[shared]).sum())
        chosen += float(one[shared].sum() + other[shared].sum())
    return 2 * both / chosen if chosen else float("nan")


def table(coded: dict[str, dict[str, frozenset[str]]], posts: list[str], codes: list[str]) -> pd.DataFrame:
    """Return agreement by code: code, posts (coded by two or more), chosen (share of codings), alpha, low, high, f1.

    `coded`: for each coder, the codes by post; a post that a coder left out is absent, which differs from an empty set of codes.
    """
    rows = []
    for code in codes:
        grid = np.array([[float(code in done[post]) if post in done else np.nan for post in posts] for done in coded.values()])
        shared = int(((~np.isnan(grid)).sum(axis=0) >= 2).sum())
        share = float(np.nanmean(grid)) if not np.isnan(grid).all() else float("nan")
        rows.append((code, shared, share, alpha(grid), *interval(grid), f1(grid)))
    return pd.DataFrame(rows, columns=list(COLUMNS))
