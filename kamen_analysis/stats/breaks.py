"""Change points in a series of counts: penalised Poisson likelihood, and a permutation test of each change."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

Floats = NDArray[np.float64]
_MEDIAN_CHI2 = 0.4549364  # of chi-squared on one degree of freedom


class Break(NamedTuple):
    """A change of level: index of the first count at the new level, mean counts before and after, their ratio with its interval, p."""

    at: int
    before: float
    after: float
    ratio: float
    low: float
    high: float
    p: float


def dispersion(counts: ArrayLike) -> float:
    """Estimate the variance of a series of counts as a multiple of the Poisson variance, at least 1.

    For neighbouring Poisson counts, squared difference ÷ sum is about chi-squared on one degree of freedom. The estimate is the median of
    these ratios over the median of chi-squared, so that a step or a spike in the series affects one or two ratios and not the result.
    """
    x = np.asarray(counts, dtype=float)
    total, difference = x[1:] + x[:-1], np.diff(x)
    positive = total > 0
    return max(1.0, float(np.median(difference[positive] ** 2 / total[positive])) / _MEDIAN_CHI2) if positive.any() else 1.0


def change_points(counts: ArrayLike, shortest: int = 4, draws: int = 499, seed: int = 1, level: float = 0.95) -> list[Break]:
    """Find the changes of level in a series of counts, in order of time; each level lasts at least `shortest` counts.

    The division minimises -2 × Poisson log-likelihood ÷ dispersion, plus 3·ln(length) for each change (Zhang NR, Siegmund DO,
    Biometrics 2007;63:22). It is found exactly by optimal partitioning (Jackson B et al., IEEE Signal Process Lett 2005;12:105; PELT
    prunes the same search). p of a change: the counts between its two neighbouring changes are shuffled `draws` times; p is how often
    the best cut of the shuffled counts lowers the deviance by as much as this change does.
    """
    x = np.asarray(counts, dtype=float)
    if x.size < 2 * shortest:
        return []
    phi = dispersion(x)
    edges = [0, *_partition(x, phi, shortest), x.size]
    rng = np.random.default_rng(seed)
    found = []
    for start, at, stop in zip(edges, edges[1:], edges[2:], strict=False):
        left, right = x[start:at], x[at:stop]
        found.append(Break(at, float(left.mean()), float(right.mean()), *_ratio(left, right, phi, level),
                           _permutation_p(x[start:stop], at - start, shortest, draws, rng)))
    return found


def _cost(total: Floats, length: Floats) -> Floats:
    """Return -2 × Poisson log-likelihood of segments, each at its own mean; terms that no cut can change are left out.

    `total`, `length`: sum and number of the counts of each segment.
    """
    safe = np.where(total > 0, total, 1.0)
    return np.where(total > 0, -2 * total * np.log(safe / length), 0.0)


def _partition(x: Floats, phi: float, shortest: int) -> list[int]:
    """Return the indices at which the best division cuts: `best[i]` is the least cost of the first i counts, `last[i]` its last cut."""
    penalty, running = 3 * np.log(x.size), np.concatenate([[0.0], x.cumsum()])
    best, last = np.full(x.size + 1, np.inf), np.zeros(x.size + 1, dtype=np.int64)
    best[0] = -penalty
    for stop in range(shortest, x.size + 1):
        starts = np.arange(stop - shortest + 1)
        total = best[starts] + _cost(running[stop] - running[starts], (stop - starts).astype(float)) / phi + penalty
        last[stop] = int(total.argmin())
        best[stop] = total[last[stop]]
    cuts, stop = [], x.size
    while last[stop] > 0:
        stop = int(last[stop])
        cuts.append(stop)
    return cuts[::-1]


def _ratio(left: Floats, right: Floats, phi: float, level: float) -> tuple[float, float, float]:
    """Return mean after ÷ mean before with its log-normal interval; half a count is added to both where either is 0."""
    a, b = float(left.sum()), float(right.sum())
    spare = 0.5 if min(a, b) == 0 else 0.0
    ratio = (b + spare) / right.size / ((a + spare) / left.size)
    half = norm.ppf((1 + level) / 2) * np.sqrt(phi * (1 / (a + spare) + 1 / (b + spare)))
    return ratio, float(ratio * np.exp(-half)), float(ratio * np.exp(half))


def _permutation_p(window: Floats, cut: int, shortest: int, draws: int, rng: np.random.Generator) -> float:
    """Return p of the change at `cut` within `window`, the counts between its neighbouring changes."""
    shuffled = rng.permuted(np.tile(window, (draws, 1)), axis=1)
    observed = _largest_drop(window[None], shortest, cut)[0]
    return float((1 + (_largest_drop(shuffled, shortest) >= observed - 1e-9).sum()) / (draws + 1))


def _largest_drop(rows: Floats, shortest: int, cut: int | None = None) -> Floats:
    """Return for each row the largest drop in deviance that any single cut brings, or, given `cut`, the drop of that one."""
    size = rows.shape[1]
    cuts = np.arange(shortest, size - shortest + 1) if cut is None else np.array([cut])
    running, whole = rows.cumsum(axis=1)[:, cuts - 1], rows.sum(axis=1, keepdims=True)
    split = _cost(running, cuts.astype(float)) + _cost(whole - running, (size - cuts).astype(float))
    drop: Floats = (_cost(whole, np.array([float(size)])) - split).max(axis=1)
    return drop
