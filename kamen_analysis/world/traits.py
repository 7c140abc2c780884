"""The platforms of the world with their invented names and hidden traits, and the share of complaints each draws on each day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamen_analysis.errors import KamenError
from kamen_analysis.world.spec import Beta, Calendar, LogNormal, Outage, Spec, read

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Platforms:
    """Hidden traits of the platforms, one element or row each.

    share: of all complaints; opens, closes: as fractions of the window; reply: probability of a reply; reply_median: days; moved_off:
    probability that a complaint tells private_transfer. Mixes, whose rows add up to one: first (shares of the first tactic), product,
    replied and unreplied (shares of the endings with and without a reply).
    """

    names: list[str]
    domains: list[str]
    share: Floats
    opens: Floats
    closes: Floats
    reply: Floats
    reply_median: Floats
    moved_off: Floats
    first: Floats
    product: Floats
    replied: Floats
    unreplied: Floats

    def table(self) -> pd.DataFrame:
        """Return the traits that are a single number per platform, as a frame with one row per platform."""
        columns = ("share", "opens", "closes", "reply", "reply_median", "moved_off")
        return pd.DataFrame({"platform": self.names, "domain": self.domains, **{c: getattr(self, c) for c in columns}})


def _beta(rng: np.random.Generator, law: Beta, size: int) -> Floats:
    return rng.beta(law.mean * law.strength, (1 - law.mean) * law.strength, size)


def lognormal(rng: np.random.Generator, law: LogNormal, size: int) -> Floats:
    """Draw `size` values from a log-normal distribution."""
    return law.median * np.exp(law.sigma * rng.standard_normal(size))


def _names(rng: np.random.Generator, size: int) -> list[str]:
    parts = read("shops.yaml")
    widths = (len(parts["what"]), len(parts["who"]))
    if size > widths[0] * widths[1]:
        raise KamenError(f"演示平台最多 {widths[0] * widths[1]} 个")
    what, who = np.unravel_index(rng.choice(widths[0] * widths[1], size, replace=False), widths)
    kind = rng.integers(len(parts["kind"]), size=size)
    return [parts["what"][a] + parts["who"][b] + parts["kind"][c] for a, b, c in zip(what, who, kind, strict=True)]


def platforms(spec: Spec, size: int, rng: np.random.Generator) -> Platforms:
    """Draw `size` platforms, the largest first."""
    law = spec.platforms

    def mix(weights: list[float]) -> Floats:
        return rng.dirichlet(law.mix_strength * np.asarray(weights), size)

    volume = np.sort(np.exp(law.volume_sigma * rng.standard_normal(size)))[::-1]
    late, early = rng.random(size) < law.opens_late, rng.random(size) < law.closes_early
    return Platforms(
        names=_names(rng, size),
        domains=[f"shop{k:03d}.example" for k in range(1, size + 1)],
        share=volume / volume.sum(),
        opens=np.where(late, rng.uniform(0.1, 0.5, size), 0.0),
        closes=np.where(early, rng.uniform(0.6, 0.95, size), 1.0),
        reply=_beta(rng, law.reply, size),
        reply_median=lognormal(rng, law.reply_median, size),
        moved_off=_beta(rng, law.moved_off, size),
        first=mix(list(spec.tactics.first.values())),
        product=mix([p.share for p in spec.products.values()]),
        replied=mix(list(spec.resolution.replied.values())),
        unreplied=mix(list(spec.resolution.unreplied.values())),
    )


@dataclass(frozen=True)
class Season:
    """The days of the window and, in `cells`, the share of all complaints by platform (row) and day (column); all cells add up to one.

    gaps: first and last day of each outage in the window; surge: platform, first, last, factor, or None if it lies before the window.
    """

    days: npt.NDArray[np.datetime64]
    cells: Floats
    gaps: list[tuple[dt.date, dt.date]]
    surge: dict[str, Any] | None


def _stretch(place: Outage, end: dt.date) -> tuple[np.datetime64, np.datetime64]:
    """Return the first day of an outage or surge, and the day after its last."""
    month = np.datetime64(end, "M") - 1 - place.months_back
    first = month.astype("datetime64[D]") + place.first_day - 1
    return first, first + place.days


def _intensity(law: Calendar, days: npt.NDArray[np.datetime64]) -> Floats:
    """Return the relative number of complaints on each day, by growth, month, weekday and festivals."""
    month = days.astype("datetime64[M]").astype(int)
    weekday = (days.astype(int) + 3) % 7  # 1970-01-01 was a Thursday
    daily = np.exp(law.growth * (month - month[0])) * np.asarray(law.months)[month % 12] * np.asarray(law.weekdays)[weekday]
    for festival in law.festivals:
        for date in festival.dates:
            since = (days - np.datetime64(date)).astype(int)
            daily[(since >= festival.first) & (since <= festival.last)] *= festival.factor
    return np.asarray(daily, dtype=np.float64)


def season(spec: Spec, months: int, shops: Platforms) -> Season:
    """Return the season of the `months` months before `spec.end`, with its outages and its planted surge."""
    law, last = spec.calendar, np.datetime64(spec.end, "D")
    days = np.arange((np.datetime64(spec.end, "M") - months).astype("datetime64[D]"), last)
    daily, gaps = _intensity(law, days), []
    for outage in law.outages:
        first, after = _stretch(outage, spec.end)
        if first >= days[0]:
            daily[(days >= first) & (days < after)] = 0
            gaps.append((first.astype(object), (after - 1).astype(object)))
    fraction = (np.arange(len(days)) + 0.5) / len(days)
    is_open = (fraction >= shops.opens[:, None]) & (fraction < shops.closes[:, None])
    rank = min(law.surge.rank, len(shops.names)) - 1
    is_open[rank] = True
    cells = shops.share[:, None] * daily * is_open
    first, after = _stretch(law.surge, spec.end)
    cells[rank, (days >= first) & (days < after)] *= law.surge.factor
    surge = {"platform": shops.names[rank], "first": first.astype(object), "last": (after - 1).astype(object), "factor": law.surge.factor}
    return Season(days, cells / cells.sum(), gaps, surge if first >= days[0] else None)
