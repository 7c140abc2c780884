"""The restricted mean waiting time: how many of the first `until` days pass, on average, before an event, with its interval."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

Floats = NDArray[np.float64]


def restricted_wait(time: ArrayLike, kind: ArrayLike, until: float, which: int = 1, level: float = 0.95) -> tuple[float, float, float]:
    """Return the mean number of days without the event `which` within the first `until` days, and its interval.

    `kind` 0 is censored, `which` the event of interest; after any other (competing) event it never comes. Without competing events this
    is the restricted mean survival time (Royston P, Parmar MKB, BMC Med Res Methodol 2013;13:152), else `until` less the restricted mean
    time lost (Andersen PK, Stat Med 2013;32:5278). Variance by the delta method from the multinomial chances at each time; with one kind
    of event it is Greenwood's. All NaN if the longest spell is shorter than `until` and censored.
    """
    t, k = np.asarray(time, dtype=float), np.asarray(kind)
    if not t.size or (until > t.max() and (k[t == t.max()] == 0).any()):
        return float("nan"), float("nan"), float("nan")
    days, place = np.unique(t, return_inverse=True)
    at_risk = t.size - np.concatenate([[0.0], np.bincount(place).cumsum()[:-1]])
    own, other = (np.bincount(place, weights=hit, minlength=days.size) for hit in (k == which, (k != which) & (k != 0)))
    inside = (days < until) & (own + other > 0)
    days, at_risk, own, other = days[inside], at_risk[inside], own[inside], other[inside]
    after = np.asarray(np.cumprod(1 - (own + other) / at_risk), dtype=float)
    before = np.concatenate([[1.0], after])[:-1]
    incidence = np.cumsum(before * own / at_risk)
    widths = np.diff(np.append(days, until))
    # Derivatives of the area under the incidence by the hazard of each kind of event at each time: an event of interest adds `gained`,
    # a competing one takes `lost`, the area that later events would have added.
    later = np.cumsum((incidence * widths)[::-1])[::-1] - incidence * (until - days)
    lost = np.divide(later * before, after, out=np.zeros_like(later), where=after > 0)
    gained, hazard, other_hazard = before * (until - days) - lost, own / at_risk, other / at_risk
    variances = gained**2 * hazard + lost**2 * other_hazard - (gained * hazard - lost * other_hazard) ** 2
    variance = float((variances / at_risk).sum())
    mean, half = until - float((incidence * widths).sum()), norm.ppf((1 + level) / 2) * np.sqrt(variance)
    return mean, max(0.0, mean - half), min(until, mean + half)
