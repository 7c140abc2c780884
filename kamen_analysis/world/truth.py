"""Expected values of a world in closed form: what a perfect study of it would find.

All are for complaints without copies, over all platforms weighted by their expected number of complaints, or for one platform,
given by its row. Days count from posting.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from kamen_analysis.world.draw import succession
from kamen_analysis.world.model import World
from kamen_analysis.world.spec import LogNormal
from kamen_analysis.world.timeline import OPEN
from kamen_analysis.world.traits import Floats

_GRID = 2000  # number of quantiles of the time to reply over which `_after_reply` averages


def weights(world: World, platform: int | None = None) -> Floats:
    """Return each platform's expected share of the complaints or, given `platform`, weight 1 for it and 0 for the others."""
    if platform is None:
        return np.asarray(world.season.cells.sum(axis=1), dtype=np.float64)
    return np.asarray(np.eye(len(world.platforms.names))[platform], dtype=np.float64)


def _below(days: Floats, median: Floats | float, sigma: float) -> Floats:
    """Return the chance that a log-normal time is at most `days`."""
    with np.errstate(divide="ignore"):
        return np.asarray(ndtr((np.log(np.maximum(days, 0)) - np.log(median)) / sigma))


def replied_each(world: World, days: Sequence[float]) -> Floats:
    """Return the expected share of each platform's complaints that are replied to within each of `days`: days × platforms."""
    shops, at = world.platforms, np.asarray(days, dtype=float)[:, None]
    return shops.reply * _below(at, shops.reply_median, world.spec.platforms.reply_sigma)


def replied(world: World, days: Sequence[float], platform: int | None = None) -> Floats:
    """Return the expected share of complaints that are replied to within each of `days`."""
    return np.asarray(replied_each(world, days) @ weights(world, platform))


def incidence_each(world: World, days: Sequence[float], grid: int = _GRID) -> dict[str, Floats]:
    """Return the expected cumulative incidence of each kind of ending by platform: days × platforms; `grid`: quantiles averaged over."""
    law, shops, at = world.spec.resolution, world.platforms, np.asarray(days, dtype=float)
    out = {}
    for kind in (k for k in law.replied if k != OPEN):
        out[kind] = _after_reply(world, kind, at, grid) * shops.reply * shops.replied[:, list(law.replied).index(kind)]
        if kind in law.unreplied:
            alone = (1 - shops.reply) * shops.unreplied[:, list(law.unreplied).index(kind)]
            out[kind] = out[kind] + _wait(law.delay[kind], at)[:, None] * alone
    return out


def incidence(world: World, days: Sequence[float], platform: int | None = None) -> pd.DataFrame:
    """Return the expected cumulative incidence of each kind of ending: columns day, kind, share."""
    at, share = np.asarray(days, dtype=float), weights(world, platform)
    each = incidence_each(world, days)
    return pd.concat([pd.DataFrame({"day": at, "kind": kind, "share": curves @ share}) for kind, curves in each.items()], ignore_index=True)


def _wait(law: LogNormal, days: Floats) -> Floats:
    return _below(days, law.median, law.sigma)


def _after_reply(world: World, kind: str, days: Floats, grid: int) -> Floats:
    """Return P(reply + wait ≤ day | replied, ends by `kind`), days × platforms, averaged over quantiles of the time to reply."""
    law = world.spec.resolution
    z = ndtri((np.arange(grid) + 0.5) / grid)
    out = np.empty((len(days), len(world.platforms.names)))
    for column, median in enumerate(world.platforms.reply_median):
        left = days[:, None] - median * np.exp(world.spec.platforms.reply_sigma * z)
        done = left >= law.auto_close_days if kind == "auto_closed" else _wait(law.delay[kind], left)
        out[:, column] = done.mean(axis=1)
    return out


def prevalence_each(world: World) -> pd.DataFrame:
    """Return the expected share of each platform's complaints (row) that tell each tactic (column)."""
    law, first = world.spec.tactics, world.platforms.first
    second, third = steps(world)
    by_place = [np.zeros_like(first), first, first @ second, np.einsum("pf,fs,fsc->pc", first, second, third)]
    expected = sum(p * total for p, total in zip(law.length, np.cumsum(by_place, axis=0), strict=True))
    return pd.DataFrame(expected, columns=list(law.first)).assign(private_transfer=world.platforms.moved_off)


def steps(world: World) -> tuple[Floats, Floats]:
    """Return the chances of the second tactic given the first, and of the third given the first two."""
    matrix = succession(world.spec)
    other = 1 - np.eye(len(matrix))
    second = matrix * other
    second /= second.sum(axis=1, keepdims=True)
    third = matrix[None] * other[None] * other[:, None]
    third /= third.sum(axis=2, keepdims=True)
    return second, third


def prevalence(world: World, platform: int | None = None) -> pd.Series:
    """Return the expected share of complaints that tell each tactic, indexed by code."""
    each = prevalence_each(world)
    return pd.Series(weights(world, platform) @ each.to_numpy(), index=each.columns)


def listed(world: World, days: Sequence[float]) -> Floats:
    """Return the expected share of posts that are listed within each of `days` after posting."""
    law, at = world.spec.listing, np.asarray(days, dtype=float)
    prompt = 1 - np.exp(-np.maximum(at, 0) * 1440 / law.prompt_minutes)
    return np.asarray((1 - law.late) * prompt + law.late * _wait(law.late_days, at))


def order(world: World) -> pd.DataFrame:
    """Return the expected share of complaints that tell one tactic (row) before another (column)."""
    law, share = world.spec.tactics, weights(world)
    second, third = steps(world)
    first, codes = share @ world.platforms.first, list(law.first)
    two, three = law.length[2] + law.length[3], law.length[3]
    chain = first[:, None, None] * second[:, :, None] * third
    before = two * first[:, None] * second + three * (chain.sum(axis=1) + chain.sum(axis=0))
    with_transfer = (share * world.platforms.moved_off) @ prevalence_each(world)[codes].to_numpy()
    table = pd.DataFrame(before, index=codes, columns=codes)
    table["private_transfer"] = law.private_transfer_last * with_transfer
    table.loc["private_transfer"] = np.append((1 - law.private_transfer_last) * with_transfer, 0.0)
    return table
