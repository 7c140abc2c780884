"""Counts over time and by source."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.metrics.cover import withheld_grid
from kamen_analysis.report.days import calendar
from kamen_analysis.report.selected import Selection
from kamen_analysis.report.small import withheld

LATEST = 8  # weeks for which the nowcast is shown; for earlier ones it hardly differs from the count


class Counted(Selection):
    """The counts of one selection of posts, small ones withheld."""

    @cached_property
    def volume(self) -> pd.DataFrame:
        """Complaints by month and source, small cells withheld; in a month whose total is withheld, all cells are."""
        table, total = withheld_grid(metrics.volume(self.posts, scope=self.scope), "period", "source"), self.volume_total
        hidden = total.loc[total["n"].isna() & ~total["gap"].astype(bool), "period"]
        return table.assign(n=table["n"].mask(table["period"].isin(hidden)))

    @cached_property
    def volume_named(self) -> pd.DataFrame:
        """Complaints by month and source, sources by their names (for the chart)."""
        return self.named(self.volume).assign(source=lambda table: table["source_zh"])

    @cached_property
    def volume_total(self) -> pd.DataFrame:
        """Complaints by month, all sources together, small counts withheld."""
        return withheld(metrics.volume(self.posts, by=None, scope=self.scope))

    @cached_property
    def volume_week(self) -> pd.DataFrame:
        """Complaints by week, all sources together, small counts withheld; the latest weeks with the nowcast (value, low, high)."""
        weeks, ends = withheld(metrics.volume(self.posts, "W", by=None, scope=self.scope)), ["value", "low", "high"]
        late = self.nowcast[self.nowcast["value"].notna()].tail(LATEST)
        table = weeks.merge(late[["period", *ends]], on="period", how="left")
        table[ends] = table[ends].mask(table["n"].isna())
        table.attrs.update(weeks.attrs)
        return table

    @cached_property
    def nowcast(self) -> pd.DataFrame:
        """Weekly counts with the estimate of posts not captured yet."""
        return metrics.nowcast(self.posts, scope=self.scope)

    @cached_property
    def calendar(self) -> pd.DataFrame:
        """Complaints by day."""
        return calendar(self.posts, self.scope)

    @cached_property
    def coverage(self) -> pd.DataFrame:
        """The coverage of each source, small counts withheld."""
        table = withheld(self.named(metrics.coverage(self.posts, scope=self.scope)))
        table.attrs["silences"] = [tuple(row) for row in self.silences[["source_zh", "first_date", "last_date"]].to_numpy().tolist()]
        return table

    @cached_property
    def silences(self) -> pd.DataFrame:
        """The gaps of each source."""
        return self.named(metrics.gaps(self.posts))

    @cached_property
    def holidays(self) -> pd.DataFrame:
        """Festival weeks compared with their neighbours, small counts withheld."""
        frame = withheld(metrics.holidays(self.posts, scope=self.scope), adds_up=False)
        derived = ["of", "value", "low", "high"]
        frame[derived] = frame[derived].mask(frame["n"].isna())
        return frame
