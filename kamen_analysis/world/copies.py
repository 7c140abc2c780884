"""Posts that repeat a text: filed against a second target, copied exactly, or copied with small edits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamen_analysis.world.spec import Spec
from kamen_analysis.world.traits import Season


def counts(spec: Spec, posts: int, platforms: int) -> dict[str, int]:
    """Return how many of `posts` posts repeat another, by kind; "two_targets" only with more than one platform."""
    kinds = ("two_targets", "exact", "near") if platforms > 1 else ("exact", "near")
    return {kind: round(posts * getattr(spec.copies, kind)) for kind in kinds}


def add(first: pd.DataFrame, repeats: dict[str, int], spec: Spec, season: Season, rng: np.random.Generator) -> pd.DataFrame:
    """Return the posts followed by their copies; `origin` is the row of the text's first post. No copy is posted during an outage."""
    eligible = np.flatnonzero((first["shown"] & (first["hostile"] == "") & (first["post_type"] != "other")).to_numpy())
    complaints = eligible[(first["post_type"].to_numpy() == "complaint")[eligible]]
    parts = [first.assign(origin=np.arange(len(first)), dup_kind="first")]
    for kind, size in repeats.items():
        pool = complaints if kind == "two_targets" else eligible
        chosen = rng.choice(pool, size, replace=False)
        copies = first.iloc[chosen].assign(origin=chosen, dup_kind=kind)
        parts.append(_second_target(copies, spec, season, rng) if kind == "two_targets" else _later(copies, spec, season, rng))
    return pd.concat(parts, ignore_index=True)


def _outages(season: Season, at: npt.NDArray[np.datetime64]) -> Iterator[tuple[npt.NDArray[np.bool_], np.datetime64]]:
    """Yield for each outage which of the instants `at` fall into it, and when the board is back."""
    for first, last in season.gaps:
        back = np.datetime64(last, "us") + np.timedelta64(1, "D")
        yield (at >= np.datetime64(first, "us")) & (at < back), back


def _second_target(copies: pd.DataFrame, spec: Spec, season: Season, rng: np.random.Generator) -> pd.DataFrame:
    """Return `copies` with another platform, posted a few minutes after the first and listed together with it."""
    platforms = len(season.cells)
    shop = (copies["platform"].to_numpy() + rng.integers(1, platforms, len(copies))) % platforms
    end = np.datetime64(spec.end, "us")
    posted = np.minimum(copies["posted_at"].to_numpy() + rng.integers(1, 5, len(copies)).astype("timedelta64[m]"), end)
    for inside, _ in _outages(season, posted):
        posted = np.where(inside, copies["posted_at"].to_numpy(), posted)
    return copies.assign(platform=shop, posted_at=posted, first_seen_at=np.maximum(copies["first_seen_at"].to_numpy(), posted))


def _later(copies: pd.DataFrame, spec: Spec, season: Season, rng: np.random.Generator) -> pd.DataFrame:
    """Return `copies` as posted by other accounts against the same platform, some days later but before the world's end."""
    listed, end = copies["first_seen_at"].to_numpy(), np.datetime64(spec.end, "us")
    left = (end - listed).astype("timedelta64[s]").astype(np.int64)
    wait = np.minimum(rng.exponential(spec.copies.mean_days * 86_400, len(copies)), left * rng.uniform(0.1, 0.9, len(copies)))
    posted = listed + (wait / 60).astype(np.int64).astype("timedelta64[m]")
    for inside, back in _outages(season, posted):
        posted = np.where(inside, back + (posted - posted.astype("datetime64[D]")), posted)
    listing_delay = np.minimum((end - posted).astype("timedelta64[m]").astype(np.int64) // 20, 30)
    return copies.assign(posted_at=posted, first_seen_at=posted + listing_delay.astype("timedelta64[m]"))
