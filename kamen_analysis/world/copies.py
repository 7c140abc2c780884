"""Texts that appear more than once: filed against two targets at once, copied whole, or copied with small edits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamen_analysis.world.spec import Spec
from kamen_analysis.world.traits import Season


def counts(spec: Spec, posts: int, platforms: int) -> dict[str, int]:
    """Return how many of `posts` posts repeat another, by kind; a second target needs a second platform."""
    kinds = ("two_targets", "exact", "near") if platforms > 1 else ("exact", "near")
    return {kind: round(posts * getattr(spec.copies, kind)) for kind in kinds}


def add(first: pd.DataFrame, repeats: dict[str, int], spec: Spec, season: Season, rng: np.random.Generator) -> pd.DataFrame:
    """Return the posts with the copies below them; `origin` is the row of the text's first post. No copy falls into a gap."""
    able = np.flatnonzero((first["shown"] & (first["hostile"] == "") & (first["post_type"] != "other")).to_numpy())
    complaints = able[(first["post_type"].to_numpy() == "complaint")[able]]
    parts = [first.assign(origin=np.arange(len(first)), dup_kind="first")]
    for kind, size in repeats.items():
        pool = complaints if kind == "two_targets" else able
        chosen = rng.choice(pool, size, replace=False)
        made = first.iloc[chosen].assign(origin=chosen, dup_kind=kind)
        parts.append(_second_target(made, spec, season, rng) if kind == "two_targets" else _later(made, spec, season, rng))
    return pd.concat(parts, ignore_index=True)


def _down(season: Season, at: npt.NDArray[np.datetime64]) -> Iterator[tuple[npt.NDArray[np.bool_], np.datetime64]]:
    """Yield for each gap which instants fall into it, and when the board is back."""
    for first, last in season.gaps:
        back = np.datetime64(last, "us") + np.timedelta64(1, "D")
        yield (at >= np.datetime64(first, "us")) & (at < back), back


def _second_target(made: pd.DataFrame, spec: Spec, season: Season, rng: np.random.Generator) -> pd.DataFrame:
    """Return the twins: another target, a few minutes later, listed together."""
    platforms = len(season.cells)
    shop = (made["platform"].to_numpy() + rng.integers(1, platforms, len(made))) % platforms
    end = np.datetime64(spec.end, "us")
    posted = np.minimum(made["posted_at"].to_numpy() + rng.integers(1, 5, len(made)).astype("timedelta64[m]"), end)
    for inside, _ in _down(season, posted):
        posted = np.where(inside, made["posted_at"].to_numpy(), posted)
    return made.assign(platform=shop, posted_at=posted, first_seen_at=np.maximum(made["first_seen_at"].to_numpy(), posted))


def _later(made: pd.DataFrame, spec: Spec, season: Season, rng: np.random.Generator) -> pd.DataFrame:
    """Return the copies by other accounts: against the same platform, some days later but always before the world's end."""
    listed, end = made["first_seen_at"].to_numpy(), np.datetime64(spec.end, "us")
    room = (end - listed).astype("timedelta64[s]").astype(np.int64)
    wait = np.minimum(rng.exponential(spec.copies.mean_days * 86_400, len(made)), room * rng.uniform(0.1, 0.9, len(made)))
    posted = listed + (wait / 60).astype(np.int64).astype("timedelta64[m]")
    for inside, back in _down(season, posted):
        posted = np.where(inside, back + (posted - posted.astype("datetime64[D]")), posted)
    soon = np.minimum((end - posted).astype("timedelta64[m]").astype(np.int64) // 20, 30)
    return made.assign(posted_at=posted, first_seen_at=posted + soon.astype("timedelta64[m]"))
