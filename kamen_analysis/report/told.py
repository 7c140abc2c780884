"""Measures read from the texts of complaints besides reasons: payment, evidence, channels tried, buck-passing, template farms."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.label.told import told_handoffs
from kamen_analysis.metrics.chains import PASSING, passed, walk
from kamen_analysis.report import stated
from kamen_analysis.report.counted import Counted
from kamen_analysis.report.part import latest

FARMS_MOST = 20_000  # posts that are not complaints, among which copies are searched for


class Told(Counted):
    """What the texts of one selection tell; each text is read once."""

    @cached_property
    def stated_facts(self) -> pd.DataFrame:
        """Payment, evidence, channels and remedies stated in each of `read` (post_id, kind, value, start, outcome)."""
        return stated.facts(self.worded(self.read["post_id"].to_numpy()))

    @cached_property
    def stated(self) -> pd.DataFrame:
        """Shares of `read` that state each kind of payment, evidence, channel and remedy."""
        return stated.shares(self.stated_facts, len(self.read))

    @cached_property
    def read(self) -> pd.DataFrame:
        """The counted complaints whose texts are read; of more than `stated.MOST` a fixed, blind choice."""
        return self._read(self.counted)

    @cached_property
    def told_channels(self) -> pd.DataFrame:
        """The channels that each of `read` says it tried, and where it says so (post_id, channel, start)."""
        facts = self.stated_facts
        return facts.loc[facts["kind"] == "channel", ["post_id", "value", "start"]].rename(columns={"value": "channel"})

    @cached_property
    def channels(self) -> pd.DataFrame:
        """Share of `read` that tried each channel, and share of these that report the matter solved."""
        return metrics.channels(self.read, self.told_channels, scope="all")

    @cached_property
    def others(self) -> pd.DataFrame:
        """The posts that are not complaints; of more than FARMS_MOST those posted last."""
        return latest(self.posts[self.posts["post_type"] != "complaint"], FARMS_MOST)

    @cached_property
    def farms(self) -> pd.DataFrame:
        """Texts copied over and over among `others`."""
        return metrics.template_farms(self.worded(self.others["post_id"].to_numpy()).assign(post_id=lambda posts: posts["id"]))

    @cached_property
    def passed(self) -> pd.DataFrame:
        """The complaints with the reason buck_passing whose texts are read; of more than `stated.MOST` a fixed, blind choice."""
        return self._read(self.all_passed)

    @cached_property
    def all_passed(self) -> pd.DataFrame:
        """The complaints with the reason buck_passing."""
        return passed(self.counted, self.labels, "all")

    def _read(self, posts: pd.DataFrame) -> pd.DataFrame:
        return self.whole.iloc[stated.read(posts["post_id"].to_numpy(), self.blind_order)]

    def read_at_once(self, *more: Any) -> None:
        """Read the texts of `read`, `passed`, `others` and `more` (rows) at once, since each reading goes through the whole table."""
        self.worded(np.unique(np.concatenate([self.read["post_id"], self.passed["post_id"], self.others["post_id"], *more])))

    @cached_property
    def handoffs(self) -> pd.DataFrame:
        """The handoffs told in `passed`: who sends the consumer on to whom (post_id, step, source, target)."""
        return told_handoffs(self.worded(self.passed["post_id"].to_numpy())).astype({"post_id": "int64"})

    @cached_property
    def walks(self) -> dict[int, tuple[int, bool]]:
        """For each post in `handoffs`, the length of its longest chain and whether it comes round (`metrics.chains.walk`)."""
        pairs: dict[int, list[tuple[str, str]]] = {}
        for row, source, target in self.handoffs[["post_id", "source", "target"]].itertuples(index=False):
            pairs.setdefault(row, []).append((source, target))
        return {row: walk(handoffs) for row, handoffs in pairs.items()}

    @cached_property
    def chains(self) -> pd.DataFrame:
        """Share of `passed` in which one body sends on to another, for each pair."""
        labels = pd.DataFrame({"post_id": self.passed["post_id"], "code": PASSING})
        return metrics.chains(self.passed, labels, self.handoffs, scope="all")
