"""The comparison of reasons between two spans of time: a period and the one before it, or the last complete months and those before."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.metrics.names import period_names, period_starts

MONTHS = 3


@dataclass(frozen=True)
class Change:
    """The reasons of two spans of time: the spans' Chinese names and `metrics.reasons` of each.

    now_span, before_span: their first and last month ("2026-08 至 2026-10"); "" if the earlier span lies before the report's period.
    """

    now_zh: str
    before_zh: str
    now: pd.DataFrame
    before: pd.DataFrame
    now_span: str = ""
    before_span: str = ""


def recent(posts: pd.DataFrame, labels: pd.DataFrame, volume: pd.DataFrame, scope: str) -> Change | None:
    """Return the last MONTHS complete months of `volume` compared with the MONTHS before; None if there are not enough."""
    months = volume[volume["complete"].astype(bool)]["period_zh"].tolist()[-2 * MONTHS:]
    if len(months) < 2 * MONTHS:
        return None
    month = period_names(period_starts(posts["posted_at"], "M"), "M")
    new, old = months[MONTHS:], months[:MONTHS]
    now, before = (metrics.reasons(posts[month.isin(part)], labels, scope=scope) for part in (new, old))
    spans = f"{new[0]} 至 {new[-1]}", f"{old[0]} 至 {old[-1]}"
    return Change(*spans, now, before, *spans)
