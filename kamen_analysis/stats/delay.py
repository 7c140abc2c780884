"""How long units take to come into sight, when those that have not yet are not known of at all."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Arrival(NamedTuple):
    """By whole days of age: the chance of having come into sight, and what each day adds to the variance of its logarithm before it."""

    chance: Floats
    doubt: Floats


def arrived(delay: ArrayLike, age: ArrayLike, longest: int) -> Arrival:
    """Return for each whole day 0..`longest` the chance that a unit that old has come into sight, given that it does within `longest`.

    `delay`: whole days each unit took, `age`: days it could have taken; only units already seen are known (right truncation):
    estimated by the Kaplan–Meier method in reversed time. Lagakos SW, Barraj LM, De Gruttola V, Biometrika 1988;75:515; doubt by
    Greenwood's formula: the variance of log chance at x is the sum of the doubts after x.
    """
    d, a = np.asarray(delay, dtype=np.int64), np.asarray(age, dtype=np.int64)
    d, a = d[d <= longest], np.minimum(a[d <= longest], longest)
    took = np.bincount(d, minlength=longest + 1).astype(float)
    # At day x in reversed time stand the units that took at most x and were watched at least x.
    standing = took.cumsum() - np.concatenate([[0.0], np.bincount(a, minlength=longest + 1).cumsum()[:-1]])
    hazard = np.divide(took, standing, out=np.zeros(longest + 1), where=standing > 0)
    chance = np.concatenate([np.cumprod((1 - hazard)[::-1])[::-1][1:], [1.0]])
    loose = (standing > 0) & (hazard < 1)
    return Arrival(chance, np.divide(hazard, (1 - hazard) * standing, out=np.zeros(longest + 1), where=loose))
