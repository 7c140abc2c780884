"""The words of posts, read from the tables when they are asked for: those of a million would take most of a report's memory."""

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
    path: Path
    group: int
    start: int
    end: int


class Words:
    """The columns WORDS of a build's posts, by their place in its table; what was read once is kept."""

    def __init__(self, folder: Path) -> None:
        self._parts: list[_Part] = []
        start = 0
        for path in sorted((folder / "posts").glob("*.parquet")):
            told = pq.read_metadata(path)
            for group in range(told.num_row_groups):
                self._parts.append(_Part(path, group, start, start + told.row_group(group).num_rows))
                start = self._parts[-1].end
        self._known = pd.DataFrame()

    def of(self, places: Rows, ids: pd.Series) -> pd.DataFrame:
        """Return WORDS of the posts at `places`, in their order; raise KamenError where these do not have `ids` (any more)."""
        new = np.setdiff1d(places, self._known.index.to_numpy())
        if len(new):
            self._known = compact(pd.concat([self._known, self._read(new)]))
        found = self._known.loc[places]
        if (found["post_id"].to_numpy(object) != ids.to_numpy(object)).any():
            raise KamenError("生成报告时数据换了：请等 kamen build 结束，再运行 kamen report")
        return found[[*WORDS]]

    def _read(self, places: Rows) -> pd.DataFrame:
        tables = []
        for part in self._parts:
            low, high = np.searchsorted(places, (part.start, part.end))
            if low < high:
                # By one thread: others have the other cores, and a process that was split off has no threads.
                whole = _opened(part.path).read_row_group(part.group, ["post_id", *WORDS], use_threads=False)
                tables.append(whole.take(pa.array(places[low:high] - part.start)))
        found: pd.DataFrame = pa.concat_tables(tables).to_pandas()
        return found.set_axis(places[: len(found)])


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise KamenError(f"读不了 {path}：文件损坏，或生成报告时数据换了（{type(error).__name__}）") from None
