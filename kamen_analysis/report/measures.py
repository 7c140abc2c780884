"""Every metric the report needs, computed once, on first use; tables, figures and findings all read the same frames."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.data import Data
from kamen_analysis.errors import KamenError
from kamen_analysis.metrics.keys import Rows, are_named, rows_of
from kamen_analysis.metrics.legal import Clock, judged
from kamen_analysis.metrics.names import period_names, period_starts
from kamen_analysis.metrics.refusal import first_starts
from kamen_analysis.metrics.selection import is_counted
from kamen_analysis.metrics.timeline import durations
from kamen_analysis.paths import sha256
from kamen_analysis.report import stated
from kamen_analysis.report.change import Change, recent
from kamen_analysis.report.days import calendar
from kamen_analysis.report.flow import flow
from kamen_analysis.report.small import withheld, withheld_grid
from kamen_analysis.sources import registry

LATEST = 8  # weeks for which posts still to be seen are worth telling
NEEDED = ["post_id", "source", "posted_at", "first_seen_at", "last_seen_at", "platform", "platform_known", "amount_yuan", "status",
          "post_type", "in_scope", "product", "outcome", "is_used", "is_synthetic"]


class Measures:
    """The metrics of one selection of posts under one scope ("virtual" or "all"); frames as `kamen_analysis.metrics` gives them."""

    def __init__(self, data: Data, scope: str, previous: tuple[str, Data] | None = None) -> None:
        # Within a report a post goes by its row number, which is many times lighter than its id; no metric reads its words.
        self.whole = data.posts.assign(id=data.posts["post_id"], post_id=np.arange(len(data.posts))).reset_index(drop=True)
        self.posts, self.manifest = self.whole[NEEDED], data.manifest
        self.labels, self.events = (self._numbered(table) for table in (data.labels, data.events))
        # Charts and tables call a source by its name, not by its key.
        self.names = {key: module.NAME_ZH for key, module in registry().items()}
        self.posts.attrs["source_names"] = self.names
        self.scope, self._previous, self.home = scope, previous, data.home
        self.is_synthetic = data.is_synthetic
        path = data.home.processed / "manifest.json"
        self.manifest_digest = sha256(path) if path.is_file() else ""
        self._judged: dict[str, pd.DataFrame] = {}
        self._durations: dict[tuple[str, ...], pd.DataFrame] = {}

    def _numbered(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of `table` that belong to these posts, by row number."""
        rows = self.rows(table["post_id"])
        return table.assign(post_id=rows)[rows >= 0].reset_index(drop=True)

    def rows(self, ids: pd.Series) -> Rows:
        """Return the row number of the post with each of `ids`, -1 where it is not among these posts."""
        return rows_of(self.whole[["id"]].rename(columns={"id": "post_id"}), ids)

    @cached_property
    def used(self) -> pd.DataFrame:
        """The complaints counted, with their words."""
        return self.whole[self.is_used]

    @cached_property
    def is_used(self) -> pd.Series:
        """Whether each post of the period is counted."""
        return is_counted(self.posts, self.scope)

    @cached_property
    def counted(self) -> pd.DataFrame:
        """The complaints counted, without their words."""
        return self.posts[self.is_used]

    def durations(self, kinds: tuple[str, ...]) -> pd.DataFrame:
        """Return `timeline.durations` of the complaints counted up to the first of `kinds`."""
        if kinds not in self._durations:
            self._durations[kinds] = durations(self.counted, self.events, list(kinds))
        return self._durations[kinds]

    @cached_property
    def blind_order(self) -> Any:
        """A number for each post that fixes an order which knows nothing of date or content: nobody picks what is shown."""
        return pd.util.hash_pandas_object(self.whole["id"], index=False).to_numpy()

    @cached_property
    def followed(self) -> int:
        """How many of the complaints counted have any word on what happened after they were posted."""
        later = self.events.loc[self.events["kind"] != "posted", "post_id"]
        return int(are_named(self.counted, later).sum())

    @cached_property
    def change(self) -> Change | None:
        """The reasons now and before: of the period before where one is given, else of the last whole months and those before."""
        if self._previous is not None:
            name, data = self._previous
            return Change("本期", name, self.reasons, metrics.reasons(data.posts, data.labels, scope=self.scope))
        return recent(self.posts, self.labels, self.volume_total, self.scope)

    @cached_property
    def first_starts(self) -> pd.DataFrame:
        """Where in its body each counted complaint first shows each reason; infinite where it does not."""
        codes = [*metrics.reason_names()]
        return pd.DataFrame(first_starts(self.counted, self.labels, codes), columns=codes)

    @cached_property
    def posted_by_code(self) -> dict[str, pd.Series]:
        """The posting dates (naive, Beijing) of the counted complaints with each reason; undated ones are not there."""
        rows = self.labels.loc[self.is_used.to_numpy(bool)[self.labels["post_id"]], ["post_id", "code"]].drop_duplicates()
        dates = self.posts["posted_at"].dt.tz_localize(None).iloc[rows["post_id"]].set_axis(rows.index)
        return {str(code): group.dropna() for code, group in dates.groupby(rows["code"])}

    def judged(self, clock: Clock) -> pd.DataFrame:
        """Return `legal.judged` of the complaints counted."""
        if clock.key not in self._judged:
            self._judged[clock.key] = judged(self.counted, self.events, clock)
        return self._judged[clock.key]

    @cached_property
    def funnel(self) -> pd.DataFrame:
        """From captured to used, over the whole build."""
        return metrics.funnel(self.manifest)

    @cached_property
    def fill(self) -> pd.DataFrame:
        """What each source left blank."""
        return metrics.fill(self.posts)

    @cached_property
    def weeks(self) -> pd.Series:
        """The name of the week each counted complaint was posted in; missing where it has no date."""
        return self._periods("W")

    @cached_property
    def months(self) -> pd.Series:
        """The name of the month each post was posted in; missing where it has no date."""
        return self._periods("M", self.posts)

    def _periods(self, freq: str, posts: pd.DataFrame | None = None) -> pd.Series:
        table = self.counted if posts is None else posts
        dated = table.loc[table["posted_at"].notna(), "posted_at"]
        return period_names(period_starts(dated, freq), freq).astype("category").reindex(table.index)

    @cached_property
    def volume(self) -> pd.DataFrame:
        """Complaints by month and source, small cells withheld; a month whose total is withheld shows none of its parts."""
        table = withheld_grid(metrics.volume(self.posts, scope=self.scope), "period", "source")
        total = self.volume_total
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
        weeks = withheld(metrics.volume(self.posts, "W", by=None, scope=self.scope))
        late = self.nowcast[["period", "value", "low", "high"]]
        table = weeks.merge(late[late["value"].notna()].tail(LATEST), on="period", how="left")
        table[["value", "low", "high"]] = table[["value", "low", "high"]].mask(table["n"].isna())
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
        return metrics.platforms(self.posts, self.labels, self.events, scope=self.scope)

    @cached_property
    def platform_funnel(self) -> pd.DataFrame:
        """Reply shares within the limits of chance."""
        return metrics.platform_funnel(self.posts, self.labels, self.events, scope=self.scope)

    @cached_property
    def platform_ranks(self) -> pd.DataFrame:
        """Platforms by share replied to, ranks with their intervals."""
        return metrics.platform_ranks(self.posts, self.labels, self.events, scope=self.scope)

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
        return stated.facts(self.used)

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
            table = pd.DataFrame(columns=["clock_zh", "days", "unit", "basis", "n", "of", "share", "low", "high", "note"])
            table.attrs["why"] = str(error)
            return table

    def frame(self, name: str) -> pd.DataFrame:
        """Return the metric called `name`."""
        table: pd.DataFrame = getattr(self, name)
        return table

    def named(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return `table` with the Chinese name of its source as `source_zh`."""
        keys = table["source"].unique()
        return table.assign(source_zh=table["source"].map({key: self.names.get(key, key) for key in keys}).astype("str"))
