"""Every metric table carries where it came from, so that a chart cannot lose the mark of demonstration data."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec

import pandas as pd

P = ParamSpec("P")
Metric = Callable[Concatenate[pd.DataFrame, P], pd.DataFrame]


def metric(function: Metric[P]) -> Metric[P]:
    """Return `function` (posts first) with `.attrs` set on its table: metric, sources, period, is_synthetic."""
    @functools.wraps(function)
    def with_origin(posts: pd.DataFrame, /, *args: P.args, **kwargs: P.kwargs) -> pd.DataFrame:
        table = function(posts, *args, **kwargs)
        table.attrs.update(origin(posts), metric=function.__name__)
        return table

    return with_origin


def origin(posts: pd.DataFrame) -> dict[str, Any]:
    """Return sources, period ("2025-01-06 至 2025-09-02", by posting date) and is_synthetic of `posts`.

    A source goes by its name where `posts.attrs["source_names"]` tells it, else by its key.
    """
    first, last = posts["posted_at"].min(), posts["posted_at"].max()
    period = "" if pd.isna(first) else f"{first:%Y-%m-%d} 至 {last:%Y-%m-%d}"
    names = posts.attrs.get("source_names", {})
    sources = [names.get(key, key) for key in sorted(posts["source"].unique())]
    return {"sources": sources, "period": period, "is_synthetic": bool(posts["is_synthetic"].any())}
