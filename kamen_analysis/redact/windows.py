"""Stretches of the texts: around finds and words, joined, and place by place."""

from __future__ import annotations

import numpy as np

from kamen_analysis.redact.leads import Ints
from kamen_analysis.redact.reading import Reading

Windows = Ints  # rows of start, end
NONE: Windows = np.zeros((0, 2), dtype=np.int64)


def widened(spans: Ints, reading: Reading, before: int, behind: int, least: Ints | None = None) -> Windows:
    """Return the stretches of the texts around the (sorted) spans, widened within the text (at `least` where told) and joined where
    they meet."""
    if not len(spans):
        return NONE
    texts = reading.of(spans[:, 1] - 1)
    starts = np.maximum(spans[:, 0] - before, reading.starts[texts])
    if least is not None:
        starts = np.maximum(starts, least)
    ends = np.maximum.accumulate(np.minimum(spans[:, 1] + behind, reading.ends[texts]))
    new = np.append(True, starts[1:] > ends[:-1])
    return np.stack([starts[new], ends[np.append(new[1:], True)]], axis=1)


def together(some: Windows, others: Windows) -> Windows:
    """Return the stretches that are in some windows or in others."""
    both = np.concatenate([some, others])
    both = both[np.argsort(both[:, 0], kind="stable")]
    ends = np.maximum.accumulate(both[:, 1])
    new = np.append(True, both[1:, 0] > ends[:-1])[:len(both)]
    return np.stack([both[new, 0], ends[np.append(new[1:], True)[:len(both)]]], axis=1)


def each(windows: Windows) -> tuple[Ints, Ints]:
    """Return every place in the windows, and for each where its window ends."""
    lengths = windows[:, 1] - windows[:, 0]
    ends = np.repeat(windows[:, 1], lengths)
    return np.arange(len(ends)) + np.repeat(windows[:, 1] - np.cumsum(lengths), lengths), ends
