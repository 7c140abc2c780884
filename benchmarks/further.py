"""More published intervals beside their true values: order and company of reasons, clocks, waits, contrasts, festivals, corrections."""

from __future__ import annotations

from collections.abc import Iterator

import expected
import numpy as np
import pandas as pd
from backtest import stepped

from kamen_analysis import metrics, stats
from kamen_analysis.metrics.contrast import ALL, DAY
from kamen_analysis.metrics.holiday import compared
from kamen_analysis.metrics.shares import MINIMUM
from kamen_analysis.metrics.trend import volume
from kamen_analysis.world import truth
from kamen_analysis.world.model import World

Tables = dict[str, pd.DataFrame]
Row = tuple[str, str, float, float, float, float]
CODED = 300  # complaints in the random coded sample
MACHINES = {"corrected": (0.85, 0.03), "corrected_sure": (0.98, 0.002)}  # share of reasons found, share of posts wrongly given each
SEEN = 12  # expected count below which a cell may be withheld as 1–4, so that what is shown is chosen by chance


def checks(world: World, tables: Tables, scope: str) -> Iterator[Row]:
    """Yield metric, part, value, low, high and truth of every interval."""
    curves = expected.Curves(world)
    yield from _corrected(world, tables, scope)
    yield from _together(world, tables, scope)
    yield from _ages(curves, tables, scope)
    yield from _contrasts(world, tables, scope)
    yield from _festivals(world, tables, scope)
    yield from _funnel(world, tables, scope)
    yield from _steps(world)


def _rows(metric: str, table: pd.DataFrame, parts: pd.Series, values: pd.Series, column: str = "share") -> Iterator[Row]:
    """Yield a check for each row of `table` with an interval whose part has a true value."""
    for part, row in zip(parts, table.itertuples(), strict=True):
        if part in values.index and np.isfinite(row.low):
            yield metric, str(part), getattr(row, column), row.low, row.high, float(values[part])


def _corrected(world: World, tables: Tables, scope: str) -> Iterator[Row]:
    """Label all posts anew with mistakes, hand the truth of a random few, and see whether the correction finds the truth of all."""
    rng = np.random.default_rng([world.seed, 1])
    chosen, codes = metrics.used(tables["posts"], scope), truth.prevalence(world)
    ids = chosen["post_id"].to_numpy()
    told = pd.crosstab(tables["labels"]["post_id"], tables["labels"]["code"]).reindex(index=ids, columns=codes.index, fill_value=0)
    sample = rng.choice(ids, min(CODED, len(ids)), replace=False)
    coded = tables["labels"].loc[tables["labels"]["post_id"].isin(sample), ["post_id", "code"]]
    coded = pd.concat([coded, pd.DataFrame({"post_id": np.setdiff1d(sample, coded["post_id"]), "code": None})], ignore_index=True)
    each = truth.prevalence_each(world).set_axis(world.platforms.names)
    for name, (hit, mistaken) in MACHINES.items():
        row, column = np.nonzero(np.where(told.to_numpy() > 0, rng.random(told.shape) < hit, rng.random(told.shape) < mistaken))
        labels = pd.DataFrame({"post_id": ids[row], "code": codes.index.to_numpy()[column]})
        table = metrics.corrected(chosen, labels, coded, scope=scope)
        yield from _rows(name, table, table["code"], codes)
        if name == "corrected":
            grouped = metrics.corrected(chosen, labels, coded, scope=scope, by="platform")
            for found in grouped.itertuples():
                true = float(each.loc[found.platform, found.code])
                if found.of * true >= 5:  # fewer coded cases carry the note that the interval is a rough one
                    yield "corrected_platform", "", found.share, found.low, found.high, true


def _together(world: World, tables: Tables, scope: str) -> Iterator[Row]:
    """Pairs of reasons: one among the other, and one told before the other; the place of a reason is its turn in the telling."""
    order, alone = truth.order(world), truth.prevalence(world)
    both, posts = order + order.T, metrics.used(tables["posts"], scope)
    labels = tables["labels"].assign(start=tables["labels"].groupby("post_id").cumcount())
    for row in metrics.cooccurrence(tables["posts"], labels, scope=scope).dropna(subset="share").itertuples():
        if both.loc[row.code_a, row.code_b] * len(posts) >= SEEN:
            yield "cooccurrence", "", row.share, row.low, row.high, float(both.loc[row.code_a, row.code_b] / alone[row.code_a])
    for row in metrics.tactic_order(tables["posts"], labels, scope=scope).dropna(subset="share").itertuples():
        if min(order.loc[row.code_a, row.code_b], order.loc[row.code_b, row.code_a]) * len(posts) >= SEEN and row.code_a < row.code_b:
            yield "tactic_order", "", row.share, row.low, row.high, float(
                order.loc[row.code_a, row.code_b] / both.loc[row.code_a, row.code_b])


