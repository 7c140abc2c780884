"""Complaints by day, for the calendar chart."""

from __future__ import annotations

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.metrics.provenance import origin

WEEKDAYS_ZH = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")


def calendar(posts: pd.DataFrame, scope: str) -> pd.DataFrame:
    """Return one row per day from the first to the last: day, weekday (0 = Monday), weekday_zh, n (complaints counted), captured.

    `captured`: whether any post of that day was captured; without one the number of complaints is unknown, not zero.
    """
    seen = posts.loc[posts["posted_at"].notna(), "posted_at"].dt.tz_localize(None).dt.normalize()
    chosen = metrics.used(posts, scope)
    used = chosen.loc[chosen["posted_at"].notna(), "posted_at"].dt.tz_localize(None).dt.normalize()
    days = pd.date_range(used.min(), used.max()) if len(used) else pd.DatetimeIndex([])
    table = pd.DataFrame({"day": days, "weekday": days.day_of_week, "n": used.value_counts().reindex(days, fill_value=0).to_numpy(),
                          "captured": days.isin(seen.unique())})
    table = table.assign(weekday_zh=table["weekday"].map(dict(enumerate(WEEKDAYS_ZH))).astype("str"))
    table.attrs.update(origin(posts), metric="calendar")
    return table
