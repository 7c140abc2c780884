"""Bootstrap intervals that stay cheap for a million values."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def bootstrap_median(values: ArrayLike, level: float = 0.95, seed: int = 1, draws: int = 2000) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the median of `values`; NaN for fewer than two values.

    No resample is ever drawn: the k-th smallest of n values drawn with replacement is the value at position floor(n·U) of the
    sorted sample, where U, the k-th smallest of n uniforms, is Beta(k, n-k+1). So each median costs at most two random numbers
    whatever n is, and has exactly the distribution of a resampled median.
    Efron B, Tibshirani RJ, An Introduction to the Bootstrap (1993), chapter 13.
    """
    ordered = np.sort(np.asarray(values, dtype=float))
    n = ordered.size
    if n < 2:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    k = (n + 1) // 2
    below = rng.beta(k, n - k + 1, draws)
    medians = ordered[np.minimum((n * below).astype(int), n - 1)]
    if n % 2 == 0:
        above = below + (1 - below) * rng.beta(1, n - k, draws)
        medians = (medians + ordered[np.minimum((n * above).astype(int), n - 1)]) / 2
    low, high = np.quantile(medians, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
