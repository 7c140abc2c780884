"""Weekly counts that stand out: the EARS charts and Farrington's regression, for many series at once.

Counts come as a table, weeks (rows, one after the other, NaN where nothing is known) by series (columns); so do the answers.
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
    """Of each series: slope a year, level now (log), dispersion (at least 1) and the variance of the level."""

    slope: Floats
    level: Floats
    phi: Floats
    variance: Floats


def ears(counts: ArrayLike, method: str = "C2") -> tuple[Floats, Floats, Floats]:
    """Return for each week expected, value (the standardised excess) and p by EARS C1, C2 or C3.

    Expected: mean of the seven weeks before (C1), or of those ending two weeks before (C2, C3); spread at least Poisson's, so that quiet
    baselines do not cry wolf; p: upper tail of Student's t on six degrees of freedom. C3 adds up how far the C2 values of this week and
    the two before exceed 1; its p comes from independent normal series put through the same chart.
    Hutwagner L et al., J Urban Health 2003;80:i89. R's surveillance::earsC has the same baselines and sums; it leaves out the doubt about
    the baseline's own mean (1 + 1/7 here) and takes normal tails.
    """
    wide = np.asarray(counts, dtype=float)
    mean, value = _standardised(wide, LAGS.get(method, 2), poisson_floor=True)
    if method != "C3":
        return mean, value, np.asarray(student.sf(value, BASELINE - 1))
    total = _three_weeks(value)
    p = 1 - np.searchsorted(_null_c3(), total, side="left") / len(_null_c3())
    return mean, total, np.where(np.isnan(total), np.nan, p)


def _standardised(wide: Floats, lag: int, poisson_floor: bool) -> tuple[Floats, Floats]:
    mean, spread = np.full(wide.shape, np.nan), np.full(wide.shape, np.nan)
    if len(wide) > BASELINE + lag:
        windows = np.lib.stride_tricks.sliding_window_view(wide, BASELINE, axis=0)[: len(wide) - BASELINE - lag]
        mean[BASELINE + lag :] = windows.mean(axis=-1)
        spread[BASELINE + lag :] = windows.var(axis=-1, ddof=1)
    floor = np.maximum(mean, 0.25) if poisson_floor else np.full(wide.shape, 1e-9)
    return mean, (wide - mean) / np.sqrt(np.maximum(spread, floor) * (1 + 1 / BASELINE))


def _three_weeks(value: Floats) -> Floats:
    over = np.where(np.isnan(value), np.nan, np.maximum(value - 1, 0))
    total = over.copy()
    for back in (1, 2):
        total[back:] += over[:-back]
        total[:back] = np.nan
    return total


@cache
def _null_c3() -> Floats:
    """Return C3 of a long series of independent normal weeks, in rising order."""
    calm = np.random.default_rng(1).standard_normal((2000, 100))
    total = _three_weeks(_standardised(calm, LAGS["C2"], poisson_floor=False)[1])
    return np.sort(total[np.isfinite(total)])


def farrington(counts: ArrayLike, years: int = 5, half: int = 3) -> tuple[Floats, Floats, Floats]:
    """Return for each week expected, value (excess over expected, in units of the distance to the 95% bound) and p.

    Baseline: the same week of each of up to `years` years before, with `half` weeks on either side, at least two years; a quasi-Poisson
    regression on time (the trend is kept with three years or more, where it does not predict more than was ever seen, as Farrington does),
    weeks with large residuals weighing less; p from the negative binomial of the fitted mean, its variance that of a new count
    and of the mean together (Farrington's tau).
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
        full = np.isfinite(base).sum(axis=0) >= 2 * (2 * half + 1) - half
        for column, found in zip(out, _predicted(base, time, wide[week]), strict=True):
            column[week] = np.where(full, found, np.nan)
    return out[0], out[1], out[2]


def _predicted(base: Floats, time: Floats, now: Floats) -> tuple[Floats, Floats, Floats]:
    """Return expected, value and p of one week of every series; `base`: baseline weeks × series, `time` in years, 0 being now."""
    known = np.isfinite(base)
    y = np.where(known, base, 0.0)
    fit = flat = _reweighted(y, time, known, with_trend=False)
    if len(np.unique(np.round(time))) >= 3:
        fit = _reweighted(y, time, known, with_trend=True)
    wild = np.exp(np.clip(fit.level, -30, 30)) > y.max(axis=0)
    level, phi, variance = (np.where(wild, a, b) for a, b in zip(flat[1:], fit[1:], strict=True))
    mean = np.exp(np.clip(level, -30, 30))
    tau = phi + mean * variance
    p, bound = upper_tail(now, mean, tau), upper_bound(mean, tau)
    return mean, (now - mean) / np.maximum(bound - mean, 1e-9), p


def _reweighted(y: Floats, time: Floats, known: NDArray[np.bool_], with_trend: bool) -> Regression:
    """Return the regression fitted once, and once more with weeks of large residuals weighing less."""
    fit = quasi_poisson(y, time, known.astype(float), with_trend)
    fitted = np.exp(np.clip(fit.level + fit.slope * time[:, None], -30, 30))
    return quasi_poisson(y, time, _weights(y, fitted, fit.phi, time[:, None] * with_trend, known), with_trend)


def quasi_poisson(y: Floats, time: Floats, weight: Floats, with_trend: bool = True) -> Regression:
    """Return each column's log-linear regression on `time`, level taken at time 0.

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
    """Return weights: 1 for ordinary weeks, 1/residual² for far ones (Anscombe residuals), adding up to the number of weeks.

    `time`: the regression's, weeks × 1, or noughts without a trend; it gives each week its leverage.
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
    """Return P(X ≥ count) for X of mean and variance phi·mean: Poisson at phi 1, else negative binomial; NaN for a missing count."""
    x, m, d = (np.asarray(each, dtype=float) for each in (count, mean, phi))
    size = m / np.maximum(d - 1, 1e-9)
    p = np.where(d > 1 + 1e-9, nbinom.sf(x - 1, size, 1 / np.maximum(d, 1 + 1e-9)), poisson.sf(x - 1, m))
    return np.where(np.isnan(x), np.nan, p)


def upper_bound(mean: ArrayLike, phi: ArrayLike, level: float = 0.95) -> Floats:
    """Return the `level` quantile of the same distribution: Noufaily's plug-in threshold (surveillance: nbPlugin)."""
    m, d = (np.asarray(each, dtype=float) for each in (mean, phi))
    size = m / np.maximum(d - 1, 1e-9)
    bound: Floats = np.where(d > 1 + 1e-9, nbinom.ppf(level, size, 1 / np.maximum(d, 1 + 1e-9)), poisson.ppf(level, m))
    return bound
