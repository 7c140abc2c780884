"""A share estimated from many machine decisions and a few human ones: prediction-powered inference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm


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
    Angelopoulos AN et al., Science 2023;382:669; Angelopoulos AN, Duchi JC, Zrnic T, arXiv:2311.01453, example 6.1.
    """
    y, f, rest = (np.asarray(x, dtype=float) for x in (coded, guessed, others))
    n, many = y.size, rest.size
    if n < 2 or many < 2:
        return Corrected(*(float("nan"),) * 5)
    spread, slope = float(np.var(np.concatenate([f, rest]), ddof=1)), np.cov(y, f)
    weight = float(np.clip(slope[0, 1] / ((1 + n / many) * slope[1, 1]), 0, 1)) if slope[1, 1] > 0 else 0.0
    value = weight * rest.mean() + (y - weight * f).mean()
    machine, human = weight**2 * spread / many, float(np.var(y - weight * f, ddof=1))
    half = norm.ppf((1 + level) / 2) * np.sqrt(machine + human / n)
    goal = (machine + human / n) / 4 - machine
    needed = max(0.0, human / goal - n) if goal > 0 else float("inf")
    return Corrected(float(np.clip(value, 0, 1)), float(max(0.0, value - half)), float(min(1.0, value + half)), weight, float(needed))
