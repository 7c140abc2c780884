"""What the alarms do with a planted surge, and the gap table with planted outages."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from kamen_analysis import metrics
from kamen_analysis.metrics.alert import METHODS
from kamen_analysis.world import draw
from kamen_analysis.world.model import World

Tables = dict[str, pd.DataFrame]
LONG = 60  # months of the worlds in which Farrington has its history
LONG_POSTS = 6000


class Alarm(NamedTuple):
    """Was the planted surge met, days from its start to the end of the week that met it, false alarms, years watched."""

    found: bool
    delay: float
    false: int
    years: float


def alarms(world: World, tables: Tables, scope: str, is_long: bool) -> dict[str, Alarm]:
    """Return each method's alarm; Farrington's only where `is_long`, from a world of five years with the same seed."""
    found = {method: _alarm(world, tables["posts"], scope, method) for method in ("auto", *METHODS[:3])}
    if is_long:
        older = draw.world(posts=LONG_POSTS, months=LONG, seed=world.seed)
        found["Farrington"] = _alarm(older, draw.tables(older, texts=False)["posts"], scope, "Farrington")
    return found


def _alarm(world: World, posts: pd.DataFrame, scope: str, method: str) -> Alarm:
    table = metrics.alerts(posts, scope=scope, method=method)
    surge, start = world.season.surge, table["period"].dt.tz_localize(None)
    assert surge is not None
    inside = (start + pd.Timedelta(days=6) >= pd.Timestamp(surge["first"])) & (start <= pd.Timestamp(surge["last"]))
    hit = table["is_alert"] & inside & (table["platform"] == surge["platform"])
    delay = (start[hit].min() + pd.Timedelta(days=7) - pd.Timestamp(surge["first"])).days if hit.any() else np.nan
    return Alarm(bool(hit.any()), float(delay), int((table["is_alert"] & ~hit).sum()), table["period"].nunique() * 7 / 365.25)


def gaps(world: World, tables: Tables) -> tuple[int, int, float, int]:
    """Return outages planted, found, days by which their ends were missed altogether, and stretches called gaps that are none."""
    table = metrics.gaps(tables["posts"])
    first, last = table["first_date"], table["last_date"]
    met, off = np.zeros(len(table), dtype=bool), 0.0
    for start, end in world.season.gaps:
        here = ((first <= pd.Timestamp(end)) & (last >= pd.Timestamp(start))).to_numpy()
        met |= here
        if here.any():
            off += abs((first[here].min() - pd.Timestamp(start)).days) + abs((last[here].max() - pd.Timestamp(end)).days)
    found = sum(bool(((first <= pd.Timestamp(end)) & (last >= pd.Timestamp(start))).any()) for start, end in world.season.gaps)
    return len(world.season.gaps), found, off, int((~met).sum())


@cache
def stepped(seed: int, level: float = 12.0, weeks: int = 104, step: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Return a series of Poisson weeks without a change, and one that doubles after `step` weeks."""
    rng = np.random.default_rng([seed, 2])
    return rng.poisson(level, weeks), rng.poisson(np.where(np.arange(weeks) < step, level, 2 * level))
