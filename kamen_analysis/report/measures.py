"""All metrics of the report, each computed once, on first use, so that tables, figures and findings read the same frames."""

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
        """The reasons compared with those of the period before if that is given, else the last complete months with those before them."""
        if self._previous is not None:
            name, data = self._previous
            return Change("本期", name, self.reasons, metrics.reasons(data.posts, data.labels, scope=self.scope))
        return recent(self.posts, self.labels, self.volume_total, self.scope)

    @cached_property
    def funnel(self) -> pd.DataFrame:
        """Numbers passed and rejected at each stage, of the whole build."""
        table = metrics.funnel(self.manifest)
        table.attrs["is_synthetic"] = self.is_synthetic
        return table

    @cached_property
    def fill(self) -> pd.DataFrame:
        """Missing values by source."""
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
        """Pairs of reasons told in the same complaint."""
        return metrics.cooccurrence(self.posts, self.labels, scope=self.scope)

    @cached_property
    def tactic_order(self) -> pd.DataFrame:
        """Pairs of reasons, by which is told first."""
        return metrics.tactic_order(self.posts, self.labels, scope=self.scope)

    @cached_property
    def sequences(self) -> pd.DataFrame:
        """Complete sequences of reasons told."""
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
        """The "resolved" ratios that comparable reports publish."""
        return metrics.naive_ratio(self.posts, self.events, scope=self.scope)

    @cached_property
    def self_reported(self) -> pd.DataFrame:
        """The outcomes that posts themselves report."""
        return metrics.self_reported(self.posts, self.scope)

    @cached_property
    def platforms(self) -> pd.DataFrame:
        """One row per platform."""
        return metrics.platforms(self.by_platform, self.labels, self.events, scope=self.scope)

    @cached_property
    def platform_funnel(self) -> pd.DataFrame:
        """Reply shares of platforms with funnel limits."""
        return metrics.platform_funnel(self.by_platform, self.labels, self.events, scope=self.scope)

    @cached_property
    def platform_ranks(self) -> pd.DataFrame:
        """Platforms by reply share, with intervals of their ranks."""
        return metrics.platform_ranks(self.by_platform, self.labels, self.events, scope=self.scope)

    @cached_property
    def amounts(self) -> pd.DataFrame:
        """Amounts in dispute."""
        return metrics.amounts(self.posts, self.scope)

    @cached_property
    def amounts_by_product(self) -> pd.DataFrame:
        """Amounts in dispute by kind of goods."""
        return metrics.amounts(self.posts, self.scope, by="product")

    @cached_property
    def contrasts(self) -> pd.DataFrame:
        """Each platform compared with all others."""
        return metrics.contrasts(self.whole[[*NEEDED, "dup_group", "dup_kind"]], self.events, scope=self.scope)

    @cached_property
    def ages(self) -> pd.DataFrame:
        """Share of each reason by the platform's age."""
        return metrics.tactics_by_age(self.by_platform, self.labels, scope=self.scope)

    @cached_property
    def turned(self) -> pd.DataFrame:
        """The headlines under other choices that need no reading of texts (`panel.turned`)."""
        return panel.turned(self)

    @cached_property
    def choices(self) -> pd.DataFrame:
        """The headlines under other choices for which texts are read again (`panel.chosen`)."""
        return panel.chosen(self)

    @cached_property
    def leading(self) -> pd.DataFrame:
        """The shares of the leading reasons under each of `choices`, in the form of their chart."""
        rows = self.choices[self.choices["headline"].str.startswith("reason:")]
        rows = rows.assign(code=rows["headline"].str.removeprefix("reason:"), share=rows["value"])
        return rows.assign(name_zh=rows["code"].map(metrics.reason_names()))

    @cached_property
    def changes(self) -> pd.DataFrame:
        """Shares of the last month compared with the month before and the year before."""
        return metrics.changes(self.posts, self.labels, scope=self.scope)

    @cached_property
    def clocks(self) -> pd.DataFrame:
        """Shares past the statutory time limits; empty, with the reason in `.attrs["why"]`, if the working-day calendar ends too early."""
        try:
            return metrics.clocks(self.posts, self.events, scope=self.scope)
        except KamenError as error:
            table = pd.DataFrame(columns=["clock", "clock_zh", "days", "unit", "basis", "n", "of", "share", "low", "high", "note"])
            table.attrs["why"] = str(error)
            return table
