"""Every metric the report needs, computed once, on first use; tables, figures and findings all read the same frames."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.errors import KamenError
from kamen_analysis.report import panel
from kamen_analysis.report.change import Change, recent
from kamen_analysis.report.coding import Coding
from kamen_analysis.report.flow import flow
from kamen_analysis.report.selected import NEEDED


class Measures(Coding):
    """The metrics of one selection of posts under one scope; frames as `kamen_analysis.metrics` gives them."""

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
        table = metrics.funnel(self.manifest)
        table.attrs["is_synthetic"] = self.is_synthetic
        return table

    @cached_property
    def fill(self) -> pd.DataFrame:
        """What each source left blank."""
        return metrics.fill(self.posts)

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
    def sequences(self) -> pd.DataFrame:
        """Whole sequences of reasons told."""
        return metrics.sequences(self.posts, self.labels, scope=self.scope)

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
    def contrasts(self) -> pd.DataFrame:
        """Each platform against all others."""
        return metrics.contrasts(self.whole[[*NEEDED, "dup_group", "dup_kind"]], self.events, scope=self.scope)

    @cached_property
    def ages(self) -> pd.DataFrame:
        """Share of each reason by the platform's age."""
        return metrics.tactics_by_age(self.by_platform, self.labels, scope=self.scope)

    @cached_property
    def turned(self) -> pd.DataFrame:
        """The headlines under choices turned in the tables."""
        return panel.turned(self)

    @cached_property
    def choices(self) -> pd.DataFrame:
        """The headlines under choices that ask for the posts to be read anew."""
        return panel.chosen(self)

    @cached_property
    def leading(self) -> pd.DataFrame:
        """The share of the leading reason under each of `choices`, as its chart takes it."""
        rows = self.choices[self.choices["headline"].str.startswith("reason:")]
        rows = rows.assign(code=rows["headline"].str.removeprefix("reason:"), share=rows["value"])
        return rows.assign(name_zh=rows["code"].map(metrics.reason_names()))

    @cached_property
    def changes(self) -> pd.DataFrame:
        """Shares of the last month against the month and the year before."""
        return metrics.changes(self.posts, self.labels, scope=self.scope)

    @cached_property
    def clocks(self) -> pd.DataFrame:
        """Shares beyond the time limits of law; empty, with the reason in `.attrs`, where the working-day calendar does not reach."""
        try:
            return metrics.clocks(self.posts, self.events, scope=self.scope)
        except KamenError as error:
            table = pd.DataFrame(columns=["clock", "clock_zh", "days", "unit", "basis", "n", "of", "share", "low", "high", "note"])
            table.attrs["why"] = str(error)
            return table
