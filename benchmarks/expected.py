"""The values the published metrics estimate in a known-truth world, where `world.truth` does not give them ready.

All follow in closed form from the stated distributions and the platforms' drawn traits; none looks at the posts drawn.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

from kamen_analysis.metrics.legal import deadlines, limits
from kamen_analysis.records import ZONE
from kamen_analysis.world import truth
from kamen_analysis.world.model import World

Floats = NDArray[np.float64]


def replied_so_far(world: World) -> Floats:
    """Return for each platform the expected share of its complaints that have a reply when the world is last seen."""
    ages = (np.datetime64(world.spec.end, "D") - world.season.days).astype(float) - 0.5
    cells = world.season.cells * truth.listed(world, ages)
    return np.asarray((truth.replied_each(world, ages.tolist()).T * cells).sum(axis=1) / cells.sum(axis=1))


def median_reply(world: World) -> float:
    """Return the day by which half of all complaints are replied to; infinite where fewer than half ever are."""
    def excess(log_day: float) -> float:
        return float(truth.replied(world, [np.exp(log_day)])[0]) - 0.5

    return float(np.exp(brentq(excess, -10, 10))) if excess(10) > 0 else float("inf")


def median_amount(world: World) -> float:
    """Return the median of the stated amounts: whole yuan, log-normal within each kind of goods."""
    laws = world.spec.products.values()
    median, sigma = np.asarray([(law.median, law.sigma) for law in laws]).T
    yuan = np.arange(1, 5000)
    below = ndtr(np.log((yuan[:, None] + 0.5) / median) / sigma) @ (truth.weights(world) @ world.platforms.product)
    return float(yuan[np.searchsorted(below, 0.5)])


def unrounded_median(world: World) -> float:
    """Return the median of the law the amounts follow before they are told in whole yuan."""
    laws = world.spec.products.values()
    median, sigma = np.asarray([(law.median, law.sigma) for law in laws]).T
    share = truth.weights(world) @ world.platforms.product
    return float(np.exp(brentq(lambda x: float(ndtr((x - np.log(median)) / sigma) @ share) - 0.5, 0, 12)))


def products(world: World) -> pd.Series:
    """Return the expected share of each kind of goods."""
    return pd.Series(truth.weights(world) @ world.platforms.product, index=list(world.spec.products))


def self_reported(world: World) -> pd.Series:
    """Return the expected share of each outcome the posts tell, by the tactics they tell."""
    law = world.spec.outcomes
    none = world.spec.tactics.length[0] * float(truth.weights(world) @ (1 - world.platforms.moved_off))
    partial = float(truth.prevalence(world)["partial_refund"])
    parts = ((none, law.none), (partial, law.partial), (1 - none - partial, law.some))
    return pd.concat([pd.Series(shares) * weight for weight, shares in parts]).groupby(level=0).sum()


def monthly(world: World) -> pd.DataFrame:
    """Return the expected share of each reason (columns) in each month (rows, first days): platforms weigh by what they draw then."""
    month = pd.Index(world.season.days.astype("datetime64[M]"))
    cells = pd.DataFrame(world.season.cells.T).groupby(month).sum()
    return cells.div(cells.sum(axis=1), axis=0) @ truth.prevalence_each(world)


def sequences(world: World) -> pd.Series:
    """Return the expected share of each whole sequence among complaints that tell two reasons or more, keyed "a→b", up to three long."""
    law, shops, share = world.spec.tactics, world.platforms, truth.weights(world)
    codes, last = list(law.first), law.private_transfer_last
    second, third = truth.steps(world)
    stay, moved = ((share * part) @ shops.first for part in (1 - shops.moved_off, shops.moved_off))  # by the first tactic told
    found: dict[str, float] = {}
    for a, one in enumerate(codes):
        found[f"{one}→private_transfer"] = float(law.length[1] * moved[a] * last)
        found[f"private_transfer→{one}"] = float(law.length[1] * moved[a] * (1 - last))
        for b in (b for b in range(len(codes)) if b != a):
            two = f"{one}→{codes[b]}"
            found[two] = float(law.length[2] * stay[a] * second[a, b])
            found[f"{two}→private_transfer"] = float(law.length[2] * moved[a] * second[a, b] * last)
            found[f"private_transfer→{two}"] = float(law.length[2] * moved[a] * second[a, b] * (1 - last))
            for c in (c for c in range(len(codes)) if c not in (a, b)):
                found[f"{two}→{codes[c]}"] = float(law.length[3] * stay[a] * second[a, b] * third[a, b, c])
    several = law.length[2] + law.length[3] + law.length[1] * float(share @ shops.moved_off)
    return pd.Series(found) / several


# Days at which the curves are computed.
GRID = (0, 0.25, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9, 10, 10.5, 11, 12, 13, 14, 15, 16, 17, 18, 20, 22, 25, 28, 30, 35, 40, 45,
        50, 55, 60, 65, 72, 90, 120, 180, 300, 800)
FINENESS = 400  # quantiles that incidences are averaged over


class Curves:
    """The expected incidence of each ending and of the reply, by day and platform, computed once and read between the days of GRID."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._each = {**truth.incidence_each(world, GRID, FINENESS), "merchant_replied": truth.replied_each(world, GRID)}

    def at(self, kind: str, days: Floats) -> Floats:
        """Return the share with `kind` by each of `days`: days × platforms."""
        return np.stack([np.interp(days, GRID, column) for column in self._each[kind].T], axis=1)

    def seen(self, kinds: list[str], days: Floats, cells: Floats) -> float:
        """Return the expected share with any of `kinds` by age `days`, weighted by `cells` (days × platforms)."""
        return float((sum(self.at(kind, days) for kind in kinds) * cells).sum() / cells.sum())


