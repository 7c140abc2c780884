"""Tests of a difference between groups, and the adjustment of their p-values for multiple testing."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm
from statsmodels.duration.survfunc import survdiff
from statsmodels.stats.multitest import multipletests

from kamen_analysis.stats.proportion import wilson

Floats = NDArray[np.float64]


def newcombe(n1: ArrayLike, of1: ArrayLike, n2: ArrayLike, of2: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats, Floats]:
    """Return share1 - share2 and its interval, NaN where a denominator is 0.

    Hybrid score method, number 10 of Newcombe RG, Stat Med 1998;17:873.
    """
    x1, t1, x2, t2 = (np.asarray(x, dtype=float) for x in (n1, of1, n2, of2))
    with np.errstate(invalid="ignore", divide="ignore"):
        p1, p2 = x1 / t1, x2 / t2
    (l1, u1), (l2, u2) = wilson(x1, t1, level), wilson(x2, t2, level)
    gap = p1 - p2
    return gap, gap - np.hypot(p1 - l1, u2 - p2), gap + np.hypot(u1 - p1, p2 - l2)


def two_proportions(n1: ArrayLike, of1: ArrayLike, n2: ArrayLike, of2: ArrayLike) -> Floats:
    """Return the two-sided p-value of the pooled score test that two shares are equal; 1 where both are wholly 0 or 1."""
    x1, t1, x2, t2 = (np.asarray(x, dtype=float) for x in (n1, of1, n2, of2))
    with np.errstate(invalid="ignore", divide="ignore"):
        pooled = (x1 + x2) / (t1 + t2)
        z = (x1 / t1 - x2 / t2) / np.sqrt(pooled * (1 - pooled) * (1 / t1 + 1 / t2))
    p = 2 * norm.sf(np.abs(z))
    return np.where(np.isnan(z) & (t1 > 0) & (t2 > 0), 1.0, p)


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Return p-values adjusted for the false-discovery rate; NaN stays NaN and does not count as a test.

    Benjamini Y, Hochberg Y, J R Stat Soc B 1995;57:289.
    """
    return _adjust(p, "fdr_bh")


def holm(p: ArrayLike) -> Floats:
    """Return p-values adjusted for the family-wise error rate (Holm S, Scand J Stat 1979;6:65); NaN stays NaN."""
    return _adjust(p, "holm")


def _adjust(p: ArrayLike, method: str) -> Floats:
    values = np.asarray(p, dtype=float)
    out = np.full(values.shape, np.nan)
    known = np.isfinite(values)
    if known.any():
        out[known] = multipletests(values[known], method=method)[1]
    return out


def logrank(time: ArrayLike, event: ArrayLike, group: ArrayLike) -> tuple[float, float]:
    """Return chi-squared and p of the log-rank test that all groups share one time-to-event curve; NaN for fewer than two groups."""
    groups = np.asarray(group)
    if len(np.unique(groups)) < 2:
        return float("nan"), float("nan")
    chi, p = survdiff(np.asarray(time, dtype=float), np.asarray(event, dtype=int), groups)
    return float(np.squeeze(chi)), float(np.squeeze(p))
