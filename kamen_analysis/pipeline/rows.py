"""Read columns of the posts of all parts: numbers a column at a time, other columns only of the posts asked for.

Rows of all parts are numbered consecutively; `starts` holds the first number of each part, and the number after the last.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa

from kamen_analysis.dedupe.essences import U32, U64, Ints
from kamen_analysis.pipeline.parts import Part

_AHEAD = 2  # parts read at a time


def column(parts: list[Part], row: int) -> U64:
    """Return one row of index.npy (see `partition`) for the posts of all parts, in order."""
    found, at = np.empty(sum(part.size for part in parts), np.uint64), 0
    for part in parts:
        part.index(row, found[at : at + part.size])
        at += part.size
    return found


def placed(parts: list[Part], row: int, places: U32, most: int) -> U64:
    """Return one row of index.npy for `most` posts of all parts, each at its place; posts whose place is `most` are left out.

    No array of all posts is made besides.
    """
    found, at = np.empty(most + 1, np.uint64), 0
    read = np.empty(max((part.size for part in parts), default=0), np.uint64)
    for part in parts:
        part.index(row, read[: part.size])
        found[places[at : at + part.size]] = read[: part.size]
        at += part.size
    return found[:most]


def rows_of(parts: list[Part], starts: Ints, numbers: Ints, names: list[str]) -> pd.DataFrame:
    """Return columns of `posts`, and `source`, for the posts numbered `numbers` (sorted), which become the index."""
    tables = [posts.append_column("source", pa.repeat(part.source, len(posts))) for part, posts in select(parts, starts, numbers, names)]
    if not tables:
        return pd.DataFrame(columns=[*names, "source"], dtype="str")
    rows: pd.DataFrame = pa.concat_tables(tables).to_pandas()
    return rows.set_index(numbers)


def select(parts: list[Part], starts: Ints, numbers: Ints, names: list[str]) -> Iterator[tuple[Part, pa.Table]]:
    """Yield each part that has posts numbered `numbers` (sorted), with columns of those posts; the next parts are read meanwhile."""
    cuts = np.searchsorted(numbers, starts)

    def read(part: Part, start: int, low: int, high: int) -> tuple[Part, pa.Table]:
        return part, part.read("posts", names).take(numbers[low:high] - start)

    running = deque[Future[tuple[Part, pa.Table]]]()
    with ThreadPoolExecutor(_AHEAD) as pool:
        for part, start, low, high in zip(parts, starts, cuts, cuts[1:], strict=False):
            if high > low:
                running.append(pool.submit(read, part, start, low, high))
            if len(running) > _AHEAD:
                yield running.popleft().result()
        yield from (one.result() for one in running)
