"""How far coders agree: Krippendorff's alpha per code with its interval, and F1 between coders."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
COLUMNS = ("code", "posts", "chosen", "alpha", "low", "high", "f1")


def alpha(codes: ArrayLike) -> float:
    """Return Krippendorff's alpha of nominal `codes` (coders × units, NaN where a coder left a unit out); NaN where nothing varies.

    Krippendorff K, Computing Krippendorff's Alpha-Reliability (2011), part C: 1 - (n - 1) · observed ÷ expected disagreeing pairs.
    """
    return float(_ratio(*(part.sum(axis=0, keepdims=True) for part in _pairs(np.asarray(codes, dtype=float))))[0])


def interval(codes: ArrayLike, draws: int = 1000, seed: int = 1, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile bootstrap interval of `alpha` over units; draws in which nothing varies are left out, all such give NaN."""
    disagreeing, counts = _pairs(np.asarray(codes, dtype=float))
    units = len(disagreeing)
    if not units:
        return float("nan"), float("nan")
    times = np.random.default_rng(seed).multinomial(units, np.full(units, 1 / units), draws).astype(float)
    found = _ratio(times @ disagreeing, times @ counts)
    found = found[~np.isnan(found)]
    if not found.size:
        return float("nan"), float("nan")
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _pairs(codes: Floats) -> tuple[Floats, Floats]:
    """Return for each unit that two or more coded its disagreeing pairs ÷ (coders - 1), and how often it got each value."""
    values = np.unique(codes[~np.isnan(codes)])
    counts = np.stack([(codes == value).sum(axis=0) for value in values], axis=1).astype(float) if values.size else np.zeros((0, 1))
    counts = counts[counts.sum(axis=1) >= 2]
    coders = counts.sum(axis=1)
    return (coders**2 - (counts**2).sum(axis=1)) / (coders - 1), counts


def _ratio(disagreeing: Floats, counts: Floats) -> Floats:
    n = counts.sum(axis=-1)
    expected = n**2 - (counts**2).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected > 0, 1 - (n - 1) * disagreeing / expected, np.nan)


def f1(codes: ArrayLike) -> float:
    """Return F1 between coders (coders × units of 0, 1, NaN), pairs of coders pooled; NaN where nobody chose the code."""
    both = chosen = 0.0
    for one, other in combinations(np.asarray(codes, dtype=float), 2):
        shared = ~(np.isnan(one) | np.isnan(other))
        both += float((one[shared] * other[shared]).sum())
        chosen += float(one[shared].sum() + other[shared].sum())
    return 2 * both / chosen if chosen else float("nan")


def table(coded: dict[str, dict[str, frozenset[str]]], posts: list[str], codes: list[str]) -> pd.DataFrame:
    """Return agreement by code: code, posts (coded by two or more), chosen (share of codings), alpha, low, high, f1.

    `coded`: for each coder the codes of each post; a post a coder left out is missing, not without reasons.
    """
    rows = []
    for code in codes:
        grid = np.array([[float(code in done[post]) if post in done else np.nan for post in posts] for done in coded.values()])
        shared = int(((~np.isnan(grid)).sum(axis=0) >= 2).sum())
        share = float(np.nanmean(grid)) if not np.isnan(grid).all() else float("nan")
        rows.append((code, shared, share, alpha(grid), *interval(grid), f1(grid)))
    return pd.DataFrame(rows, columns=list(COLUMNS))
