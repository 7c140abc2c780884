"""Draw a world from the distributions of a `Spec`; the same seed gives the same world, byte for byte."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamen_analysis.errors import KamenError
from kamen_analysis.world import copies, timeline, traits
from kamen_analysis.world.frames import tables
from kamen_analysis.world.model import World
from kamen_analysis.world.spec import Spec, load
from kamen_analysis.world.traits import Floats, Platforms, Season

__all__ = ["SEED", "World", "tables", "world"]

SEED = 20261031
ABOUT_GOODS = ("complaint", "question")
HOSTILE = ("script", "formula", "bidi", "zero_width", "long_line", "emoji", "entity", "markdown")
Codes = npt.NDArray[np.str_]


def world(posts: int = 3000, months: int = 24, platforms: int = 40, seed: int = SEED, spec: Spec | None = None) -> World:
    """Draw a world whose board shows exactly `posts` posts at its end; posts not listed by then exist but are not shown.

    `platforms`: number of shops; the window is the last `months` whole months before `spec.end`.
    """
    if min(posts, months, platforms) < 1:
        raise KamenError("posts、months、platforms 须为正整数")
    spec = spec or load()
    streams = np.random.default_rng(seed).spawn(5)
    shops = traits.platforms(spec, platforms, streams[0])
    season = traits.season(spec, months, shops)
    repeats = copies.counts(spec, posts, platforms)
    first, tactics = _first_posts(spec, shops, season, posts - sum(repeats.values()), streams[1])
    table, tactics = _numbered(copies.add(first, repeats, spec, season, streams[2]), tactics, spec, streams[3])
    return World(spec, seed, shops, season, table, tactics, timeline.events(spec, shops, table, streams[4]))


def _first_posts(spec: Spec, shops: Platforms, season: Season, shown: int, rng: np.random.Generator) -> tuple[pd.DataFrame, Codes]:
    """Draw posts (without copies) until `shown` of them are listed by the world's end; return them and the tactics each tells."""
    size = int(shown * 1.1) + 50
    cell = np.searchsorted(season.cells.ravel().cumsum(), rng.random(size) * (1 - 1e-12), side="right")
    shop, day = np.divmod(cell, len(season.days))
    posted = season.days[day].astype("datetime64[us]") + _time_of_day(spec, size, rng).astype("timedelta64[s]")
    listed = posted + _listing_delay(spec, size, rng).astype("timedelta64[s]")
    kind = _choose(spec.post_types, size, rng)
    is_complaint = kind == "complaint"
    tactics = _tactics(spec, shops, shop, rng)
    tactics[~is_complaint] = ""
    product = timeline.pick(rng, shops.product[shop])
    amount = _amounts(spec, product, rng)
    table = pd.DataFrame({
        "post_type": kind, "platform": shop,
        "product": np.where(np.isin(kind, ABOUT_GOODS), np.asarray(list(spec.products))[product], "none"),
        "outcome": np.where(is_complaint, _outcomes(spec, tactics, rng), "unclear"),
        "amount_yuan": np.where(np.isin(kind, ABOUT_GOODS), amount, np.nan), "posted_at": posted, "first_seen_at": listed,
        "written": rng.choice(len(spec.platforms.written), size, p=list(spec.platforms.written.values())),
        "shown": listed <= np.datetime64(spec.end, "us"), "personal": is_complaint & (rng.random(size) < spec.personal), "hostile": ""})
    end = int(np.searchsorted(table["shown"].cumsum(), shown)) + 1
    hostile = np.flatnonzero(is_complaint[:end] & table["shown"][:end])[: min(spec.hostile, shown // 10)]
    table.loc[hostile, "hostile"] = [HOSTILE[k % len(HOSTILE)] for k in range(len(hostile))]
    return table[:end].reset_index(drop=True), tactics[:end]


def _choose(weights: dict[str, float], size: int, rng: np.random.Generator) -> Codes:
    return np.asarray(list(weights))[rng.choice(len(weights), size, p=list(weights.values()))]


def _time_of_day(spec: Spec, size: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Draw times of day in seconds, whole minutes because the board shows no seconds."""
    hours = np.asarray(spec.calendar.hours) / sum(spec.calendar.hours)
    return rng.choice(24, size, p=hours) * 3600 + rng.integers(60, size=size) * 60


def _listing_delay(spec: Spec, size: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Draw the seconds (whole minutes) from posting to being listed: most within an hour, some after days."""
    law = spec.listing
    prompt = rng.exponential(law.prompt_minutes * 60, size)
    late = traits.lognormal(rng, law.late_days, size) * 86_400
    return np.where(rng.random(size) < law.late, late, prompt).astype(np.int64) // 60 * 60


def _amounts(spec: Spec, product: npt.NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """Draw amounts in whole yuan; NaN where the post states none."""
    median, sigma = np.asarray([(law.median, law.sigma) for law in spec.products.values()]).T
    yuan = np.maximum(np.round(median[product] * np.exp(sigma[product] * rng.standard_normal(len(product)))), 1)
    return np.where(rng.random(len(product)) < spec.amount_unknown, np.nan, yuan)


def succession(spec: Spec) -> Floats:
    """Return the weights (rows not normalised) with which each tactic (column) follows each other (row).

    The weights are those of a first tactic, multiplied by `follow` for the tactics that `after` lists for the row.
    """
    codes = list(spec.tactics.first)
    matrix = np.tile(np.asarray(list(spec.tactics.first.values())), (len(codes), 1))
    for code, following in spec.tactics.after.items():
        matrix[codes.index(code), [codes.index(f) for f in following]] *= spec.tactics.follow
    return matrix


def _tactics(spec: Spec, shops: Platforms, shop: npt.NDArray[np.int64], rng: np.random.Generator) -> Codes:
    """Draw the tactics that each post tells, in order: posts × 4 codes, "" where there are fewer."""
    law, size = spec.tactics, len(shop)
    codes, matrix = np.asarray(list(law.first)), succession(spec)
    rows = np.arange(size)
    weights, used = shops.first[shop], np.zeros((size, len(codes)), dtype=bool)
    chain = np.zeros((size, len(law.length) - 1), dtype=np.int64)
    for step in range(chain.shape[1]):
        weights = np.where(used, 0, weights)
        chain[:, step] = timeline.pick(rng, weights / weights.sum(axis=1, keepdims=True))
        used[rows, chain[:, step]] = True
        weights = matrix[chain[:, step]]
    length = rng.choice(len(law.length), size, p=law.length)
    tactics = np.where(np.arange(chain.shape[1]) < length[:, None], codes[chain], "").astype("U32")
    moved_off, last = rng.random(size) < shops.moved_off[shop], rng.random(size) < law.private_transfer_last
    tactics = np.concatenate([tactics, np.full((size, 1), "", dtype="U32")], axis=1)
    tactics[moved_off & last, length[moved_off & last]] = "private_transfer"
    first = moved_off & ~last
    tactics[first] = np.concatenate([np.full((first.sum(), 1), "private_transfer"), tactics[first, :-1]], axis=1)
    return tactics


def _outcomes(spec: Spec, tactics: Codes, rng: np.random.Generator) -> Codes:
    law, size = spec.outcomes, len(tactics)
    has_tactics, is_partial = tactics[:, 0] != "", (tactics == "partial_refund").any(axis=1)
    drawn = {key: _choose(getattr(law, key), size, rng) for key in ("none", "some", "partial")}
    return np.where(is_partial, drawn["partial"], np.where(has_tactics, drawn["some"], drawn["none"]))


def _numbered(table: pd.DataFrame, tactics: Codes, spec: Spec, rng: np.random.Generator) -> tuple[pd.DataFrame, Codes]:
    """Number the posts in order of posting; return them in that order, with the tactics each tells.

    The two posts of a text filed against two targets get consecutive numbers.
    """
    twin = (table["dup_kind"] == "two_targets").to_numpy()
    key = np.where(twin, table["posted_at"].to_numpy()[table["origin"]], table["posted_at"])
    order = np.lexsort((twin, np.where(twin, table["origin"], np.arange(len(table))), key))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    step = np.where(twin[order], 1, 1 + rng.geometric(0.3, len(order)))
    posts = table.iloc[order].reset_index(drop=True)
    return posts.assign(number=spec.first_number + step.cumsum(), origin=place[posts["origin"]]), tactics[table["origin"].to_numpy()[order]]
