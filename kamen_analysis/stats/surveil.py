"""Aberration detection in weekly counts: the EARS charts and Farrington's regression, for many series at once.

Counts and results are arrays of weeks (rows, consecutive; NaN where the count is unknown) × series (columns).
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import nbinom, poisson
from scipy.stats import t as student

Floats = NDArray[np.float64]
BASELINE = 7  # weeks of an EARS baseline
LAGS = {"C1": 0, "C2": 2}
_YEAR = 52
_WEIGHT_ABOVE = 2.58  # standardised Anscombe residuals beyond which a baseline week counts less (Noufaily 2013)


class Regression(NamedTuple):
    """For each series: slope per year, log level at time 0, dispersion (at least 1) and variance of the level."""

    slope: Floats
    level: Floats
    phi: Floats
    variance: Floats


def ears(counts: ArrayLike, method: str = "C2") -> tuple[Floats, Floats, Floats]:
    """Return for each week expected, value (the standardised excess) and p by EARS C1, C2 or C3.

    Expected: mean of the seven weeks just before (C1), or of the seven before a gap of two weeks (C2, C3). The variance is at least
    Poisson's, so that a quiet baseline does not raise false alarms; p: upper tail of Student's t on six degrees of freedom. C3 sums by how
    much the C2 values of this week and the two before exceed 1; its p comes from independent normal series put through the same chart.
    Hutwagner L et al., J Urban Health 2003;80:i89. R's surveillance::earsC has the same baselines and sums; it ignores the error of the
    baseline mean (the factor 1 + 1/7 here) and takes normal tails.
    """
    wide = np.asarray(counts, dtype=float)
    mean, value = _standardised(wide, LAGS.get(method, 2), poisson_floor=True)
    if method != "C3":
        return mean, value, np.asarray(student.sf(value, BASELINE - 1))
    total = _three_weeks(value)
    p = 1 - np.searchsorted(_null_c3(), total, side="left") / len(_null_c3())
    return mean, total, np.where(np.isnan(total), np.nan, p)


def _standardised(wide: Floats, lag: int, poisson_floor: bool) -> tuple[Floats, Floats]:
    """Return baseline mean and standardised excess of each week, the baseline ending `lag` weeks before it."""
    mean, spread = np.full(wide.shape, np.nan), np.full(wide.shape, np.nan)
    if len(wide) > BASELINE + lag:
        windows = np.lib.stride_tricks.sliding_window_view(wide, BASELINE, axis=0)[: len(wide) - BASELINE - lag]
        mean[BASELINE + lag :] = windows.mean(axis=-1)
        spread[BASELINE + lag :] = windows.var(axis=-1, ddof=1)
    floor = np.maximum(mean, 0.25) if poisson_floor else np.full(wide.shape, 1e-9)
    return mean, (wide - mean) / np.sqrt(np.maximum(spread, floor) * (1 + 1 / BASELINE))


def _three_weeks(value: Floats) -> Floats:
    """Sum by how much the values of each week and the two before exceed 1; NaN where one of the three is missing."""
    over = np.where(np.isnan(value), np.nan, np.maximum(value - 1, 0))
    total = over.copy()
    for back in (1, 2):
        total[back:] += over[:-back]
        total[:back] = np.nan
    return total


@cache
def _null_c3() -> Floats:
    """Return the null distribution of C3: its values in series of independent normal weeks, sorted."""
    calm = np.random.default_rng(1).standard_normal((2000, 100))
    total = _three_weeks(_standardised(calm, LAGS["C2"], poisson_floor=False)[1])
    return np.sort(total[np.isfinite(total)])


def farrington(counts: ArrayLike, years: int = 5, half: int = 3) -> tuple[Floats, Floats, Floats]:
    """Return for each week expected, value (excess over expected, in units of the distance to the 95% bound) and p.

    Baseline: the same week of up to `years` years before, with `half` weeks on either side; at least two years. A quasi-Poisson regression
    on time is fitted to it, with less weight for weeks with large residuals; as in Farrington, the trend is kept only with three years or
    more and where it predicts no more than the baseline's largest count. p is the upper tail of a negative binomial with the fitted mean
    and a variance that covers both a new count and the error of the mean (Farrington's tau).
    Farrington CP et al., J R Stat Soc A 1996;159:547; Noufaily A et al., Stat Med 2013;32:1206 (weights at 2.58, negative binomial).
    """
    wide = np.asarray(counts, dtype=float)
    out = [np.full(wide.shape, np.nan) for _ in range(3)]
    offsets = [-_YEAR * back + shift for back in range(1, years + 1) for shift in range(-half, half + 1)]
    for week in range(2 * _YEAR + half, len(wide)):
        rows = np.array([week + each for each in offsets if week + each >= 0])
        if len(rows) < 2 * (2 * half + 1):
            continue
        base, time = wide[rows], (rows - week) / _YEAR
        enough = np.isfinite(base).sum(axis=0) >= 2 * (2 * half + 1) - half
        for grid, predicted in zip(out, _predicted(base, time, wide[week]), strict=True):
            grid[week] = np.where(enough, predicted, np.nan)
    return out[0], out[1], out[2]


def _predicted(base: Floats, time: Floats, now: Floats) -> tuple[Floats, Floats, Floats]:
    """Return expected, value and p of one week of every series.

    `base`: baseline weeks × series; `time`: years from the week in question (negative); `now`: that week's counts.
    """
    known = np.isfinite(base)
    y = np.where(known, base, 0.0)
    fit = flat = _reweighted(y, time, known, with_trend=False)
    if len(np.unique(np.round(time))) >= 3:
        fit = _reweighted(y, time, known, with_trend=True)
    extrapolated = np.exp(np.clip(fit.level, -30, 30)) > y.max(axis=0)
    level, phi, variance = (np.where(extrapolated, a, b) for a, b in zip(flat[1:], fit[1:], strict=True))
    mean = np.exp(np.clip(level, -30, 30))
    tau = phi + mean * variance
    p, bound = upper_tail(now, mean, tau), upper_bound(mean, tau)
    return mean, (now - mean) / np.maximum(bound - mean, 1e-9), p


def _reweighted(y: Floats, time: Floats, known: NDArray[np.bool_], with_trend: bool) -> Regression:
    """Fit the regression twice, the second time with less weight for weeks with large residuals; return the second fit."""
    fit = quasi_poisson(y, time, known.astype(float), with_trend)
    fitted = np.exp(np.clip(fit.level + fit.slope * time[:, None], -30, 30))
    return quasi_poisson(y, time, _weights(y, fitted, fit.phi, time[:, None] * with_trend, known), with_trend)


def quasi_poisson(y: Floats, time: Floats, weight: Floats, with_trend: bool = True) -> Regression:
    """Fit a log-linear regression on `time` to each column (weeks × series); the level is that at time 0.

    Iteratively reweighted least squares for all columns together: McCullagh P, Nelder JA, Generalized Linear Models (1989), 2.5.
    """
    x = np.broadcast_to(time[:, None], y.shape) if with_trend else np.zeros(y.shape)
    size = np.maximum(weight.sum(axis=0), 1e-9)
    level, slope = np.log(np.maximum((weight * y).sum(axis=0) / size, 0.05)), np.zeros(y.shape[1])
    for _ in range(25):
        mu = np.exp(np.clip(level + slope * x, -30, 30))
        w = weight * mu
        z = level + slope * x + (y - mu) / mu
        total, centre = np.maximum(w.sum(axis=0), 1e-12), (w * x).sum(axis=0) / np.maximum(w.sum(axis=0), 1e-12)
        across = (w * (x - centre) ** 2).sum(axis=0)
        new = np.where(across > 1e-9, (w * (x - centre) * z).sum(axis=0) / np.maximum(across, 1e-9), 0.0)
        step = (w * z).sum(axis=0) / total - new * centre
        done = np.max(np.abs(step - level) + np.abs(new - slope), initial=0) < 1e-8
        level, slope = np.clip(step, -15, 30), np.clip(new, -20, 20)
        if done:
            break
    mu = np.exp(np.clip(level + slope * x, -30, 30))
    free = np.maximum((weight > 0).sum(axis=0) - (2 if with_trend else 1), 1)
    phi = np.maximum((weight * (y - mu) ** 2 / mu).sum(axis=0) / free, 1.0)
    doubt = 1 / total + np.where(across > 1e-9, centre**2 / np.maximum(across, 1e-9), 0.0)
    return Regression(slope, level, phi, phi * doubt)


def _weights(y: Floats, mu: Floats, phi: Floats, time: Floats, known: NDArray[np.bool_]) -> Floats:
    """Return the weights of baseline weeks: 1, or 1/residual² for large Anscombe residuals, rescaled to sum to the number of weeks.

    `time`: times of the regression (weeks × 1), or zeros without a trend; used for the leverage of each week.
    """
    w = known * mu
    total = np.maximum(w.sum(axis=0), 1e-12)
    away = time - (w * time).sum(axis=0) / total
    lever = np.clip(w / total + w * away**2 / np.maximum((w * away**2).sum(axis=0), 1e-12), 0, 0.9)
    off = 1.5 * (y ** (2 / 3) - mu ** (2 / 3)) / (mu ** (1 / 6) * np.sqrt(phi * (1 - lever)))
    raw = np.where(known, np.where(off > _WEIGHT_ABOVE, np.maximum(off, 1e-9) ** -2.0, 1.0), 0.0)
    weights: Floats = raw * known.sum(axis=0) / np.maximum(raw.sum(axis=0), 1e-12)
    return weights


def upper_tail(count: ArrayLike, mean: ArrayLike, phi: ArrayLike) -> Floats:
    """Return P(X ≥ count) for X of mean `mean` and variance phi·mean: Poisson if phi is 1, else negative binomial; NaN without a count."""
    x, m, d = (np.asarray(each, dtype=float) for each in (count, mean, phi))
    size = m / np.maximum(d - 1, 1e-9)
    p = np.where(d > 1 + 1e-9, nbinom.sf(x - 1, size, 1 / np.maximum(d, 1 + 1e-9)), poisson.sf(x - 1, m))
    return np.where(np.isnan(x), np.nan, p)


def upper_bound(mean: ArrayLike, phi: ArrayLike, level: float = 0.95) -> Floats:
    """Return the `level` quantile of the distribution of `upper_tail`: Noufaily's plug-in threshold (surveillance: nbPlugin)."""
    m, d = (np.asarray(each, dtype=float) for each in (mean, phi))
    size = m / np.maximum(d - 1, 1e-9)
    bound: Floats = np.where(d > 1 + 1e-9, nbinom.ppf(level, size, 1 / np.maximum(d, 1 + 1e-9)), poisson.ppf(level, m))
    return bound