def ages(world: World) -> tuple[Floats, Floats]:
    """Return the mean age of each day's posts at the world's end, and the expected posts listed by then: days × platforms."""
    age = (np.datetime64(world.spec.end, "D") - world.season.days).astype(float) - 0.5
    return age, world.season.cells.T * truth.listed(world, age)[:, None]


SHOWN = {"gone": "withdrawn"}
GROUPS = {"8–30 天": (8, 31), "31–60 天": (31, 61), "61–180 天": (61, 181), "181 天以上": (181, np.inf)}


def status_by_age(curves: Curves) -> pd.Series:
    """Return the expected share of each state by age group, keyed "age/kind"."""
    age, cells = ages(curves.world)
    found = {}
    for name, (first, after) in GROUPS.items():
        inside = (age >= first) & (age < after)
        for kind in ("merchant_replied", "consumer_confirmed", "merchant_says_resolved", "auto_closed", "closed", "gone"):
            found[f"{name}/{kind}"] = curves.seen([SHOWN.get(kind, kind)], age[inside], cells[inside])
    return pd.Series(found)


def naive(curves: Curves) -> pd.Series:
    """Return the expected value of each ratio peers publish."""
    age, cells = ages(curves.world)
    claimed = ["consumer_confirmed", "merchant_says_resolved"]
    kinds = {"closed": [*claimed, "auto_closed", "closed"], "claimed": claimed, "confirmed": ["consumer_confirmed"]}
    return pd.Series({ratio: curves.seen(each, age, cells) for ratio, each in kinds.items()})


def waits(curves: Curves) -> pd.Series:
    """Return the expected number of days without a reply in the first 30, and without a confirmed resolution in the first 60."""
    share, found = truth.weights(curves.world), {}
    for measure, kind, until in (("replied", "merchant_replied", 30), ("consumer_confirmed", "consumer_confirmed", 60)):
        days = np.linspace(0, until, 1201)
        still = 1 - (truth.replied_each(curves.world, days.tolist()) if kind == "merchant_replied" else curves.at(kind, days)) @ share
        found[measure] = float(((still[1:] + still[:-1]) / 2 * np.diff(days)).sum())
    return pd.Series(found)


def clocks(curves: Curves) -> pd.Series:
    """Return the expected share beyond each time limit; the first steps, all but certain to come within days, are left out."""
    world = curves.world
    hours = np.asarray(world.spec.calendar.hours).reshape(8, 3).sum(axis=1) / sum(world.spec.calendar.hours)
    start = pd.Series((world.season.days[:, None] + (np.arange(8) * 180 + 90).astype("timedelta64[m]")).ravel()).dt.tz_localize(ZONE)
    age, cells = ages(world)
    weight = (cells[:, None, :] * hours[:, None]).reshape(len(start), -1)
    found = {}
    for clock in (each for each in limits() if "assigned" not in each.stops):
        end = deadlines(start, clock.days, clock.working)
        left = ((end + pd.Timedelta(days=1)) - start.dt.tz_localize(None)).dt.total_seconds().to_numpy() / 86400
        force = (start.dt.date >= clock.since) & (start.dt.date < (clock.until or dt.date.max)) & (end < pd.Timestamp(world.spec.end))
        here = force.to_numpy()
        if here.any():
            hidden = sum((curves.at(kind, left[here]) for kind in clock.unclear), np.zeros((here.sum(), weight.shape[1])))
            done = sum(curves.at(kind, left[here]) for kind in clock.stops)
            found[clock.key] = float(((1 - hidden - done) * weight[here]).sum() / ((1 - hidden) * weight[here]).sum())
    return pd.Series(found)
