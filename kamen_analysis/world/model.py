"""The world as drawn: platforms, posts with their hidden truth, the tactics they tell, and their events."""

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
    """One drawn world; its times are Beijing wall-clock time without a zone (there has been no clock change since 1991).

    posts: one row per post in the order of their numbers; columns number, post_type, platform (row of `platforms`), product, outcome,
        amount_yuan, posted_at, first_seen_at, written (number of the form in `spec.platforms.written` that names the target), origin
        (row of the earliest post with this text), dup_kind, hostile (kind of hostile text, or ""), shown (on the board at `as_of`),
        personal (contains personal data).
    tactics: posts × 4 codes in the order told, "" where there are fewer.
    events: row (of `posts`), kind, at; includes events after `as_of`, which the board does not show yet.
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
