"""Tables computed from part of the posts: the choice of that part, and the sentence that tells the reader."""

from __future__ import annotations

import pandas as pd

from kamen_analysis.charts import numbers


def latest(posts: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the `most` posts posted last (undated ones by when they were first seen), or all if there are no more, in their order."""
    if len(posts) <= most:
        return posts
    order = posts["posted_at"].fillna(posts["first_seen_at"]).sort_values(kind="stable").index[-most:]
    return posts[posts.index.isin(order)]


def told(read: int, of: int, which: str, what: str = "投诉", unit: str = "件") -> str:
    """Return the sentence "投诉共 8,213 件，此处只读其中固定抽取的 5,000 件。"; "" if all `of` were read."""
    return f"{what}共 {numbers.count(of)} {unit}，此处只读其中{which} {numbers.count(read)} {unit}。" if read < of else ""
