"""The world as drawn: platforms, posts with their hidden truth, the tactics they tell, and everything that happens to them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamen_analysis.world import text
from kamen_analysis.world.spec import Spec
from kamen_analysis.world.traits import Platforms, Season
from kamen_analysis.world.written import Written


@dataclass(frozen=True, eq=False)
class World:
    """One drawn world; times inside are Beijing wall-clock time without a zone (China has had no other since 1991).

    posts: one row a post in the order of their numbers; columns number, post_type, platform (row of `platforms`), product, outcome,
        amount_yuan, posted_at, first_seen_at, written (which of the stated forms names the target), origin (row of the earliest
        post with this text), dup_kind, hostile, shown (on the board at `as_of`), personal (is to hold personal data).
    tactics: posts × 4 codes in the order they are told, "" where there are fewer.
    events: row, kind, at: also those after `as_of`, which the board does not show yet.
    """

    spec: Spec
    seed: int
    platforms: Platforms
    season: Season
    posts: pd.DataFrame
    tactics: npt.NDArray[np.str_]
    events: pd.DataFrame

    @property
    def as_of(self) -> np.datetime64:
        """The instant (Beijing time) at which the board shows the world."""
        return np.datetime64(self.spec.end, "us")

    @cached_property
    def texts(self) -> list[Written]:
        """Title and body of every post, written on first use."""
        return text.write(self)

    @property
    def personal(self) -> pd.DataFrame:
        """Return every planted piece of personal data: row, field (title or body), start, end, kind, value as written."""
        rows = [(row, p.field, p.start, p.end, p.kind, p.value) for row, w in enumerate(self.texts) for p in w.personal]
        return pd.DataFrame(rows, columns=["row", "field", "start", "end", "kind", "value"])
