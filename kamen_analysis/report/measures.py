"""Every metric the report needs, computed once, on first use; tables, figures and findings all read the same frames."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.errors import KamenError
from kamen_analysis.report import stated
from kamen_analysis.report.aside import begin
from kamen_analysis.report.change import Change, recent
from kamen_analysis.report.days import calendar
from kamen_analysis.report.flow import flow
from kamen_analysis.report.selected import Selection
from kamen_analysis.report.small import withheld, withheld_grid

LATEST = 8  # weeks for which posts still to be seen are worth telling


class Measures(Selection):
    """The metrics of one selection of posts under one scope; frames as `kamen_analysis.metrics` gives them."""

    _reading: Callable[[], pd.DataFrame] | None = None

    def begin_reading(self) -> None:
        """Start to read, beside whatever follows, what the posts state: it takes longest and nothing else waits for it."""
        self._reading = begin(lambda: stated.facts(self.used))

    @cached_property
    def change(self) -> Change | None:
        """The reasons now and before: of the period before where one is given, else of the last whole months and those before."""
        if self._previous is not None:
            name, data = self._previous
            return Change("本期", name, self.reasons, metrics.reasons(data.posts, data.labels, scope=self.scope))
        return recent(self.posts, self.labels, self.volume_total, self.scope)

    @cached_property
    def funnel(self) -> pd.DataFrame:
        """From captured to used, over the whole build."""
        return metrics.funnel(self.manifest)

    @cached_property
    def fill(self) -> pd.DataFrame:
        """What each source left blank."""
        return metrics.fill(self.posts)

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
    def flow(self) -> pd.DataFrame:
        """Complaints by leading reason, first answer and outcome."""
        return flow(self.counted, self.labels, self.events)

    @cached_property
    def reasons(self) -> pd.DataFrame:
        """Share of each refusal reason."""
        return metrics.reasons(self.posts, self.labels, scope=self.scope)

    @cached_property
    def reasons_by_month(self) -> pd.DataFrame:
        """Share of each reason by month."""
        return metrics.reasons(self.posts, self.labels, by="month", scope=self.scope)

    @cached_property
    def reasons_by_product(self) -> pd.DataFrame:
        """Share of each reason by kind of goods."""
        return metrics.reasons(self.posts, self.labels, by="product", scope=self.scope)

    @cached_property
    def cooccurrence(self) -> pd.DataFrame:
        """Reasons told together."""
        return metrics.cooccurrence(self.posts, self.labels, scope=self.scope)

    @cached_property
    def tactic_order(self) -> pd.DataFrame:
        """Reasons told one before the other."""
        return metrics.tactic_order(self.posts, self.labels, scope=self.scope)

    @cached_property
    def products(self) -> pd.DataFrame:
        """Share of each kind of goods."""
        return metrics.products(self.posts, self.scope)

    @cached_property
    def replies(self) -> pd.DataFrame:
        """Share with a merchant's reply."""
        return metrics.replies(self.posts, self.events, scope=self.scope)

    @cached_property
    def median_reply(self) -> pd.DataFrame:
        """Median days to the first reply."""
        return metrics.median_reply(self.posts, self.events, scope=self.scope)

    @cached_property
    def time_to_reply(self) -> pd.DataFrame:
        """Share replied to by each day."""
        return metrics.time_to_reply(self.posts, self.events, scope=self.scope)

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """Cumulative incidence of each outcome."""
        return metrics.outcomes(self.posts, self.events, scope=self.scope)

    @cached_property
    def resolved_by(self) -> pd.DataFrame:
        """Outcomes by day 7, 30 and 60."""
        return metrics.resolved_by(self.posts, self.events, scope=self.scope)

    @cached_property
    def naive_ratio(self) -> pd.DataFrame:
        """The ratios peers publish."""
        return metrics.naive_ratio(self.posts, self.events, scope=self.scope)

    @cached_property
    def self_reported(self) -> pd.DataFrame:
        """What posts themselves say became of the matter."""
        return metrics.self_reported(self.posts, self.scope)

    @cached_property
    def platforms(self) -> pd.DataFrame:
        """One row a platform."""
        return metrics.platforms(self.by_platform, self.labels, self.events, scope=self.scope)

    @cached_property
    def platform_funnel(self) -> pd.DataFrame:
        """Reply shares within the limits of chance."""
        return metrics.platform_funnel(self.by_platform, self.labels, self.events, scope=self.scope)

    @cached_property
    def platform_ranks(self) -> pd.DataFrame:
        """Platforms by share replied to, ranks with their intervals."""
        return metrics.platform_ranks(self.by_platform, self.labels, self.events, scope=self.scope)

    @cached_property
    def amounts(self) -> pd.DataFrame:
        """Money at stake."""
        return metrics.amounts(self.posts, self.scope)

    @cached_property
    def amounts_by_product(self) -> pd.DataFrame:
        """Money at stake by kind of goods."""
        return metrics.amounts(self.posts, self.scope, by="product")

    @cached_property
    def stated_facts(self) -> pd.DataFrame:
        """What each post states of payment, evidence, channels and remedies (post_id, kind, value, outcome)."""
        return self._reading() if self._reading else stated.facts(self.used)

    @cached_property
    def stated(self) -> pd.DataFrame:
        """Payment, evidence, channels and remedies the posts state."""
        return stated.shares(self.stated_facts, min(len(self.used), stated.MOST))

    @cached_property
    def solved(self) -> pd.DataFrame:
        """What posts that name a channel say became of the matter."""
        return stated.solved(self.stated_facts)

    @cached_property
    def clocks(self) -> pd.DataFrame:
        """Shares beyond the time limits of law; empty, with the reason in `.attrs`, where the working-day calendar does not reach."""
        try:
            return metrics.clocks(self.posts, self.events, scope=self.scope)
        except KamenError as error:
            table = pd.DataFrame(columns=["clock", "clock_zh", "days", "unit", "basis", "n", "of", "share", "low", "high", "note"])
            table.attrs["why"] = str(error)
            return table
