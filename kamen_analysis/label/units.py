"""The stretches of text that the reasons' model is asked about: clauses together, from each clause on."""

from __future__ import annotations

import numpy as np

from kamen_analysis.kernels import compiled
from kamen_analysis.label.text import Bools, Indexes, Ints, Texts

WIDTHS = (12, 40)  # The model is asked about clauses together, up to so many characters: a few, which thin no plain word out, and more.


def units(texts: Texts, posts: Ints) -> tuple[Indexes, Indexes]:
    """Return the first and the last clause, by number, of each stretch of `posts` the model is asked about, ascending.

    From each clause on there is one for each of WIDTHS: as many clauses as fit, one at least; none twice.
    """
    starts, ends = texts.clauses
    asked, out = np.zeros(len(texts), np.bool_), np.empty((2, len(starts) * len(WIDTHS)), np.int64)
    asked[posts] = True
    many = _fit(starts, ends, asked[texts.post(starts)], np.array(WIDTHS), out)
    return out[0, :many], out[1, :many]


@compiled
def _fit(starts: Ints, ends: Ints, asked: Bools, widths: Indexes, out: Indexes) -> int:
    # Fills in the first and the last clause of each stretch from an asked clause on, and returns how many there are.
    n, fitting = 0, np.full(len(widths), -1)  # The last clause that ends within each width of the clause's start.
    for clause in range(len(starts)):
        before = -1
        for k in range(len(widths)):
            while fitting[k] + 1 < len(ends) and ends[fitting[k] + 1] <= starts[clause] + widths[k]:
                fitting[k] += 1
            last = max(fitting[k], clause)
            if asked[clause] and last > before and ends[last] > starts[clause]:
                out[0, n], out[1, n] = clause, last
                n += 1
            before = last
    return n
