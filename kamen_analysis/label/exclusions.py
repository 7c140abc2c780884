"""Look-alikes: find the cues that touch an exclusion of their reason."""

from __future__ import annotations

import functools

import numpy as np

from kamen_analysis.codebook import load
from kamen_analysis.kernels import compiled
from kamen_analysis.label.cues import Matcher
from kamen_analysis.label.matches import Found
from kamen_analysis.label.text import Indexes, Ints

EXCLUDED = 16  # The first exclusion of a reason is 16, the second 17, …
SCOPES = ("overlap", "clause", "sentence", "line", "text")


def excluded(matcher: Matcher, found: Found, code: Ints, bounds: Ints) -> Ints:
    """Return for each cue the first exclusion of its reason that touches it, as EXCLUDED plus its number there, or 0.

    `code`: the number of each cue's reason; `bounds` (SCOPES, 2, cues): where each scope around it starts and ends.
    """
    out, (numbers, scopes, first) = np.zeros(len(code), np.int32), _exclusions(matcher)
    rows = found.rows(numbers)
    farthest = np.zeros(len(found.end), np.int32)  # The farthest end so far, exclusion by exclusion.
    for low, high in rows[:, rows[0] < rows[1]].T.tolist():
        np.maximum.accumulate(found.end[low:high], out=farthest[low:high])
    _exclude(code, bounds, found.start, farthest, rows, scopes, first, out)
    return out


@functools.lru_cache(maxsize=2)
def _exclusions(matcher: Matcher) -> tuple[Indexes, Ints, Ints]:
    # The numbers of the keys of all exclusions, their scopes, and where those of each reason begin.
    reasons = load().reasons.values()
    numbers = matcher.numbers((reason.code, "exclusion", j) for reason in reasons for j in range(len(reason.exclusions)))
    scopes = [SCOPES.index(one.scope) for reason in reasons for one in reason.exclusions]
    return numbers, np.array(scopes, np.int32), np.cumsum([0, *(len(reason.exclusions) for reason in reasons)]).astype(np.int32)


@compiled
def _exclude(code: Ints, bounds: Ints, start: Ints, farthest: Ints, rows: Indexes, scopes: Ints, first: Ints, out: Ints) -> None:
    # `rows`: where in `start` and `farthest` the matches of each exclusion begin and end.
    for i in range(len(code)):
        for j in range(first[code[i]], first[code[i] + 1]):
            low, high = rows[0, j], rows[1, j]
            last = low + np.searchsorted(start[low:high], bounds[scopes[j], 1, i]) if low < high else low
            if last > low and farthest[last - 1] > bounds[scopes[j], 0, i]:
                out[i] = EXCLUDED + j - first[code[i]]
                break
