"""Shares and their intervals (Wilson, beta-binomial shrinkage), and intervals of their ranks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats as distributions
from statsmodels.stats.proportion import proportion_confint

from kamen_analysis.stats.whole import whole_interval

Floats = NDArray[np.float64]


def wilson(n: ArrayLike, of: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the Wilson score interval of `n` out of `of`, element by element; NaN where `of` is 0 or either is missing.

    Wilson EB, J Am Stat Assoc 1927;22:209. Chosen because it keeps its coverage for small samples and shares near 0 or 1
    (Newcombe RG, Stat Med 1998;17:857).
    """
    count, total = np.broadcast_arrays(np.asarray(n, dtype=float), np.asarray(of, dtype=float))
    known = np.isfinite(count) & (total > 0)
    low, high = np.full(count.shape, np.nan), np.full(count.shape, np.nan)
    if known.any():
        low[known], high[known] = proportion_confint(count[known], total[known], alpha=1 - level, method="wilson")
    # At 0 and `of` the limit is exactly 0 or 1; rounding would leave something like 7e-18.
    return np.where(count == 0, np.where(known, 0.0, np.nan), low), np.where(count == total, np.where(known, 1.0, np.nan), high)


def shrink(n: ArrayLike, of: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats, Floats]:
    """Return empirical-Bayes shares and their posterior interval: small units are pulled towards the pooled share.

    Beta-binomial prior by the method of moments (Kleinman JC, J Am Stat Assoc 1973;68:46). When the units differ no more than
    chance allows, the prior is as heavy as all the data together, so every unit sits near the pooled share.
    """
    count, total = np.asarray(n, dtype=float), np.asarray(of, dtype=float)
    mean, weight = _prior(count[total > 0], total[total > 0])
    a, b = count + mean * weight, total - count + (1 - mean) * weight
    with np.errstate(invalid="ignore", divide="ignore"):
        tail = (1 - level) / 2
        return a / (a + b), distributions.beta.ppf(tail, a, b), distributions.beta.ppf(1 - tail, a, b)


def _prior(count: Floats, total: Floats) -> tuple[float, float]:
    """Return mean and weight (in units of observations) of the beta prior; NaN without data."""
    everything = float(total.sum())
    if everything == 0:
        return float("nan"), float("nan")
    mean = float(count.sum()) / everything
    if len(count) < 2 or mean in (0.0, 1.0):
        return mean, everything
    share = count / total
    between = float((total * (share - mean) ** 2).sum())
    size = everything - float((total**2).sum()) / everything
    # Solve E[between] = mean(1-mean)·((k-1)(1-rho) + rho·size) for the intra-class correlation rho; the prior weight is 1/rho - 1.
    k = len(count)
    rho = (between / (mean * (1 - mean)) - (k - 1)) / (size - (k - 1)) if size > k - 1 else 0.0
    return mean, everything if rho <= 1 / (everything + 1) else 1 / min(rho, 1.0) - 1


def rank_interval(n: ArrayLike, of: ArrayLike, level: float = 0.95, seed: int = 1, draws: int = 4000) -> tuple[Any, Any]:
    """Return the first and last rank (1 = largest share) of each unit's interval, as two arrays of whole numbers.

    Ranks of draws from each unit's Jeffreys posterior (Goldstein H, Spiegelhalter DJ, J R Stat Soc A 1996;159:385). Ranks are whole
    numbers: the interval is the one whose probability comes nearest to `level`, see `whole_interval`.
    """
    count, total = np.asarray(n, dtype=float), np.asarray(of, dtype=float)
    if count.size == 0:
        return np.array([], dtype=int), np.array([], dtype=int)
    sample = np.random.default_rng(seed).beta(count + 0.5, total - count + 0.5, size=(draws, count.size))
    ranks = (-sample).argsort(axis=1).argsort(axis=1)
    first, last = whole_interval(np.stack([np.bincount(column, minlength=count.size) for column in ranks.T]) / draws, level)
    return first + 1, last + 1
