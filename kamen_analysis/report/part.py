"""Where a table rests on part of the posts: which part, and the sentence that says so."""

from __future__ import annotations

import pandas as pd

from kamen_analysis.charts import numbers


def latest(posts: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return at most `most` of the posts, those posted last (undated ones by when they were first seen), in the order they stand in."""
    if len(posts) <= most:
        return posts
    order = posts["posted_at"].fillna(posts["first_seen_at"]).sort_values(kind="stable").index[-most:]
    return posts[posts.index.isin(order)]


def told(read: int, of: int, which: str, what: str = "投诉", unit: str = "件") -> str:
    """Return "投诉共 8,213 件，此处只读其中固定抽取的 5,000 件。"; nothing where all `of` were read."""
    return f"{what}共 {numbers.count(of)} {unit}，此处只读其中{which} {numbers.count(read)} {unit}。" if read < of else ""
