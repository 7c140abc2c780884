"""Log-rank and Gray's test of one group against the rest, corrected for the skewness of the score.

With few events the score is skewed and a normal tail is too light on one side; a third moment corrects that.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaincc, ndtr

from kamen_analysis.stats.gray import Score, Spells, gray_score, logrank_score

Floats = NDArray[np.float64]


class Tested(NamedTuple):
    """A test of two groups: the standardised score, positive if the first group has more events than expected, and its two-sided p."""

    z: float
    p: float


def logrank_test(spells: Spells) -> Tested:
    """Return the log-rank test of two groups, its p corrected for the skewness of the score; NaN without information."""
    return _tested(logrank_score(spells), spells)


def gray_test(spells: Spells) -> Tested:
    """Return Gray's test of two groups, its p corrected for the skewness of the score; NaN without information."""
    return _tested(gray_score(spells), spells) if spells.events.any() else Tested(float("nan"), float("nan"))


def _tested(score: Score, spells: Spells) -> Tested:
    variance = float(score.spread[0, 0])
    if not variance > 0:
        return Tested(float("nan"), float("nan"))
    z = float(score.score[0] / np.sqrt(variance))
    return Tested(z, two_tails(z, skewness(score.weight, spells.events.sum(axis=1))))


def skewness(weight: Floats, events: Floats) -> float:
    """Return the skewness of the first group's number of events if the `events` of each time fall at random on its risk set.

    `weight`: risk sets, times × 2 groups. The second and third central moments of the hypergeometric law are summed over times; 0 if
    the variance is 0.
    """
    total = weight.sum(axis=1)
    share = np.divide(weight[:, 0], total, out=np.zeros_like(total), where=total > 0)
    left = np.maximum(total - events, 0)
    square = np.divide(events * share * (1 - share) * left, total - 1, out=np.zeros_like(total), where=total > 1)
    cube = np.divide(square * (1 - 2 * share) * (total - 2 * events), total - 2, out=np.zeros_like(total), where=total > 2)
    spread = float(square.sum())
    return float(cube.sum()) / spread**1.5 if spread > 0 else 0.0


def two_tails(z: float, skew: float) -> float:
    """Return the two-sided p of `z` under Pearson's type III law of mean 0, variance 1 and skewness `skew`: twice the smaller tail.

    The approximation to permutation tests of Mielke PW, Berry KJ, Permutation Methods (2007), 2.3. Skewness 0 is the normal law, whose p
    is that of chi-squared on one degree of freedom. Twice the smaller tail, because findings are reported with their direction.
    """
    if abs(skew) < 1e-6:
        return float(2 * ndtr(-abs(z)))
    side, shape = float(np.sign(skew)), 4 / skew**2
    at = max(shape + side * z * np.sqrt(shape), 0.0)
    return float(min(1.0, 2 * min(gammainc(shape, at), gammaincc(shape, at))))
