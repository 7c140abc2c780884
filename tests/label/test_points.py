"""The loops that count and weigh words post by post, against slow and plain ones."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kamen_analysis.label.points import add_best, add_worth, count_different, heaviest, longest

GROUPS, POSTS, APART = 3, 4, 1000
Hit = tuple[int, int, int, int, int]  # Group, post, start, end, cue.


def _hit(group: int, post: int, start: int, size: int, cue: int) -> Hit:
    return group, post, post * APART + start, post * APART + start + size, cue


HITS = st.lists(st.builds(_hit, st.integers(0, GROUPS - 1), st.integers(0, POSTS - 1), st.integers(0, 12), st.integers(1, 5),
                          st.integers(0, 4)), max_size=60).map(lambda hits: sorted(hits, key=lambda hit: (hit[0], hit[3], hit[2], hit[4])))


def _columns(hits: list[Hit]) -> tuple[np.ndarray, ...]:
    return tuple(np.array(hits, np.int32).reshape(-1, 5).T.copy())


@settings(deadline=None)
@given(HITS)
def test_different_cues_are_counted_once(hits: list[Hit]) -> None:
    """In each post each cue of a group counts once, however often it stands there."""
    group, post, _, _, cue = _columns(hits)
    counts = np.zeros((POSTS, GROUPS), np.int32)
    count_different(group, post, cue, counts)
    different = {(g, p, c) for g, p, _, _, c in hits}
    assert counts.tolist() == [[sum(d[:2] == (g, p) for d in different) for g in range(GROUPS)] for p in range(POSTS)]


@settings(deadline=None)
@given(HITS)
def test_words_inside_longer_ones_are_dropped(hits: list[Hit]) -> None:
    """A hit is dropped where a longer one of its group holds it; of equal ones all are kept."""
    group, _, start, end, _ = _columns(hits)
    slow = [not any(g == one[0] and s <= one[2] and one[3] <= e and (s, e) != one[2:4] for g, _, s, e, _ in hits) for one in hits]
    assert longest(group, start, end).tolist() == slow


@settings(deadline=None)
@given(HITS, st.integers(0, 5), st.sampled_from([0.0, 0.5, 2.0]))
def test_the_best_cues_are_added_up(hits: list[Hit], most: int, again: float) -> None:
    """For each post and group the best cues count, each with the points of its first hit as raised by its further ones."""
    group, post, start, _, cue = _columns(hits)
    points = (start * 7 % 5 / 4).astype(float)
    slow: dict[tuple[int, int], dict[int, float]] = defaultdict(dict)
    for (g, p, _, _, c), worth in zip(hits, points.tolist(), strict=True):
        best = slow[p, g]
        best[c] = max(worth, best[c] + again) if c in best else worth
    scores = np.full((POSTS, GROUPS), 0.25)
    add_best(group, post, cue, points, again, most, scores)
    assert scores.tolist() == [[0.25 + sum(sorted(slow[p, g].values(), reverse=True)[:most]) for g in range(GROUPS)] for p in range(POSTS)]


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=6),
       st.lists(st.lists(st.sampled_from([-1.5, 0.0, 0.5, 0.1]), min_size=2, max_size=2), min_size=4, max_size=4))
def test_evidence_is_weighed(count: list[list[int]], worth: list[list[float]]) -> None:
    """What speaks for a kind counts as often as it stands, what speaks against it once; the first of the heaviest is named."""
    kinds = list(zip(*worth, strict=True))
    points = [[[w * c if w > 0 else w * (c > 0) for w, c in zip(kind, row, strict=True)] for kind in kinds] for row in count]
    totals = np.zeros((len(count), 2))
    add_worth(np.array(count), np.array(worth), totals)
    assert totals.tolist() == [[sum(kind) for kind in row] for row in points]
    for kind in (0, 1):
        some = [i for i, row in enumerate(worth) if row[kind]]
        slow = [max(some, key=lambda i, row=row: row[kind][i], default=0) for row in points]
        assert heaviest(np.array(count), np.array(worth), np.full(len(count), kind)).tolist() == slow
