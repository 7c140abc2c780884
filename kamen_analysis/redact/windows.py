"""Stretches of the texts: around finds and words, joined, and place by place."""

from __future__ import annotations

import numpy as np

from kamen_analysis.kernels import compiled
from kamen_analysis.redact.reading import Reading
from kamen_analysis.redact.tables import Ints

Windows = Ints  # rows of start, end


def widened(spans: Ints, reading: Reading, reach: Ints, least: Ints) -> Ints:
    """Return the stretches of the texts around spans, widened within the text and joined where they meet: rows of start, end, kind.

    `spans`: rows of start, end, kind, by kind and then by start. `reach` says for each kind how far before and behind them, and `least`
    for each span where its stretch begins at the earliest.
    """
    out = np.empty((len(spans), 3), np.int64)
    return out[:_widened(spans, reading.starts, reading.ends, reach, least, out)]


@compiled
def _widened(spans: Ints, starts: Ints, ends: Ints, reach: Ints, least: Ints, out: Ints) -> int:
    n = 0
    for number in range(len(spans)):
        start, end, kind = spans[number, 0], spans[number, 1], spans[number, 2]
        text = np.searchsorted(starts, end - 1, "right") - 1
        low = max(start - reach[kind, 0], starts[text], least[number])
        high = min(end + reach[kind, 1], ends[text])
        if n and out[n - 1, 2] == kind and low <= out[n - 1, 1]:
            out[n - 1, 1] = max(out[n - 1, 1], high)
        else:
            out[n, 0], out[n, 1], out[n, 2] = low, high, kind
            n += 1
    return n


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
