"""The posts of one report: by row number, with what every table asks of them worked out once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.data import WORDS, Data, compact
from kamen_analysis.metrics.keys import Rows, are_named, rows_of
from kamen_analysis.metrics.legal import Clock, calendar, judged
from kamen_analysis.metrics.names import period_names, period_starts
from kamen_analysis.metrics.refusal import first_starts, kinds, orders
from kamen_analysis.metrics.selection import filed, is_counted
from kamen_analysis.metrics.timeline import durations
from kamen_analysis.paths import sha256
from kamen_analysis.pipeline import gold
from kamen_analysis.report.aside import begin
from kamen_analysis.report.words import Words
from kamen_analysis.sources import registry

NEEDED = ["post_id", "source", "posted_at", "first_seen_at", "last_seen_at", "platform", "platform_known", "amount_yuan", "status",
          "post_type", "in_scope", "product", "outcome", "is_used", "is_synthetic"]


class Selection:
    """One selection of posts under one scope ("virtual" or "all"); `post_id` is the row number in `whole`, whose `id` is the id."""

    def __init__(self, data: Data, scope: str, previous: tuple[str, Data] | None = None) -> None:
        # Within a report a post goes by its row number, which is many times lighter than its id; no metric reads its words.
        posts = compact(data.posts)
        self._words = None if "body" in posts else Words(data.home.processed)
        self._places = posts.index
        self.whole = posts.assign(id=posts["post_id"], post_id=np.arange(len(posts))).reset_index(drop=True)
        self.posts, self.manifest = self.whole[NEEDED], data.manifest
        # All ids are looked up at once: the index of a million posts is made once.
        rows = self.rows(pd.concat([data.labels["post_id"], data.events["post_id"]]))
        self.labels, self.events = _numbered(data.labels, rows[: len(data.labels)]), _numbered(data.events, rows[len(data.labels):])
        # Charts and tables call a source by its name, not by its key.
        self.names = {key: module.NAME_ZH for key, module in registry().items()}
        self.posts.attrs["source_names"] = self.names
        self.scope, self._previous, self.home = scope, previous, data.home
        self.is_synthetic = data.is_synthetic
        path = data.home.processed / "manifest.json"
        self.manifest_digest = sha256(path) if path.is_file() else ""
        self._beside: Callable[[], dict[str, Any]] = dict
        self._judged: dict[str, pd.DataFrame] = {}
        self._durations: dict[tuple[str, ...], pd.DataFrame] = {}

    def begin(self, names: Sequence[str], first: Callable[[], None]) -> None:
        """Start to make the measures called `names`, after `first`, beside whatever follows; `collect` waits for them."""
        def made() -> dict[str, Any]:
            first()
            return {name: getattr(self, name) for name in names}

        self._beside = begin(made)

    def share(self) -> None:
        """Make what every process asks for before any is split off."""
        calendar()
        self.__dict__.update({name: getattr(self, name) for name in ("counted", "by_platform", "filed", "blind_order")})

    def collect(self) -> None:
        """Take in the measures that were begun, if any."""
        self.__dict__.update(self._beside())
        self._beside = dict

    def rows(self, ids: pd.Series) -> Rows:
        """Return the row number of the post with each of `ids`, -1 where it is not among these posts."""
        return rows_of(self.whole[["id"]].rename(columns={"id": "post_id"}), ids)

    def worded(self, rows: Any) -> pd.DataFrame:
        """Return the posts of these rows of `whole` with their words (`data.WORDS`)."""
        posts: pd.DataFrame = self.whole.iloc[rows]
        if self._words is not None:
            words = self._words.of(self._places[rows].to_numpy(), posts["id"])
            posts = posts.assign(**{name: words[name].set_axis(posts.index) for name in WORDS})
        return posts

    @cached_property
    def is_used(self) -> pd.Series:
        """Whether each post of the period is counted."""
        return is_counted(self.posts, self.scope)

    @cached_property
    def by_platform(self) -> pd.DataFrame:
        """The posts as tables of platforms count them: words filed against two platforms are one complaint of each."""
        return self.posts.assign(is_used=filed(self.whole)["is_used"])

    @cached_property
    def is_filed(self) -> pd.Series:
        """Whether each post of the period is counted in tables of platforms."""
        return is_counted(self.by_platform, self.scope)

    @cached_property
    def counted(self) -> pd.DataFrame:
        """The complaints counted, without their words."""
        return self.posts[self.is_used]

    def durations(self, kinds: tuple[str, ...]) -> pd.DataFrame:
        """Return `timeline.durations` of the complaints `filed` up to the first of `kinds`."""
        if kinds not in self._durations:
            self._durations[kinds] = durations(self.filed, self.events, list(kinds))
        return self._durations[kinds]

    @cached_property
    def filed(self) -> pd.DataFrame:
        """The complaints tables of platforms count."""
        return self.by_platform[self.is_filed]

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
    def first_starts(self) -> pd.DataFrame:
        """Where in its body each counted complaint first shows each reason; infinite where it does not."""
        codes = [*metrics.reason_names()]
        return pd.DataFrame(first_starts(self.counted, self.labels, codes), columns=codes)

    @cached_property
    def told_in_order(self) -> pd.Series:
        """The codes each counted complaint with several of them tells, joined by "→" in that order (`metrics.sequences`)."""
        rows, order = orders(self.first_starts.to_numpy())
        told, which = kinds(order)
        codes = np.array(["", *self.first_starts.columns])
        names = pd.Index(["→".join(codes[one[one > 0]]) for one in told], dtype="str")
        return pd.Series(pd.Categorical.from_codes(which, names), self.counted["post_id"].iloc[rows])

    @cached_property
    def posted_by_code(self) -> dict[str, pd.Series]:
        """The posting dates (naive, Beijing) of the counted complaints with each reason; undated ones are not there."""
        rows = self.labels.loc[self.is_used.to_numpy(bool)[self.labels["post_id"]], ["post_id", "code"]].drop_duplicates()
        dates = self.posts["posted_at"].dt.tz_localize(None).iloc[rows["post_id"]].set_axis(rows.index)
        return {str(code): group.dropna() for code, group in dates.groupby(rows["code"])}

    @cached_property
    def machine(self) -> pd.DataFrame:
        """What the machine itself had given, where a person's codes stand in its place too (post_id, code)."""
        labels = self.labels.assign(post_id=self.whole["id"].iloc[self.labels["post_id"]].to_numpy())
        found = gold.machine(labels, self.manifest)
        rows = self.rows(found["post_id"])
        return found.assign(post_id=rows)[rows >= 0].reset_index(drop=True)

    def judged(self, clock: Clock) -> pd.DataFrame:
        """Return `legal.judged` of the complaints counted."""
        if clock.key not in self._judged:
            self._judged[clock.key] = judged(self.counted, self.events, clock)
        return self._judged[clock.key]

    @cached_property
    def weeks(self) -> pd.Series:
        """The name of the week each post was posted in; missing where it has no date."""
        return self._periods("W")

    @cached_property
    def months(self) -> pd.Series:
        """The name of the month each post was posted in; missing where it has no date."""
        return self._periods("M")

    def _periods(self, freq: str) -> pd.Series:
        dated = self.posts.loc[self.posts["posted_at"].notna(), "posted_at"]
        return period_names(period_starts(dated, freq), freq).astype("category").reindex(self.posts.index)

    def named(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return `table` with the Chinese name of its source as `source_zh`."""
        keys = table["source"].unique()
        return table.assign(source_zh=table["source"].map({key: self.names.get(key, key) for key in keys}).astype("str"))

    def frame(self, name: str) -> pd.DataFrame:
        """Return the metric called `name`."""
        table: pd.DataFrame = getattr(self, name)
        return table


def _numbered(table: pd.DataFrame, rows: Rows) -> pd.DataFrame:
    """Return the rows of `table` that belong to posts (their row numbers, -1 for none), by row number."""
    found = table.assign(post_id=rows)
    return compact((found if (rows >= 0).all() else found[rows >= 0]).reset_index(drop=True))
