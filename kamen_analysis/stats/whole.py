"""Intervals of whole numbers: they can hold 95% only nearly, so the one is taken whose probability comes nearest to it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def whole_interval(mass: ArrayLike, level: float = 0.95) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each row of `mass` (probabilities of 0, 1, 2 …) the first and last whole number of its interval.

    From the likeliest number the likelier neighbour is taken in, until `level` is reached, or the step that would pass it leads
    further from it than stopping short. So intervals of many rows hold `level` on average instead of at least.
    """
    table = np.atleast_2d(np.asarray(mass, dtype=float))
    found = np.array([_grown(row, level) for row in table], dtype=np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _grown(row: NDArray[np.float64], level: float) -> tuple[int, int]:
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
