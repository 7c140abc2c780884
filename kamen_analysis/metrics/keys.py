"""Which row of `posts` an event or label belongs to: one hash look-up in Arrow, many times faster than a merge on text keys.

Within a report the post_id is the post's row number (see `report.selected`), and the look-up is an array index.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Rows = np.ndarray[tuple[int], np.dtype[np.int64]]
_MOST = 50_000_000  # larger ids are not indexed as row numbers: an array with a place for each would take too much memory


def rows_of(posts: pd.DataFrame, ids: pd.Series) -> Rows:
    """Return for each of `ids` the row number (0-based) of the post with that post_id, -1 where `posts` has none."""
    if not len(posts) or not len(ids):
        return np.full(len(ids), -1, dtype=np.int64)
    if posts["post_id"].dtype == ids.dtype == np.int64:
        known, wanted = posts["post_id"].to_numpy(), ids.to_numpy()
        top = max(int(known.max()), int(wanted.max()))
        if min(known.min(), wanted.min()) >= 0 and top <= _MOST:
            return _rows_of_numbers(known, wanted, top)
    matches: Any = pc.index_in(pa.array(ids, from_pandas=True), value_set=pa.array(posts["post_id"], from_pandas=True))
    rows: Rows = pc.fill_null(matches, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return rows


def _rows_of_numbers(known: Rows, wanted: Rows, top: int) -> Rows:
    place = np.full(top + 1, -1, dtype=np.int64)
    place[known[::-1]] = np.arange(len(known) - 1, -1, -1)  # the first of equals stays
    return place[wanted]


def are_named(posts: pd.DataFrame, ids: pd.Series) -> pd.Series:
    """Return whether each post's post_id is among `ids`."""
    named = np.zeros(len(posts) + 1, dtype=bool)
    named[rows_of(posts, ids)] = True  # the extra last element takes row -1, the ids that `posts` lacks
    return pd.Series(named[:-1], index=posts.index)


def places_of(words: pd.Series, names: Sequence[str]) -> Rows:
    """Return for each of `words` its place in `names`, -1 where it is not among them."""
    known = pd.Index(names)
    if not isinstance(words.dtype, pd.CategoricalDtype):
        return known.get_indexer(pd.Index(words)).astype(np.int64)
    # Each category is looked up once; the element appended is for code -1, a missing word.
    places: Rows = np.append(known.get_indexer(words.cat.categories), -1).astype(np.int64)
    return places[words.cat.codes]
