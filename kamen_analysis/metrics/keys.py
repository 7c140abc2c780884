"""Which row of `posts` an event or label belongs to: one hash look-up in Arrow, many times faster than a merge on text keys."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Rows = np.ndarray[tuple[int], np.dtype[np.int64]]


def rows_of(posts: pd.DataFrame, ids: pd.Series) -> Rows:
    """Return for each of `ids` the row number (0-based) of the post with that post_id, -1 where `posts` has none."""
    if not len(posts) or not len(ids):
        return np.full(len(ids), -1, dtype=np.int64)
    found: Any = pc.index_in(pa.array(ids, from_pandas=True), value_set=pa.array(posts["post_id"], from_pandas=True))
    rows: Rows = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return rows


def are_named(posts: pd.DataFrame, ids: pd.Series) -> pd.Series:
    """Return whether each post's post_id is among `ids`."""
    named = np.zeros(len(posts) + 1, dtype=bool)
    named[rows_of(posts, ids)] = True  # the last place takes the -1 of ids that are not here
    return pd.Series(named[:-1], index=posts.index)
