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
    """Return the mean of what a human would say over all units.

    `coded`, `guessed`: human and machine decisions (0/1) on a simple random sample; `others`: machine decisions on the rest.
    The machine's mean plus its mean error on the sample, the machine weighted so that the interval is shortest (PPI++):
    Angelopoulos AN et al., Science 2023;382:669; Angelopoulos AN, Duchi JC, Zrnic T, arXiv:2311.01453, example 6.1. The
    weight is the sample's own slope (ppi-python pools the variance of all units), so that a machine never wrong gets all of it.
    A sample in which the machine made no mistake does not prove that it makes none: for the interval half a unit is added to each of
    the four cells of human by machine, as Agresti A, Min Y, Stat Med 2005;24:729 do for paired shares.
    """
    y, f, rest = (np.asarray(x, dtype=float) for x in (coded, guessed, others))
    n, many = y.size, rest.size
    if n < 2 or many < 2:
        return Corrected(*(float("nan"),) * 5)
    spread, slope = float(np.var(np.concatenate([f, rest]), ddof=1)), np.cov(y, f)
    weight = float(np.clip(slope[0, 1] / ((1 + n / many) * slope[1, 1]), 0, 1)) if slope[1, 1] > 0 else 0.0
    value = weight * rest.mean() + (y - weight * f).mean()
    machine, (centre, human) = weight**2 * spread / many, _rectifier(y, f, weight)
    half = norm.ppf((1 + level) / 2) * np.sqrt(machine + human / (n + 4 * _PSEUDO))
    low, high = (weight * rest.mean() + centre + side * half for side in (-1, 1))
    goal = (machine + human / n) / 4 - machine
    needed = max(0.0, human / goal - n) if goal > 0 else float("inf")
    share = float(np.clip(value, 0, 1))
    return Corrected(share, float(np.clip(low, 0, share)), float(np.clip(high, share, 1)), weight, float(needed))


_PSEUDO = 0.5  # units added to each cell of human by machine


def _rectifier(y: Floats, f: Floats, weight: float) -> tuple[float, float]:
    """Return mean and variance of human minus weighted machine, with the pseudo-units."""
    cells = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    off = np.concatenate([y - weight * f, cells[:, 0] - weight * cells[:, 1]])
    heavy = np.concatenate([np.ones(y.size), np.full(4, _PSEUDO)])
    mean = float(np.average(off, weights=heavy))
    return mean, float((heavy * (off - mean) ** 2).sum() / (heavy.sum() - 1))
