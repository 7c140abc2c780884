"""What the words of the complaints tell beyond the reasons: payment, evidence, channels tried, who sends them on to whom."""

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

FARMS_MOST = 20_000  # posts that are no complaint, among which copies are looked for


class Told(Counted):
    """What the complaints of one selection tell, read from their words once."""

    @cached_property
    def stated_facts(self) -> pd.DataFrame:
        """What each post read states of payment, evidence, channels and remedies (post_id, kind, value, start, outcome)."""
        return stated.facts(self.worded(self.read["post_id"].to_numpy()))

    @cached_property
    def stated(self) -> pd.DataFrame:
        """Payment, evidence, channels and remedies the posts state."""
        return stated.shares(self.stated_facts, len(self.read))

    @cached_property
    def read(self) -> pd.DataFrame:
        """The complaints counted whose words were read for what they state."""
        return self._read(self.counted)

    @cached_property
    def told_channels(self) -> pd.DataFrame:
        """The channels each post read tells it has tried, and where (post_id, channel, start)."""
        facts = self.stated_facts
        return facts.loc[facts["kind"] == "channel", ["post_id", "value", "start"]].rename(columns={"value": "channel"})

    @cached_property
    def channels(self) -> pd.DataFrame:
        """Share of the posts read that tried each channel, and of these that say it was solved."""
        return metrics.channels(self.read, self.told_channels, scope="all")

    @cached_property
    def others(self) -> pd.DataFrame:
        """The posts that are no complaint; of more than FARMS_MOST those posted last."""
        return latest(self.posts[self.posts["post_type"] != "complaint"], FARMS_MOST)

    @cached_property
    def farms(self) -> pd.DataFrame:
        """Texts written over and over among `others`."""
        return metrics.template_farms(self.worded(self.others["post_id"].to_numpy()).assign(post_id=lambda posts: posts["id"]))

    @cached_property
    def passed(self) -> pd.DataFrame:
        """The complaints with the reason buck_passing whose words were read; of more than MOST a fixed, blind choice."""
        return self._read(self.all_passed)

    @cached_property
    def all_passed(self) -> pd.DataFrame:
        """The complaints with the reason buck_passing."""
        return passed(self.counted, self.labels, "all")

    def _read(self, posts: pd.DataFrame) -> pd.DataFrame:
        return self.whole.iloc[stated.read(posts["post_id"].to_numpy(), self.blind_order)]

    def read_at_once(self, *more: Any) -> None:
        """Read the words of `read`, `passed`, `others` and of `more` rows together: each reading of a large build goes through all."""
        self.worded(np.unique(np.concatenate([self.read["post_id"], self.passed["post_id"], self.others["post_id"], *more])))

    @cached_property
    def handoffs(self) -> pd.DataFrame:
        """Who sends the consumer on to whom in `passed` (post_id, step, source, target)."""
        return told_handoffs(self.worded(self.passed["post_id"].to_numpy())).astype({"post_id": "int64"})

    @cached_property
    def walks(self) -> dict[int, tuple[int, bool]]:
        """Of each post in `handoffs` how long its chain is and whether it comes round (`metrics.chains.walk`)."""
        told: dict[int, list[tuple[str, str]]] = {}
        for row, source, target in self.handoffs[["post_id", "source", "target"]].itertuples(index=False):
            told.setdefault(row, []).append((source, target))
        return {row: walk(chain) for row, chain in told.items()}

    @cached_property
    def chains(self) -> pd.DataFrame:
        """Share of `passed` in which one body sends on to another."""
        told = pd.DataFrame({"post_id": self.passed["post_id"], "code": PASSING})
        return metrics.chains(self.passed, told, self.handoffs, scope="all")
