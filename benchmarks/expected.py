"""The values the published metrics estimate in a known-truth world, where `world.truth` does not give them ready.

All follow in closed form from the stated distributions and the platforms' drawn traits; none looks at the posts drawn.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

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
