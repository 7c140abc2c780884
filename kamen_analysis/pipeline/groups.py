"""Parts in groups, a file of each table to a group: so that new captures touch few files, however many there are."""

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
    """The parts whose posts lie in one file of each table, and the decisions about them (see `merge.Merged`)."""

    name: str
    parts: list[Part]
    starts: npt.NDArray[np.int64]
    keep: npt.NDArray[np.bool_]
    told: pd.DataFrame
    events: pd.DataFrame
    dup: pd.DataFrame

    def keys(self, settings: str) -> dict[str, str]:
        """Return the digests of what the group's files depend on: `core`, all but the copies, and `key`, everything.

        `settings` is the digest of what is not the group's own.
        """
        parts = (f"{part.key} {part.shortfall}" for part in self.parts)
        own = hashlib.sha256(np.packbits(self.keep).tobytes()).hexdigest()
        core = digests.joined(digests.build_code(), settings, self.name, *parts, own, self._digest(self.told), self._digest(self.events))
        return {"core": core, "key": digests.joined(core, self._digest(self.dup))}

    def _digest(self, frame: pd.DataFrame) -> str:
        numbers = frame.get("number", frame.index)
        table = frame.assign(number=numbers - self.starts[0]).to_csv(index=False)
        return hashlib.sha256(table.encode("utf-8", "surrogatepass")).hexdigest()


def groups(parts: list[Part], merged: Merged) -> list[Group]:
    """Return the parts, in order, in groups of one source each (see `cut`)."""
    found, first = [], 0
    for source, those in groupby(parts, lambda part: part.source):
        for number, count in enumerate(cut([part.size for part in those])):
            found.append(_group(f"{source}-{number:05}", parts, merged, first, first + count))
            first += count
    return found


def cut(sizes: list[int]) -> Iterator[int]:
    """Yield how many parts each group of a source takes: enough for POSTS_PER_FILE posts, and of the rest a power of two at a time.

    The groups of the rest are those of a binary counter (Bentley and Saxe 1980, "Decomposable searching problems"): one part more
    changes the last few of them and seldom the large ones, so that of n parts each is written some log n times in its life.
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
    told, events, dup = (frame.iloc[slice(*np.searchsorted(frame.get("number", frame.index), (low, high)))]
                         for frame in (merged.told, merged.events, merged.dup))
    return Group(name, parts[first:last], starts, merged.keep[low:high], told, events.reset_index(drop=True), dup)
