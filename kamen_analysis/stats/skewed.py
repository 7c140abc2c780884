"""One group against the rest where it has few events: the usual normal tails are too light on one side, and a third moment mends them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaincc, ndtr

from kamen_analysis.stats.gray import Score, Spells, gray_score, logrank_score

Floats = NDArray[np.float64]


def logrank_p(spells: Spells) -> float:
    """Return the two-sided p of the log-rank test of two groups, its score's skewness allowed for; NaN without information."""
    return _p(logrank_score(spells), spells)


def gray_p(spells: Spells) -> float:
    """Return the two-sided p of Gray's test of two groups, its score's skewness allowed for; NaN without information."""
    return _p(gray_score(spells), spells) if spells.events.any() else float("nan")


def _p(found: Score, spells: Spells) -> float:
    variance = float(found.spread[0, 0])
    if not variance > 0:
        return float("nan")
    return two_tails(float(found.score[0]) / np.sqrt(variance), skewness(found.weight, spells.events.sum(axis=1)))


def skewness(weight: Floats, events: Floats) -> float:
    """Return the skewness of the first group's events when each time's `events` fall at random on its risk set.

    `weight`: risk sets, times × 2. The third central moment of the hypergeometric law at each time, summed over times; 0 where no
    time has any spread.
    """
    total = weight.sum(axis=1)
    share = np.divide(weight[:, 0], total, out=np.zeros_like(total), where=total > 0)
    left = np.maximum(total - events, 0)
    square = np.divide(events * share * (1 - share) * left, total - 1, out=np.zeros_like(total), where=total > 1)
    cube = np.divide(square * (1 - 2 * share) * (total - 2 * events), total - 2, out=np.zeros_like(total), where=total > 2)
    spread = float(square.sum())
    return float(cube.sum()) / spread**1.5 if spread > 0 else 0.0


def two_tails(z: float, skew: float) -> float:
    """Return twice the smaller tail of Pearson's type III law of mean 0, variance 1 and skewness `skew` beyond `z`.

    The approximation to permutation tests of Mielke PW, Berry KJ, Permutation Methods (2007), 2.3; skewness 0 is the normal law, whose p is
    that of chi-squared on one degree of freedom. Twice the smaller tail, since a finding is told with its side.
    """
    if abs(skew) < 1e-6:
        return float(2 * ndtr(-abs(z)))
    side, shape = float(np.sign(skew)), 4 / skew**2
    at = max(shape + side * z * np.sqrt(shape), 0.0)
    return float(min(1.0, 2 * min(gammainc(shape, at), gammaincc(shape, at))))