def _ages(curves: expected.Curves, tables: Tables, scope: str) -> Iterator[Row]:
    posts, events = tables["posts"], tables["events"]
    table = metrics.status_by_age(posts, events, scope=scope)
    yield from _rows("status_by_age", table, table["age"] + "/" + table["kind"], expected.status_by_age(curves))
    table = metrics.naive_ratio(posts, events, scope=scope)
    yield from _rows("naive_ratio", table, table["ratio"], expected.naive(curves))
    table = metrics.waiting(posts, events, scope=scope)
    yield from _rows("waiting", table, table["measure"], expected.waits(curves), "value")
    table = metrics.clocks(posts, events, scope=scope)
    yield from _rows("clocks", table, table["clock"], expected.clocks(curves))


def _contrasts(world: World, tables: Tables, scope: str) -> Iterator[Row]:
    """Differences to the rest by day 30; and how often none is found among platforms whose posts were dealt out anew at random."""
    posts, events = tables["posts"], tables["events"]
    weight = pd.Series(truth.weights(world), world.platforms.names)
    each = {**truth.incidence_each(world, [DAY], expected.FINENESS), "merchant_replied": truth.replied_each(world, [DAY])}
    shown = {"replied": "merchant_replied", "gone": "withdrawn"}
    table = metrics.contrasts(posts, events, scope=scope)
    for row in table[table["platform"] != ALL].dropna(subset="low").itertuples():
        share = pd.Series(each[shown.get(row.measure, row.measure)][0], world.platforms.names)
        own = float(share[row.platform])
        if own * row.of >= SEEN:
            rest = (float(share @ weight) - own * weight[row.platform]) / (1 - weight[row.platform])
            yield "contrasts", row.measure, row.value, row.low, row.high, own - rest
    rng = np.random.default_rng([world.seed, 3])
    dealt = metrics.contrasts(posts.assign(platform=rng.permutation(posts["platform"].to_numpy())), events, scope=scope)
    alarm = float((dealt["p_holm"] < 0.05).any())
    yield "contrasts_null", "", alarm, -0.5, 0.5, alarm


def _festivals(world: World, tables: Tables, scope: str) -> Iterator[Row]:
    weeks = volume(tables["posts"], "W", by=None, scope=scope)
    weeks = weeks[weeks["complete"] & ~weeks["gap"]].reset_index(drop=True)
    daily = pd.Series(world.season.cells.sum(axis=0), pd.DatetimeIndex(world.season.days))
    place = daily.groupby(daily.index - pd.to_timedelta(daily.index.day_of_week, unit="D")).sum()
    due = place.reindex(weeks["period"].dt.tz_localize(None)).to_numpy() * float(len(metrics.used(tables["posts"], scope)))
    true = compared(weeks.assign(n=due)).set_index(["festival", "year"])["value"]
    table = metrics.holidays(tables["posts"], scope=scope)
    for row in table.dropna(subset="low").itertuples():
        ratio = float(true.get((row.festival, row.year), np.nan))
        yield "holidays", "all" if len(row.year) > 4 else "year", row.value, row.low, row.high, ratio


def _funnel(world: World, tables: Tables, scope: str) -> Iterator[Row]:
    """The funnel of chance should hold 95% of platforms that differ by chance alone: replies at one rate to platforms of these sizes."""
    sizes = metrics.used(tables["posts"], scope)["platform"].value_counts()
    of = sizes[sizes >= MINIMUM].to_numpy()
    n = np.random.default_rng([world.seed, 4]).binomial(of, 0.6)
    limits = stats.funnel_limits(n, of, of)
    for share, low, high in zip(n / of, limits["low"], limits["high"], strict=True):
        yield "platform_funnel", "", np.nan, low, high, share


def _steps(world: World, at: int = 60, turns: int = 4) -> Iterator[Row]:
    """Series of weeks that double: the ratio found nearest to the step; and how often none is found where there is none."""
    for calm, doubled in (stepped(world.seed * turns + turn) for turn in range(turns)):
        false = float(any(each.p < 0.05 for each in stats.change_points(calm)))
        yield "change_points_null", "", false, -0.5, 0.5, false
        found = [each for each in stats.change_points(doubled) if each.p < 0.05]
        if found:
            best = min(found, key=lambda each: abs(each.at - at))
            yield "change_points", "", best.ratio, best.low, best.high, 2.0
