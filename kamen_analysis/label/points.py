"""Count and weigh words post by post: loops over hits in the order of `Hits`, by group and then by their ends."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kamen_analysis.kernels import compiled
from kamen_analysis.label._hits import CUE
from kamen_analysis.label.text import Bools, Floats, Indexes, Ints

_CUES = 1 << CUE


@compiled
def count_different(group: Ints, post: Ints, cue: Ints, counts: Ints) -> None:
    """Add to `counts` (posts, groups) how many different cues of each group stand in each post."""
    seen, first = np.full(_CUES, -1, np.int64), 0
    for i in range(len(group)):
        if post[i] != post[first] or group[i] != group[first]:
            first = i
        if seen[cue[i]] < first:
            counts[post[i], group[i]] += 1
        seen[cue[i]] = i


@compiled
def longest(group: Ints, start: Ints, end: Ints) -> Bools:
    """Return which hits do not lie in a longer one of their group: 会员费 is one word, not also 会员."""
    kept = np.ones(len(group), np.bool_)
    # A longer hit that holds this one ends with it (then it comes first of those that end here), or ends later and starts no later.
    first = 0
    for i in range(len(group)):
        if end[i] != end[first] or group[i] != group[first]:
            first = i
        kept[i] = start[i] == start[first]
    # The earliest start of the hits that end later, and of these together with the hits that end here.
    low, last = np.iinfo(np.int32).max, np.iinfo(np.int32).max
    for i in range(len(group) - 1, -1, -1):
        if i == len(group) - 1 or group[i] != group[i + 1]:
            low, last = np.iinfo(np.int32).max, np.iinfo(np.int32).max
        elif end[i] != end[i + 1]:
            low = last
        kept[i] &= start[i] < low
        last = min(last, start[i])
    return kept


@compiled
def add_best(group: Ints, post: Ints, cue: Ints, points: Floats, again: float, most: int, scores: Floats) -> None:
    """Add to `scores` (posts, groups) the points of the `most` best cues, the best first.

    A cue has the points of its first hit; each further hit adds `again`, or raises them to its own points if these are more.
    """
    seen, best, first = np.full(_CUES, -1, np.int64), np.empty(_CUES), 0
    for i in range(len(group)):
        if seen[cue[i]] < first:
            best[cue[i]] = points[i]
        else:
            best[cue[i]] = max(points[i], best[cue[i]] + again)
        seen[cue[i]] = i
        if i + 1 < len(group) and post[i + 1] == post[i] and group[i + 1] == group[i]:
            continue
        total = 0.0
        for _ in range(most):
            top = -1
            for j in range(first, i + 1):  # The last hit of each cue stands for it.
                if seen[cue[j]] == j and (top < 0 or best[cue[j]] > best[cue[top]]):
                    top = j
            if top >= 0:
                total += best[cue[top]]
                seen[cue[top]] = -1
        scores[post[i], group[i]] += total
        first = i + 1


@compiled
def add_worth(count: npt.NDArray[np.int64], worth: Floats, totals: Floats) -> None:
    """Add to `totals` (posts, kinds) the points of the evidence: `count` (posts, evidence) times `worth` (evidence, kinds).

    What speaks against a kind counts once at most. They are added one by one, so that no sum depends on the batch.
    """
    for post in range(len(count)):
        for i in range(len(worth)):
            times = count[post, i]
            if times > 0:
                for kind in range(worth.shape[1]):
                    totals[post, kind] += worth[i, kind] * (times if worth[i, kind] > 0 else 1)


@compiled
def heaviest(count: npt.NDArray[np.int64], worth: Floats, kinds: Indexes) -> Indexes:
    """Return for each post the evidence that gives most points to its kind, the first of equals; 0 if none bears on it."""
    out = np.zeros(len(count), np.int64)
    for post in range(len(count)):
        kind, most = kinds[post], -np.inf
        for i in range(len(worth)):
            points = worth[i, kind] * (count[post, i] if worth[i, kind] > 0 else min(count[post, i], 1))
            if worth[i, kind] != 0 and points > most:
                most, out[post] = points, i
    return out
