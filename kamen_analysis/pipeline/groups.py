"""Groups of parts: each group becomes one file of each table, so that a new capture changes few files, however many there are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamen_analysis.pipeline import digests
from kamen_analysis.pipeline.merge import Merged
from kamen_analysis.pipeline.parts import Part

POSTS_PER_FILE = 25_000


@dataclass(frozen=True)
class Group:
    """The parts whose posts share one file of each table, and the slice of `merge.Merged` that concerns them."""

    name: str
    parts: list[Part]
    starts: npt.NDArray[np.int64]
    keep: npt.NDArray[np.bool_]
    combined: pd.DataFrame
    events: pd.DataFrame
    dup: pd.DataFrame

    def keys(self, settings: str) -> dict[str, str]:
        """Return two digests of what the group's files depend on: `key` of everything, `core` of everything but which posts are copies.

        settings: the digest of `publish.Settings`.
        """
        parts = (f"{part.key} {part.shortfall}" for part in self.parts)
        keep = hashlib.sha256(np.packbits(self.keep).tobytes()).hexdigest()
        merged = (self._digest(self.combined), self._digest(self.events))
        core = digests.joined(digests.build_code(), settings, self.name, *parts, keep, *merged)
        return {"core": core, "key": digests.joined(core, self._digest(self.dup))}

    def _digest(self, frame: pd.DataFrame) -> str:
        """Return a digest of a frame's rows, their numbers counted from the group's start: earlier groups may grow."""
        if frame.empty:
            return ""
        numbers = frame.get("number", frame.index)
        rows = pd.util.hash_pandas_object(frame.assign(number=numbers - self.starts[0]), index=False)
        return hashlib.sha256(rows.to_numpy().tobytes()).hexdigest()


def groups(parts: list[Part], merged: Merged) -> list[Group]:
    """Return the parts, in order, in groups of one source each (see `cut`)."""
    found, first = [], 0
    for source, members in groupby(parts, lambda part: part.source):
        for number, count in enumerate(cut([part.size for part in members])):
            found.append(_group(f"{source}-{number:05}", parts, merged, first, first + count))
            first += count
    return found


def cut(sizes: list[int]) -> Iterator[int]:
    """Yield how many parts each group of a source takes: as many as hold POSTS_PER_FILE posts, and of the rest powers of two.

    The groups of the rest are those of a binary counter (Bentley and Saxe 1980, "Decomposable searching problems"): one more part
    changes the last few of them and seldom the large ones, so that each of n parts is written about log n times in all.
    """
    held = count = 0
    for size in sizes:
        held, count = held + size, count + 1
        if held >= POSTS_PER_FILE:
            yield count
            held = count = 0
    while count:
        yield (most := 1 << count.bit_length() - 1)
        count -= most


def _group(name: str, parts: list[Part], merged: Merged, first: int, last: int) -> Group:
    starts = merged.starts[first : last + 1]
    low, high = int(starts[0]), int(starts[-1])
    combined, events, dup = (frame.iloc[slice(*np.searchsorted(frame.get("number", frame.index), (low, high)))]
                             for frame in (merged.combined, merged.events, merged.dup))
    return Group(name, parts[first:last], starts, merged.keep[low:high], combined, events.reset_index(drop=True), dup)
