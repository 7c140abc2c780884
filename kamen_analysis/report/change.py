"""What is compared with what: a period with the one before it, or the last whole months with those before them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.metrics.names import period_names, period_starts

MONTHS = 3


@dataclass(frozen=True)
class Change:
    """The reasons of two spans of time: their names and `metrics.reasons` of each.

    now_span, before_span: their first and last month ("2026-08 至 2026-10") where both are within the report's posts.
    """

    now_zh: str
    before_zh: str
    now: pd.DataFrame
    before: pd.DataFrame
    now_span: str = ""
    before_span: str = ""


def recent(posts: pd.DataFrame, labels: pd.DataFrame, volume: pd.DataFrame, scope: str) -> Change | None:
    """Return the last MONTHS whole months of `volume` against the MONTHS before; None where there are not that many."""
    whole = volume[volume["complete"].astype(bool)]["period_zh"].tolist()[-2 * MONTHS:]
    if len(whole) < 2 * MONTHS:
        return None
    month = period_names(period_starts(posts["posted_at"], "M"), "M")
    new, old = whole[MONTHS:], whole[:MONTHS]
    now, before = (metrics.reasons(posts[month.isin(part)], labels, scope=scope) for part in (new, old))
    spans = f"{new[0]} 至 {new[-1]}", f"{old[0]} 至 {old[-1]}"
    return Change(*spans, now, before, *spans)
