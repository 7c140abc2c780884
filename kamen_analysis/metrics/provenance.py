"""Every metric table carries its origin in `.attrs`, so that a chart cannot lose the mark of demonstration data."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec

import pandas as pd

P = ParamSpec("P")
Metric = Callable[Concatenate[pd.DataFrame, P], pd.DataFrame]


def metric(function: Metric[P]) -> Metric[P]:
    """Decorate a metric (posts as its first argument) so that its table has `.attrs` metric, sources, period, is_synthetic."""
    @functools.wraps(function)
    def with_origin(posts: pd.DataFrame, /, *args: P.args, **kwargs: P.kwargs) -> pd.DataFrame:
        table = function(posts, *args, **kwargs)
        table.attrs.update(origin(posts), metric=function.__name__)
        return table

    return with_origin


def origin(posts: pd.DataFrame) -> dict[str, Any]:
    """Return sources, period ("2025-01-06 至 2025-09-02", by posting date) and is_synthetic (any post is) of `posts`.

    Sources are given by name where `posts.attrs["source_names"]` has one, else by key.
    """
    first, last = posts["posted_at"].min(), posts["posted_at"].max()
    period = "" if pd.isna(first) else f"{first:%Y-%m-%d} 至 {last:%Y-%m-%d}"
    names = posts.attrs.get("source_names", {})
    sources = [names.get(key, key) for key in sorted(posts["source"].unique())]
    return {"sources": sources, "period": period, "is_synthetic": bool(posts["is_synthetic"].any())}
