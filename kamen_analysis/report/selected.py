"""The posts of one report, addressed by row number, with derived columns that many tables need, each computed once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.data import WORDS, Data, compact
from kamen_analysis.metrics.keys import Rows, rows_of
from kamen_analysis.metrics.legal import Clock, calendar, judged
from kamen_analysis.metrics.names import period_names, period_starts
from kamen_analysis.metrics.refusal import first_starts, kinds, orders
from kamen_analysis.metrics.selection import filed, is_counted
from kamen_analysis.metrics.timeline import are_followed, durations
from kamen_analysis.paths import sha256
from kamen_analysis.pipeline import gold
from kamen_analysis.report.aside import begin
from kamen_analysis.report.words import Words
from kamen_analysis.sources import registry

NEEDED = ["post_id", "source", "posted_at", "first_seen_at", "last_seen_at", "platform", "platform_known", "amount_yuan", "status",
          "post_type", "in_scope", "product", "outcome", "is_used", "is_synthetic"]


class _Names(dict[str, str]):
    """The Chinese names of sources by key, for all frames the same: pandas would copy them with every step it takes."""

    def __deepcopy__(self, memo: object) -> _Names:
        return self


class Selection:
    """One selection of posts under one scope ("virtual" or "all").

    In all its tables `post_id` is the row number of the post in `whole`, which has the original id as column `id`.
    """

    def __init__(self, data: Data, scope: str, previous: tuple[str, Data] | None = None) -> None:
        # Row numbers take far less memory than ids. Texts are left out if the data has them on disk: no metric reads them.
        posts = compact(data.posts)
        self._words = None if "body" in posts else Words(data.home.processed)
        self._places = posts.index
        self.whole = posts.assign(id=posts["post_id"], post_id=np.arange(len(posts))).reset_index(drop=True)
        self.posts, self.manifest = self.whole[NEEDED], data.manifest
        # One look-up for both tables, since it builds an index of all posts.
        rows = self.rows(pd.concat([data.labels["post_id"], data.events["post_id"]]))
        self.labels, self.events = _numbered(data.labels, rows[: len(data.labels)]), _numbered(data.events, rows[len(data.labels):])
        self.names = _Names({key: module.NAME_ZH for key, module in registry().items()})
        self.posts.attrs["source_names"] = self.names
        self.scope, self._previous, self.home = scope, previous, data.home
        self.is_synthetic = data.is_synthetic
        path = data.home.processed / "manifest.json"
        self.manifest_digest = sha256(path) if path.is_file() else ""
        self._beside: Callable[[], dict[str, Any]] = dict
        self._judged: dict[str, pd.DataFrame] = {}
        self._durations: dict[tuple[str, ...], pd.DataFrame] = {}

    def begin(self, names: Sequence[str], first: Callable[[], None]) -> None:
        """Start computing the measures `names`, after calling `first`, in another process; `collect` waits for them."""
        def compute() -> dict[str, Any]:
            first()
            return {name: getattr(self, name) for name in names}

        self._beside = begin(compute)

    def share(self) -> None:
        """Compute what all processes need, before any process is forked."""
        calendar()
        self.__dict__.update({name: getattr(self, name) for name in ("counted", "by_platform", "filed", "blind_order")})

    def collect(self) -> None:
        """Wait for the measures started by `begin`, if any, and keep them."""
        self.__dict__.update(self._beside())
        self._beside = dict

    def rows(self, ids: pd.Series) -> Rows:
        """Return the row number of the post with each of `ids`; -1 if it is not in this selection."""
        return rows_of(self.whole[["id"]].rename(columns={"id": "post_id"}), ids)

    def worded(self, rows: Any) -> pd.DataFrame:
        """Return the given rows of `whole` with their texts (`data.WORDS`)."""
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
        """The posts as counted in tables by platform: a text filed against two platforms counts for each (`selection.filed`)."""
        return self.posts.assign(is_used=filed(self.whole)["is_used"])

    @cached_property
    def is_filed(self) -> pd.Series:
        """Whether each post of the period is counted in tables by platform."""
        return is_counted(self.by_platform, self.scope)

    @cached_property
    def counted(self) -> pd.DataFrame:
        """The counted complaints, without their texts."""
        return self.posts[self.is_used]

    def durations(self, kinds: tuple[str, ...]) -> pd.DataFrame:
        """Return `timeline.durations` of the complaints `filed` to the first event among `kinds`."""
        if kinds not in self._durations:
            self._durations[kinds] = durations(self.filed, self.events, list(kinds))
        return self._durations[kinds]

    @cached_property
    def filed(self) -> pd.DataFrame:
        """The complaints counted in tables by platform."""
        return self.by_platform[self.is_filed]

    @cached_property
    def blind_order(self) -> Any:
        """A number for each post (the hash of its id) that gives a fixed order unrelated to date or content, for blind choices."""
        return pd.util.hash_pandas_object(self.whole["id"], index=False).to_numpy()

    @cached_property
    def followed(self) -> int:
        """How many of the counted complaints have a status, or any event after their posting."""
        return int(are_followed(self.counted, self.events).sum())

    @cached_property
    def first_starts(self) -> pd.DataFrame:
        """The offset in the body at which each counted complaint first tells each reason (column); infinite if it does not."""
        codes = [*metrics.reason_names()]
        return pd.DataFrame(first_starts(self.counted, self.labels, codes), columns=codes)

    @cached_property
    def told_in_order(self) -> pd.Series:
        """The codes of each counted complaint with at least two, in the order told, joined by "→" (`metrics.sequences`)."""
        rows, order = orders(self.first_starts.to_numpy())
        distinct, which = kinds(order)
        codes = np.array(["", *self.first_starts.columns])
        names = pd.Index(["→".join(codes[columns[columns > 0]]) for columns in distinct], dtype="str")
        return pd.Series(pd.Categorical.from_codes(which, names), self.counted["post_id"].iloc[rows])

    @cached_property
    def posted_by_code(self) -> dict[str, pd.Series]:
        """The posting dates (naive, Beijing time) of the counted complaints with each reason, without undated ones."""
        rows = self.labels.loc[self.is_used.to_numpy(bool)[self.labels["post_id"]], ["post_id", "code"]].drop_duplicates()
        dates = self.posts["posted_at"].dt.tz_localize(None).iloc[rows["post_id"]].set_axis(rows.index)
        return {str(code): group.dropna() for code, group in dates.groupby(rows["code"])}

    @cached_property
    def machine(self) -> pd.DataFrame:
        """The machine's own codes (post_id, code), also of posts where a person's codes have replaced them."""
        labels = self.labels.assign(post_id=self.whole["id"].iloc[self.labels["post_id"]].to_numpy())
        codes = gold.machine(labels, self.manifest)
        rows = self.rows(codes["post_id"])
        return codes.assign(post_id=rows)[rows >= 0].reset_index(drop=True)

    def judged(self, clock: Clock) -> pd.DataFrame:
        """Return `legal.judged` of the counted complaints."""
        if clock.key not in self._judged:
            self._judged[clock.key] = judged(self.counted, self.events, clock)
        return self._judged[clock.key]

    @cached_property
    def weeks(self) -> pd.Series:
        """The name of the week in which each post was posted; missing if it has no date."""
        return self._periods("W")

    @cached_property
    def months(self) -> pd.Series:
        """The name of the month in which each post was posted; missing if it has no date."""
        return self._periods("M")

    def _periods(self, freq: str) -> pd.Series:
        dated = self.posts.loc[self.posts["posted_at"].notna(), "posted_at"]
        return period_names(period_starts(dated, freq), freq).astype("category").reindex(self.posts.index)

    def named(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return `table` with the Chinese name of the source as `source_zh`."""
        keys = table["source"].unique()
        return table.assign(source_zh=table["source"].map({key: self.names.get(key, key) for key in keys}).astype("str"))

    def frame(self, name: str) -> pd.DataFrame:
        """Return the table of the measure called `name`."""
        table: pd.DataFrame = getattr(self, name)
        return table


def _numbered(table: pd.DataFrame, rows: Rows) -> pd.DataFrame:
    """Return `table` with the row numbers `rows` as post_id, without the rows that belong to no post (-1)."""
    numbered = table.assign(post_id=rows)
    return compact((numbered if (rows >= 0).all() else numbered[rows >= 0]).reset_index(drop=True))
