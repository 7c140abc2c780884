"""A share estimated from many machine decisions and a few human ones: prediction-powered inference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Corrected:
    """A corrected mean with its interval, the weight given to the machine, and how many more human codes would halve the interval."""

    value: float
    low: float
    high: float
    weight: float
    needed: float


def corrected_mean(coded: ArrayLike, guessed: ArrayLike, others: ArrayLike, level: float = 0.95) -> Corrected:
    """Estimate the share of units that humans would code 1, were they to code them all; all NaN for fewer than two units in either part.

    `coded`, `guessed`: human and machine decisions (0/1) on a simple random sample; `others`: machine decisions on the rest.
    The estimate is the machine's mean over the rest plus its mean error on the sample, with the machine weighted so that the interval is
    shortest (PPI++): Angelopoulos AN et al., Science 2023;382:669; Angelopoulos AN, Duchi JC, Zrnic T, arXiv:2311.01453, example 6.1.
    The weight is the slope of human on machine decisions in the sample alone (ppi-python takes the variance from all units), so that
    a machine without a mistake gets the full weight 1 ÷ (1 + n/N).
    Not having seen the machine err on a sample does not prove that it never errs: for the interval, half a unit is added to each of the
    four cells of the human × machine table, as Agresti A, Min Y, Stat Med 2005;24:729 do for paired shares.
    """
    y, f, rest = (np.asarray(x, dtype=float) for x in (coded, guessed, others))
    n, n_rest = y.size, rest.size
    if n < 2 or n_rest < 2:
        return Corrected(*(float("nan"),) * 5)
    covariance = np.cov(y, f)
    weight = float(np.clip(covariance[0, 1] / ((1 + n / n_rest) * covariance[1, 1]), 0, 1)) if covariance[1, 1] > 0 else 0.0
    value = weight * rest.mean() + (y - weight * f).mean()
    machine_variance = weight**2 * float(np.var(np.concatenate([f, rest]), ddof=1)) / n_rest
    error, error_variance = _rectifier(y, f, weight)
    half = norm.ppf((1 + level) / 2) * np.sqrt(machine_variance + error_variance / (n + 4 * _PSEUDO))
    low, high = (weight * rest.mean() + error + side * half for side in (-1, 1))
    # Half the width is a quarter of the variance; more human codes can lower only the sample's part of it.
    goal = (machine_variance + error_variance / n) / 4 - machine_variance
    needed = max(0.0, error_variance / goal - n) if goal > 0 else float("inf")
    share = float(np.clip(value, 0, 1))
    return Corrected(share, float(np.clip(low, 0, share)), float(np.clip(high, share, 1)), weight, float(needed))


_PSEUDO = 0.5  # units added to each cell of the human × machine table


def _rectifier(y: Floats, f: Floats, weight: float) -> tuple[float, float]:
    """Return mean and variance of (human - `weight` × machine), the pseudo-units included."""
    cells = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    error = np.concatenate([y - weight * f, cells[:, 0] - weight * cells[:, 1]])
    units = np.concatenate([np.ones(y.size), np.full(4, _PSEUDO)])
    mean = float(np.average(error, weights=units))
    return mean, float((units * (error - mean) ** 2).sum() / (units.sum() - 1))
