"""Intervals of whole-number quantities: few hold exactly 95%, so the one is taken whose probability comes nearest to it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def whole_interval(mass: ArrayLike, level: float = 0.95) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each row of `mass` (probabilities of 0, 1, 2 …) the first and last whole number of its interval.

    The interval starts at the likeliest number and grows by the likelier neighbour until it holds `level`; the last step is not taken
    if it would overshoot by more than stopping falls short. So the intervals hold `level` on average, not at least.
    """
    table = np.atleast_2d(np.asarray(mass, dtype=float))
    ends = np.array([_interval(row, level) for row in table], dtype=np.int64).reshape(-1, 2)
    return ends[:, 0], ends[:, 1]


def _interval(row: NDArray[np.float64], level: float) -> tuple[int, int]:
    padded = np.concatenate([[-1.0], row, [-1.0]])
    first = last = int(row.argmax()) + 1
    held = padded[first]
    while held < level:
        below, above = padded[first - 1], padded[last + 1]
        step = max(below, above)
        if step < 0 or held + step - level > level - held:
            break
        first, last = (first - 1, last) if below >= above else (first, last + 1)
        held += step
    return first - 1, last - 1
