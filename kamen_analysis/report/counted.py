"""Counts over time and by source: what the report says of how many, when and where from."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.metrics.cover import withheld_grid
from kamen_analysis.report.days import calendar
from kamen_analysis.report.selected import Selection
from kamen_analysis.report.small import withheld

LATEST = 8  # weeks for which posts still to be seen are worth telling


class Counted(Selection):
    """The counts of one selection of posts, small ones withheld."""

    @cached_property
    def volume(self) -> pd.DataFrame:
        """Complaints by month and source, small cells withheld; a month whose total is withheld shows none of its parts."""
        table, total = withheld_grid(metrics.volume(self.posts, scope=self.scope), "period", "source"), self.volume_total
        gone = total.loc[total["n"].isna() & ~total["gap"].astype(bool), "period"]
        return table.assign(n=table["n"].mask(table["period"].isin(gone)))

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
        """Complaints by week, all sources together, small counts withheld; the latest with those still to be seen (value, low, high)."""
        weeks, ends = withheld(metrics.volume(self.posts, "W", by=None, scope=self.scope)), ["value", "low", "high"]
        late = self.nowcast[self.nowcast["value"].notna()].tail(LATEST)
        table = weeks.merge(late[["period", *ends]], on="period", how="left")
        table[ends] = table[ends].mask(table["n"].isna())
        table.attrs.update(weeks.attrs)
        return table

    @cached_property
    def nowcast(self) -> pd.DataFrame:
        """Weekly counts with those still to be seen."""
        return metrics.nowcast(self.posts, scope=self.scope)

    @cached_property
    def calendar(self) -> pd.DataFrame:
        """Complaints by week and day of the week."""
        return calendar(self.posts, self.scope)

    @cached_property
    def coverage(self) -> pd.DataFrame:
        """How much each source covers, small counts withheld."""
        table = withheld(self.named(metrics.coverage(self.posts, scope=self.scope)))
        table.attrs["silences"] = [tuple(row) for row in self.silences[["source_zh", "first_date", "last_date"]].to_numpy().tolist()]
        return table

    @cached_property
    def silences(self) -> pd.DataFrame:
        """The silent stretches of each source."""
        return self.named(metrics.gaps(self.posts))

    @cached_property
    def holidays(self) -> pd.DataFrame:
        """Festival weeks against their neighbours, small counts withheld."""
        frame = withheld(metrics.holidays(self.posts, scope=self.scope), adds_up=False)
        kept = ["of", "value", "low", "high"]
        frame[kept] = frame[kept].mask(frame["n"].isna())
        return frame
