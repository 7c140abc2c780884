"""Reporting delay: how long units take to be seen, when nothing is known of those not seen yet (right truncation)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Arrival(NamedTuple):
    """For each whole day of age: the chance of having been seen by then, and that day's term of Greenwood's formula.

    The variance of log(chance) at day x is the sum of the `doubt` of all days after x.
    """

    chance: Floats
    doubt: Floats


def arrived(delay: ArrayLike, age: ArrayLike, longest: int) -> Arrival:
    """Return for each age of 0..`longest` whole days the chance that a unit has been seen, given that it is seen within `longest` days.

    `delay`: whole days until each unit was seen; `age`: whole days from its start to the end of observation, the longest delay it could
    have had. Only units already seen are given. Estimated by the Kaplan–Meier method in reversed time: Lagakos SW, Barraj LM,
    De Gruttola V, Biometrika 1988;75:515.
    """
    d, a = np.asarray(delay, dtype=np.int64), np.asarray(age, dtype=np.int64)
    d, a = d[d <= longest], np.minimum(a[d <= longest], longest)
    seen = np.bincount(d, minlength=longest + 1).astype(float)
    # In reversed time the risk set of day x is the units with a delay of at most x and an age of at least x.
    at_risk = seen.cumsum() - np.concatenate([[0.0], np.bincount(a, minlength=longest + 1).cumsum()[:-1]])
    hazard = np.divide(seen, at_risk, out=np.zeros(longest + 1), where=at_risk > 0)
    chance = np.concatenate([np.cumprod((1 - hazard)[::-1])[::-1][1:], [1.0]])
    defined = (at_risk > 0) & (hazard < 1)
    return Arrival(chance, np.divide(hazard, (1 - hazard) * at_risk, out=np.zeros(longest + 1), where=defined))
