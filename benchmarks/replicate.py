"""One replication of the known-truth world: every published interval beside the true value it should cover."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import backtest
import exact
import expected
import further
import numpy as np
import pandas as pd
import told

from kamen_analysis import metrics
from kamen_analysis.dedupe import duplicates
from kamen_analysis.metrics.late import LONGEST
from kamen_analysis.records import ZONE
from kamen_analysis.world import draw, truth
from kamen_analysis.world.model import World

SCOPE = "all"
Tables = dict[str, pd.DataFrame]


class Check(NamedTuple):
    """A published value with its interval, and the truth."""

    metric: str
    part: str
    value: float
    low: float
    high: float
    truth: float


@dataclass(frozen=True)
class Replicate:
    """All checks of one world; what each alarm did (see `backtest`); copies (groups, found, wrong); outages (planted, found, days off,
    false); by how much counts are off; bursts of one text (planted, found, wrong) and template farms (planted, found)."""

    checks: list[Check]
    alerts: dict[str, backtest.Alarm]
    copies: tuple[int, int, int]
    gaps: tuple[int, int, float, int] = (0, 0, 0.0, 0)
    exact: dict[str, float] = field(default_factory=dict)
    bursts: tuple[int, int, int] = (0, 0, 0)
    farms: tuple[int, int] = (0, 0)


def replicate(seed: int, posts: int, texts: bool) -> Replicate:
    """Return the replication of `seed` on `posts` posts; copies are looked for only where `texts` (slow) are written."""
    world = draw.world(posts=posts, seed=seed)
    tables = draw.tables(world, texts=False)
    parts = (_reasons, _replies, _endings, _platforms, _amounts, _described, _changes, _nowcast)
    checks = [check for part in parts for check in part(world, tables)]
    checks += [Check(*row) for part in (further, told) for row in part.checks(world, tables, SCOPE)]
    alarms = backtest.alarms(world, tables, SCOPE, texts)
    written = draw.tables(world)["posts"] if texts else tables["posts"].head(0)
    return Replicate(checks, alarms, _copies(written), backtest.gaps(world, tables), exact.off(world, tables, SCOPE),
                     exact.bursts(world, tables, SCOPE), exact.farms(written))


def _rows(metric: str, table: pd.DataFrame, parts: str, values: pd.Series) -> Iterator[Check]:
    """Yield a check for each row of `table` whose part (a column) has a true value."""
    for row in table[table[parts].isin(values.index)].itertuples():
        part = getattr(row, parts)
        yield Check(metric, str(part), row.share, row.low, row.high, float(values[part]))


def _reasons(world: World, tables: Tables) -> Iterator[Check]:
    yield from _rows("reasons", metrics.reasons(tables["posts"], tables["labels"], scope=SCOPE), "code", truth.prevalence(world))


def _replies(world: World, tables: Tables) -> Iterator[Check]:
    posts, events = tables["posts"], tables["events"]
    overall = metrics.replies(posts, events, scope=SCOPE).iloc[0]
    so_far = expected.replied_so_far(world)
    yield Check("replies", "", overall["share"], overall["low"], overall["high"], float(so_far @ truth.weights(world)))
    days = [1, 7, 30]
    yield from _rows("time_to_reply", metrics.time_to_reply(posts, events, scope=SCOPE), "day",
                     pd.Series(truth.replied(world, days), index=days))
    median = metrics.median_reply(posts, events, scope=SCOPE).iloc[0].fillna(np.inf)  # not reached: later than all that was watched
    yield Check("median_reply", "", median["value"], median["low"], median["high"], expected.median_reply(world))


def _endings(world: World, tables: Tables) -> Iterator[Check]:
    posts, events, days = tables["posts"], tables["events"], [7, 30, 60]
    true = truth.incidence(world, days).replace({"kind": {"withdrawn": "gone"}})
    values = pd.Series(true["share"].to_numpy(), index=true["kind"] + "@" + true["day"].astype(int).astype(str))
    # No automatic close can come within a week of posting: a share that is 0 by construction would only dilute the check.
    values = values[values > 0]
    for metric in ("outcomes", "resolved_by"):
        table = getattr(metrics, metric)(posts, events, scope=SCOPE)
        table = table[table["day"].isin(days)]
        yield from _rows(metric, table.assign(at=table["kind"] + "@" + table["day"].astype(str)), "at", values)


def _platforms(world: World, tables: Tables) -> Iterator[Check]:
    posts, labels, events = tables["posts"], tables["labels"], tables["events"]
    names, table = world.platforms.names, metrics.platforms(posts, labels, events, scope=SCOPE)
    values = {"replied": pd.Series(expected.replied_so_far(world), names), "transfer": pd.Series(world.platforms.moved_off, names),
              "resolved_30": pd.Series(truth.incidence_each(world, [30])["consumer_confirmed"][0], names)}
    for measure, true in values.items():
        for row in table[table[f"{measure}_low"].notna()].itertuples():
            if row.n * true[row.platform] < further.SEEN:  # one to four are withheld: what is shown would be chosen by chance
                continue
            interval = (getattr(row, measure + end) for end in ("", "_low", "_high"))
            yield Check(f"platforms_{measure}", "", *interval, true[row.platform])
    ranked = metrics.platform_ranks(posts, labels, events, scope=SCOPE).dropna(subset=["rank_low", "shrunk"])
    ranks = values["replied"][ranked["platform"]].rank(ascending=False)
    filed, _ = metrics.selection.counted(posts, SCOPE, "platform")
    all_sizes = filed["platform"].value_counts()
    for row in ranked.itertuples():
        yield Check("platforms_shrunk", "", row.shrunk, row.shrunk_low, row.shrunk_high, values["replied"][row.platform])
        yield Check("platforms_rank", "", np.nan, row.rank_low, row.rank_high, ranks[row.platform])
        rest = all_sizes.drop(row.platform)
        others = float(values["replied"][rest.index] @ rest / rest.sum())
        yield Check("platform_ranks", "", row.gap, row.gap_low, row.gap_high, values["replied"][row.platform] - others)


def _amounts(world: World, tables: Tables) -> Iterator[Check]:
    row = metrics.amounts(tables["posts"], scope=SCOPE).iloc[0]
    yield Check("amounts_median", "", row["median"], row["low"], row["high"], expected.median_amount(world))
    yield Check("amounts_unrounded", "", row["median"], row["low"], row["high"], expected.unrounded_median(world))


def _described(world: World, tables: Tables) -> Iterator[Check]:
    yield from _rows("products", metrics.products(tables["posts"], scope=SCOPE), "product", expected.products(world))
    yield from _rows("self_reported", metrics.self_reported(tables["posts"], scope=SCOPE), "outcome", expected.self_reported(world))


def _changes(world: World, tables: Tables) -> Iterator[Check]:
    by_month = expected.monthly(world).rename(index=lambda month: f"{month:%Y-%m}")
    for row in metrics.changes(tables["posts"], tables["labels"], scope=SCOPE).dropna(subset="low").itertuples():
        if row.code in by_month:
            true = by_month.loc[row.month_zh, row.code] - by_month.loc[row.against_zh, row.code]
            yield Check("changes", row.base, row.value, row.low, row.high, float(true))


def _nowcast(world: World, tables: Tables) -> Iterator[Check]:
    """The interval is for the count itself, so the truth is how many were posted in that week and are listed in the end."""
    end = pd.Timestamp(world.as_of, tz=ZONE)
    table = metrics.nowcast(tables["posts"], scope=SCOPE, as_of=end).dropna(subset="value")
    all_posts = world.posts[(world.posts["post_type"] == "complaint") & (world.posts["origin"] == world.posts.index)]
    delay = all_posts["first_seen_at"].dt.normalize() - all_posts["posted_at"].dt.normalize()
    listed = all_posts[delay <= pd.Timedelta(days=LONGEST)]
    for back, row in enumerate(table.iloc[:-5:-1].itertuples()):
        first = row.period.tz_localize(None)
        count = listed["posted_at"].between(first, first + pd.Timedelta(days=7), inclusive="left").sum()
        yield Check("nowcast", f"week-{back}", row.value, row.low, row.high, float(count))


def _copies(posts: pd.DataFrame) -> tuple[int, int, int]:
    """Return how many groups of copies were planted, how many were found whole and unmixed, how many found groups are none."""
    if posts.empty:
        return 0, 0, 0
    planted = {frozenset(group) for group in posts.groupby("dup_group")["post_id"].agg(list) if len(group) > 1}
    made = posts.assign(dup_group=duplicates(posts)["dup_group"]).groupby("dup_group")["post_id"].agg(list)
    found = {frozenset(group) for group in made if len(group) > 1}
    return len(planted), len(planted & found), len(found - planted)
