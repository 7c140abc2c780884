"""Titles and bodies of posts, read from the tables on demand: those of a million posts would take most of a report's memory."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kamen_analysis.data import WORDS, compact
from kamen_analysis.errors import KamenError
from kamen_analysis.metrics.keys import Rows


class _Part(NamedTuple):
    """A row group of a Parquet file, and the places of its rows in the whole table, [start, end)."""

    path: Path
    group: int
    start: int
    end: int


class Words:
    """The columns `data.WORDS` of a build's posts, by place in its table; texts once read stay in memory."""

    def __init__(self, folder: Path) -> None:
        self._parts: list[_Part] = []
        start = 0
        for path in sorted((folder / "posts").glob("*.parquet")):
            metadata = pq.read_metadata(path)
            for group in range(metadata.num_row_groups):
                self._parts.append(_Part(path, group, start, start + metadata.row_group(group).num_rows))
                start = self._parts[-1].end
        self._known = pd.DataFrame()

    def of(self, places: Rows, ids: pd.Series) -> pd.DataFrame:
        """Return WORDS of the posts at `places`, in their order. Raises KamenError if their ids are not `ids`: the tables have changed."""
        new = np.setdiff1d(places, self._known.index.to_numpy())
        if len(new):
            self._known = compact(pd.concat([self._known, self._read(new)]))
        posts = self._known.loc[places]
        if (posts["post_id"].to_numpy(object) != ids.to_numpy(object)).any():
            raise KamenError("生成报告时数据换了：请等 kamen build 结束，再运行 kamen report")
        return posts[[*WORDS]]

    def _read(self, places: Rows) -> pd.DataFrame:
        """Read the posts at `places`, which are sorted."""
        tables = []
        for part in self._parts:
            low, high = np.searchsorted(places, (part.start, part.end))
            if low < high:
                # In one thread: other processes use the other cores, and Arrow's threads do not survive a fork.
                whole = _opened(part.path).read_row_group(part.group, ["post_id", *WORDS], use_threads=False)
                tables.append(whole.take(pa.array(places[low:high] - part.start)))
        posts: pd.DataFrame = pa.concat_tables(tables).to_pandas()
        return posts.set_axis(places[: len(posts)])


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise KamenError(f"读不了 {path}：文件损坏，或生成报告时数据换了（{type(error).__name__}）") from None
