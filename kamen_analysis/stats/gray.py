"""Tests that groups share one time-to-event curve: log-rank, and Gray's test of cumulative incidence under competing events.

A spell is one unit's time under observation. Both tests are computed from counts by time and group, so that a million spells cost no
more than a thousand once they are counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from kamen_analysis.stats.survival import log_log

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Spells:
    """Counts by distinct event time (rows, ascending) and group (columns): units at risk just before it, events of interest, competing
    events."""

    time: Floats
    at_risk: Floats
    events: Floats
    others: Floats

    def against_rest(self, column: int) -> Spells:
        """Return the same counts as two groups: this one, and all the others together."""
        pairs = (np.stack([x[:, column], x.sum(axis=1) - x[:, column]], axis=1) for x in (self.at_risk, self.events, self.others))
        return Spells(self.time, *pairs)

    def only(self, columns: NDArray[np.int64]) -> Spells:
        """Return the counts of these groups alone."""
        return Spells(self.time, *(x[:, columns] for x in (self.at_risk, self.events, self.others)))

    def rest(self) -> Spells:
        """Return for each group the counts of all the others together."""
        return Spells(self.time, *(x.sum(axis=1, keepdims=True) - x for x in (self.at_risk, self.events, self.others)))


def count_spells(time: ArrayLike, kind: ArrayLike, group: ArrayLike, which: int = 1) -> Spells:
    """Count spells by time and group; `kind` 0 is censored, `which` the event of interest, any other value a competing event.

    `group`: whole numbers from 0. At equal times, events come before censoring.
    """
    t, k, g = np.asarray(time, dtype=float), np.asarray(kind), np.asarray(group, dtype=np.int64)
    days, place = np.unique(t, return_inverse=True)
    shape = (len(days), int(g.max()) + 1 if g.size else 0)

    def count(chosen: NDArray[np.bool_]) -> Floats:
        cells = np.bincount(place[chosen] * shape[1] + g[chosen], minlength=shape[0] * shape[1])
        return cells.reshape(shape).astype(float)

    ended = count(np.ones(t.size, dtype=bool))
    at_risk = ended[::-1].cumsum(axis=0)[::-1]
    events, others = count(k == which), count((k != which) & (k != 0))
    has_event = (events + others).sum(axis=1) > 0
    return Spells(days[has_event], at_risk[has_event], events[has_event], others[has_event])


def incidence_at(spells: Spells, day: float, level: float = 0.95) -> tuple[Floats, Floats, Floats]:
    """Return for each group the cumulative incidence by `day` and its complementary log-log interval (Aalen–Johansen).

    Variance by the delta method from the multinomial chances at each time; with one kind of event it is Greenwood's.
    """
    inside = spells.time <= day
    y, own, other = (x[inside] for x in (spells.at_risk, spells.events, spells.others))
    safe = np.where(y > 0, y, 1.0)
    hazard, other_hazard = own / safe, other / safe
    after = np.asarray(np.cumprod(1 - hazard - other_hazard, axis=0), dtype=float)  # survival of any event
    before = np.vstack([np.ones((1, y.shape[1])), after])[:-1]
    incidence = np.cumsum(before * hazard, axis=0)
    total = incidence[-1] if len(incidence) else np.zeros(y.shape[1])
    # A higher hazard adds `before` to the incidence at its own time, and takes `lost` from what would have come later.
    lost = np.divide((total - incidence) * before, after, out=np.zeros_like(incidence), where=after > 0)
    variance = (before - lost) ** 2 * hazard + lost**2 * other_hazard - ((before - lost) * hazard - lost * other_hazard) ** 2
    low, high = log_log(total, np.sqrt((variance / safe).sum(axis=0)), level)
    return total, low, high


class Score(NamedTuple):
    """A score statistic: observed minus expected events by group, their covariance, and the risk sets it uses (times × groups)."""

    score: Floats
    spread: Floats
    weight: Floats


def logrank_score(spells: Spells) -> Score:
    """Return the log-rank score; a competing event censors its spell.

    Hypergeometric variance at ties: Mantel N, Cancer Chemother Rep 1966;50:163.
    """
    y, d = spells.at_risk, spells.events
    n, dead = y.sum(axis=1), d.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(n[:, None] > 0, y / n[:, None], 0.0)
        scale = np.where(n > 1, dead * (n - dead) / (n - 1), 0.0)
    own = share[:, :, None] * (np.eye(y.shape[1]) - share[:, None, :])
    return Score((d - share * dead[:, None]).sum(axis=0), (own * scale[:, None, None]).sum(axis=0), y)


def logrank_spells(spells: Spells) -> tuple[float, float]:
    """Return chi-squared and p of the log-rank test from counts; see `logrank_score`. NaN for fewer than two groups."""
    score, covariance, _ = logrank_score(spells)
    return _chi_squared(score, covariance)


def gray(time: ArrayLike, kind: ArrayLike, group: ArrayLike, which: int = 1) -> tuple[float, float]:
    """Return chi-squared and p of Gray's test that all groups share one cumulative incidence of the event `which`.

    Gray RJ, Ann Stat 1988;16:1141 (rho = 0, variance with its correction for ties, as in R's cmprsk). NaN for fewer than two groups.
    """
    labels, number = np.unique(np.asarray(group), return_inverse=True)
    return gray_spells(count_spells(time, kind, number, which)) if len(labels) > 1 else (float("nan"),) * 2


def gray_spells(spells: Spells) -> tuple[float, float]:
    """Return chi-squared and p of Gray's test from counts; see `gray`."""
    if spells.at_risk.shape[1] < 2 or not spells.events.any():
        return float("nan"), float("nan")
    score, covariance, _ = gray_score(spells)
    return _chi_squared(score, covariance)


def gray_score(spells: Spells) -> Score:
    """Return the score of Gray's test; spells ended by a competing event stay in the risk set, weighted by the share that would
    still be under observation."""
    y, d1, d2 = spells.at_risk, spells.events, spells.others
    watched, total = y > 0, d1.sum(axis=1)
    safe = np.where(watched, y, 1.0)
    after = np.asarray(np.cumprod(np.where(watched, 1 - (d1 + d2) / safe, 1.0), axis=0), dtype=float)  # survival of any event, by group
    before: Floats = np.vstack([np.ones(y.shape[1]), after[:-1]])
    incidence = _before(np.cumsum(np.where(watched, before * d1 / safe, 0.0), axis=0))
    risk = np.where(watched & (before > 0), y / np.where(before > 0, before, 1.0), 0.0)
    weight = risk * (1 - incidence)
    with np.errstate(invalid="ignore", divide="ignore"):
        score = (d1 - np.where(watched, weight / weight.sum(axis=1, keepdims=True), 0.0) * total[:, None]).sum(axis=0)
    return Score(score, _variance(spells, before, after, risk), weight)


def _before(running: Floats) -> Floats:
    """Return the running total just before each time (row)."""
    return np.vstack([np.zeros(running.shape[1]), running[:-1]])


def _variance(spells: Spells, before: Floats, after: Floats, risk: Floats) -> Floats:
    """Return the covariance of Gray's scores: squared martingale increments of the event of interest and of the competing ones, each
    weighted by all that the increment changes in the scores from its time on (the arrays are times × groups)."""
    y, d2, total = spells.at_risk, spells.others, spells.events.sum(axis=1)
    everyone = risk.sum(axis=1)
    step = np.where(everyone > 0, total / np.where(everyone > 0, everyone, 1.0), 0.0)
    pooled = np.cumsum(step)
    left = 1 - (pooled - step)
    own = risk[:, :, None] * (np.eye(y.shape[1]) - (risk / np.where(everyone > 0, everyone, 1.0)[:, None])[:, None, :])
    moved = np.cumsum(own * np.where(left > 0, step / np.where(left > 0, left, 1.0), 0.0)[:, None, None], axis=0)
    later = moved[-1] - moved
    watched = y > 0
    ratio = np.where(after > 0, (1 - pooled)[:, None] / np.where(after > 0, after, 1.0), 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        ties = np.where(total[:, None] > 1, 1 - (total[:, None] - 1) / (everyone[:, None] * before - 1), 1.0)
        first = np.where(watched & (total[:, None] > 0), ties * before * step[:, None] / y, 0.0)
        tied = np.where(d2 > 1, 1 - (d2 - 1) / (y - 1), 1.0)
        second = np.where(watched & (d2 > 0) & (after > 0), tied * before**2 * d2 / y**2, 0.0)
    one = own + (1 - ratio)[:, None, :] * later
    two = ratio[:, None, :] * later
    return _squares(one, first) + _squares(two, second)


def _squares(moves: Floats, weight: Floats) -> Floats:
    """Return the sum over times and groups k of weight[t, k] · moves[t, i, k] · moves[t, j, k]."""
    if moves.shape[1] == 2:  # the usual case, hundreds of times over: a matrix product would spend its time on starting threads
        return np.array([[float((weight * moves[:, i] * moves[:, j]).sum()) for j in (0, 1)] for i in (0, 1)])
    flat = moves.transpose(1, 0, 2).reshape(moves.shape[1], -1)
    total: Floats = (flat * weight.ravel()) @ flat.T
    return total


def _chi_squared(score: Floats, spread: Floats) -> tuple[float, float]:
    """Return chi-squared and p; degrees of freedom are the rank of the covariance without its last group. NaN if it is all zeros."""
    if score.size < 2:
        return float("nan"), float("nan")
    inner, own = spread[:-1, :-1], score[:-1]
    if not inner.any():
        return float("nan"), float("nan")
    try:
        root = np.linalg.cholesky(inner / np.abs(inner).max())
        value, rank = float((np.linalg.solve(root, own) ** 2).sum() / np.abs(inner).max()), own.size
    except np.linalg.LinAlgError:  # singular: some group carries no information
        value, rank = float(own @ np.linalg.pinv(inner) @ own), int(np.linalg.matrix_rank(inner))
    return value, float(chi2.sf(value, rank))
