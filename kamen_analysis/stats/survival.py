"""Time to an event under right censoring: Kaplan–Meier and Aalen–Johansen curves, and the quantities read off them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

from kamen_analysis.stats.proportion import wilson

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """A cumulative share over time, rising at each `day`, with its pointwise interval and the number of events on that day.

    `spells`: days every unit was observed, sorted; `settled`: the longest of them ended in an event.
    """

    day: Floats
    share: Floats
    low: Floats
    high: Floats
    events: NDArray[np.int64]
    spells: Floats
    settled: bool

    @property
    def last_day(self) -> float:
        """The last day for which the curve is known: the longest spell, infinity if `settled` (nobody is left); NaN without spells."""
        return float("nan") if not self.spells.size else float("inf") if self.settled else float(self.spells[-1])

    def at_risk(self, day: ArrayLike) -> NDArray[np.int64]:
        """Return how many units were still under observation, without any event, just before each `day`."""
        return np.asarray(self.spells.size - np.searchsorted(self.spells, day, side="left"), dtype=np.int64)

    def happened(self, day: ArrayLike) -> NDArray[np.int64]:
        """Return how many events were seen up to and on each `day`."""
        total = np.concatenate([[0], self.events.cumsum()])
        return np.asarray(total[np.searchsorted(self.day, day, side="right")], dtype=np.int64)


def log_log(share: Floats, se: Floats, level: float) -> tuple[Floats, Floats]:
    """Return the complementary log-log interval of a cumulative share (Kalbfleisch & Prentice 2002, 1.4), always within 0..1.

    Undefined limits are NaN: both at share 1, the upper one at share 0.
    """
    z = norm.ppf((1 + level) / 2)
    with np.errstate(all="ignore"):
        rest = np.log1p(-share)
        width = z * se / ((1 - share) * np.abs(rest))
        low, high = -np.expm1(rest * np.exp(-width)), -np.expm1(rest * np.exp(width))
    edge = (share <= 0) | (share >= 1) | ~np.isfinite(width)
    return np.where(edge, np.where(share <= 0, 0.0, np.nan), low), np.where(edge, np.nan, high)


def _curve(steps: tuple[Floats, Floats, Floats], time: Floats, kind: NDArray[np.int64], which: int, level: float) -> Curve:
    day, share, se = steps
    low, high = log_log(share, se, level)
    hits = np.sort(time[kind == which])
    events = np.searchsorted(hits, day, side="right") - np.searchsorted(hits, day, side="left")
    settled = bool(time.size) and bool((kind[time == time.max()] > 0).all())
    return Curve(day, share, low, high, events, np.sort(time), settled)


def kaplan_meier(time: ArrayLike, event: ArrayLike, level: float = 0.95) -> Curve:
    """Return the cumulative share with the event (1 - survival) at each distinct event time.

    `time`: days from the start to the event or to the end of observation; `event`: true where the event was seen.
    Kaplan EL, Meier P, J Am Stat Assoc 1958;53:457; variance by Greenwood.
    """
    t, hit = np.asarray(time, dtype=float), np.asarray(event, dtype=bool).astype(np.int64)
    if not hit.any():
        none = np.array([])
        return _curve((none, none, none), t, hit, 1, level)
    fitted = SurvfuncRight(t, hit)
    return _curve((fitted.surv_times, 1 - fitted.surv_prob, fitted.surv_prob_se), t, hit, 1, level)


def cumulative_incidence(time: ArrayLike, kind: ArrayLike, kinds: int, level: float = 0.95) -> list[Curve]:
    """Return one curve for each kind 1..`kinds` of competing events; kind 0 is censored. Ties are handled exactly.

    Aalen OO, Johansen S, Scand J Stat 1978;5:141; variance as in Marubini & Valsecchi 1995, 10.2.
    """
    t, which = np.asarray(time, dtype=float), np.asarray(kind, dtype=np.int64)
    none = np.array([])
    if not (which > 0).any():
        return [_curve((none, none, none), t, which, k, level) for k in range(1, kinds + 1)]
    with np.errstate(all="ignore"):  # the variance divides by zero where the risk set becomes empty; the interval is then NaN
        fitted = CumIncidenceRight(t, which)
    curves = []
    for k in range(1, kinds + 1):
        seen = k <= len(fitted.cinc) and bool((which == k).any())
        steps = np.isin(fitted.times, t[which == k]) if seen else np.zeros(len(fitted.times), dtype=bool)
        share, se = (fitted.cinc[k - 1][steps], fitted.cinc_se[k - 1][steps]) if seen else (none, none)
        curves.append(_curve((fitted.times[steps], share, se), t, which, k, level))
    return curves


def at_day(curve: Curve, day: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return share, low, high of the curve at each `day`; NaN past the last day that is known.

    Before the first event the share is 0 and its upper limit is Wilson's for 0 out of those still at risk.
    """
    days = np.asarray(day, dtype=float)
    step = np.searchsorted(curve.day, days, side="right")
    share, low, high = (np.concatenate([[0.0], values])[step] for values in (curve.share, curve.low, curve.high))
    high = np.where(step == 0, wilson(np.zeros(days.shape), curve.at_risk(days))[1], high)
    known = days <= curve.last_day
    return np.where(known, share, np.nan), np.where(known, low, np.nan), np.where(known, high, np.nan)


def quantile_day(curve: Curve, share: float = 0.5) -> tuple[float, float, float]:
    """Return the first day on which the curve reaches `share`, and its interval; NaN where it is not reached.

    The interval inverts the pointwise one (Brookmeyer R, Crowley J, Biometrics 1982;38:29).
    """
    def first(values: Floats) -> float:
        reached = np.flatnonzero(values >= share - 1e-12)
        return float(curve.day[reached[0]]) if reached.size else float("nan")

    return first(curve.share), first(curve.high), first(curve.low)


def restricted_mean(curve: Curve, until: float) -> float:
    """Return the mean number of days without the event within the first `until` days; NaN if the curve is not known that far.

    The area under the survival curve (Royston P, Parmar MKB, BMC Med Res Methodol 2013;13:152).
    """
    if not until <= curve.last_day:
        return float("nan")
    inside = curve.day < until
    edges = np.concatenate([[0.0], curve.day[inside], [until]])
    alive = np.concatenate([[1.0], 1 - curve.share[inside]])
    return float((np.diff(edges) * alive).sum())
