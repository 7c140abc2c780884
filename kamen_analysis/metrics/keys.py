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
    own = posts["post_id"].dtype
    if isinstance(own, pd.CategoricalDtype) and isinstance(ids.dtype, pd.CategoricalDtype) and ids.dtype.categories is own.categories:
        place = np.full(len(own.categories) + 1, -1, dtype=np.int64)  # the last place takes the -1 of missing ids
        place[posts["post_id"].cat.codes.to_numpy()] = np.arange(len(posts))
        place[-1] = -1
        return place[ids.cat.codes.to_numpy()]
    found: Any = pc.index_in(pa.array(ids, from_pandas=True), value_set=pa.array(posts["post_id"], from_pandas=True))
    rows: Rows = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return rows


def are_named(posts: pd.DataFrame, ids: pd.Series) -> pd.Series:
    """Return whether each post's post_id is among `ids`."""
    named = np.zeros(len(posts) + 1, dtype=bool)
    named[rows_of(posts, ids)] = True  # the last place takes the -1 of ids that are not here
    return pd.Series(named[:-1], index=posts.index)


def keyed(posts: pd.DataFrame, *others: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
    """Return `posts` and `others` (events, labels) with post_id as numbers behind the same texts: every later look-up is an array's.

    Rows of `others` whose post is not among `posts` are left out; the metrics count none of them.
    """
    ids = pd.Index(posts["post_id"])
    if not ids.is_unique:
        return posts, *others
    dtype = pd.CategoricalDtype(ids)
    found = [posts.assign(post_id=pd.Categorical.from_codes(np.arange(len(ids)), dtype=dtype))]
    for each in others:
        rows = rows_of(posts, each["post_id"])
        here = rows >= 0
        found.append(each[here].assign(post_id=pd.Categorical.from_codes(rows[here], dtype=dtype)))
    return tuple(found)
