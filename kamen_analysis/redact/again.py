"""A value found once is hidden wherever its row has it again: in the same text, and in the other texts of one post."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import ahocorasick_rs
import numpy as np
import numpy.typing as npt

from kamen_analysis.redact.reading import HIDDEN, Reading

Found = tuple[int, int, int, str]  # start, end (in the reading), rank of the kind, kind
_LEAST = {"NAME": 2, "ACCOUNT": 3}
_FEW = 50  # so many values of a row are counted one by one, which is quick for few and slow for thousands


def least(kind: str) -> int:
    """Return how many characters a value of a kind has at least that is known by itself; shorter ones are words or amounts."""
    return _LEAST.get(kind, 6)


def again(found: Sequence[Found], reading: Reading, rows: npt.NDArray[np.int64]) -> list[Found]:
    """Return every further place where a value found stands, as a word of its own, in a text of the same row.

    `rows`: the row of each text given, ascending.
    """
    said: dict[int, dict[str, tuple[int, str]]] = {}
    of = rows[reading.numbers]
    own = of[reading.of(np.array([start for start, *_ in found], dtype=np.int64))].tolist()
    for row, (start, end, rank, kind) in zip(own, found, strict=True):
        value = reading.words[start:end]
        if end - start >= least(kind) and HIDDEN not in value:
            said.setdefault(row, {}).setdefault(value, (rank, kind))
    lows = reading.starts[np.searchsorted(of, list(said))].tolist()
    highs = reading.ends[np.searchsorted(of, list(said), "right") - 1].tolist()
    more = list[Found]()
    for values, low, high in zip(said.values(), lows, highs, strict=True):
        more += [(start, end, *values[reading.words[start:end]]) for start, end in _places(values, reading.words, low, high)]
    return more


def _places(values: dict[str, Any], words: str, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Yield where the values stand between two places as words of their own; a value that stands there once only may be left out."""
    repeated = list(values) if len(values) > _FEW else [value for value in values if words.count(value, low, high) > 1]
    if repeated:
        for _, start, end in ahocorasick_rs.AhoCorasick(repeated).find_matches_as_indexes(words[low:high], overlapping=True):
            if not _is_plain(words[low + start - 1]) and not _is_plain(words[low + end]):
                yield low + start, low + end


def _is_plain(char: str) -> bool:
    return char.isascii() and char.isalnum()  # texts are folded: no capitals
