"""How many posts of the latest weeks are still to come into sight: the nowcast of late arrivals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import nbinom

from kamen_analysis.metrics.names import period_names, period_starts
from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.selection import used
from kamen_analysis.stats import Arrival, arrived, whole_interval

LONGEST = 60  # days within which a post is taken to have come into sight if it ever does
_CAPTURES = 8
_LEAST_ARRIVED = 0.2


@metric
def nowcast(posts: pd.DataFrame, scope: str = "virtual", as_of: pd.Timestamp | None = None) -> pd.DataFrame:
    """Return weekly counts with those still to be seen added: period, period_zh, n, value, low, high, note.

    The delay from posting to first sight is estimated from the posts seen so far, allowing for late ones not yet seen (right
    truncation), and each seen post stands for as many as its chance of having been seen says. The interval is for the count itself:
    how many are missing is negative binomial, by its mean and its variance, in which the doubt about the delay is counted; the whole
    numbers whose probability comes nearest to 95%.

    Counts: 该周发布、至今已抓到的投诉，加上按以往迟到规律估计尚未抓到的
    Out of: 不是比例，没有分母
    Leaves out: 没有日期的；首次抓取迟于发布 60 天以上的（多为补抓历史）；抓取不足 8 个不同日子的不估计
    Read with care: 假定迟到规律不变；改变抓取频率后头几周会失准；最新一周区间很宽
    """
    chosen = used(posts, scope)
    chosen = chosen[chosen["posted_at"].notna()]
    end = chosen["first_seen_at"].max() if as_of is None else as_of
    # Days are counted back from `end` for both instants: only so is a post in sight exactly if its delay is at most its age.
    age, sight = (end - chosen["posted_at"]).dt.days, (end - chosen["first_seen_at"]).dt.days
    delay = age - sight
    seen = chosen[(delay >= 0) & (delay <= LONGEST) & (sight >= 0)]
    age = age.loc[seen.index].clip(0, LONGEST)
    enough = seen["first_seen_at"].dt.normalize().nunique() >= _CAPTURES
    nothing = Arrival(np.full(LONGEST + 1, np.nan), np.full(LONGEST + 1, np.nan))
    law = arrived(delay.loc[seen.index], age, LONGEST) if enough else nothing
    table = _by_week(period_starts(seen["posted_at"], "W"), age.to_numpy(), law)
    # A week is only as known as its youngest day: posts nobody could have seen yet stand behind no seen one.
    youngest = (end - (table["period"] + pd.Timedelta(days=7))).dt.days.clip(0, LONGEST)
    return _tidy(table, early=pd.Series(law.chance[youngest] < _LEAST_ARRIVED, table.index), enough=bool(enough))


def _by_week(period: pd.Series, age: Any, law: Arrival) -> pd.DataFrame:
    """Return period, n, value (posts seen or not) and spread: its variance, by chance and by what is not known of the delay."""
    place, weeks = pd.factorize(period, sort=True)
    seen = np.bincount(place * (LONGEST + 1) + age, minlength=len(weeks) * (LONGEST + 1)).reshape(-1, LONGEST + 1)
    value, chance = seen / law.chance, seen * (1 - law.chance) / law.chance**2
    younger = np.cumsum(value, axis=1) - value
    return pd.DataFrame({"period": weeks, "n": seen.sum(axis=1), "value": value.sum(axis=1),
                         "spread": chance.sum(axis=1) + younger**2 @ law.doubt})


def _tidy(table: pd.DataFrame, early: pd.Series, enough: bool) -> pd.DataFrame:
    value = table["value"].mask(early | (not enough))
    known = value.notna().to_numpy()
    low, high = np.full(len(table), np.nan), np.full(len(table), np.nan)
    low[known], high[known] = _missing(table[known])
    note = pd.Series("" if enough else "抓取次数太少，无法估计迟到", index=table.index, dtype="str")
    return pd.DataFrame({
        "period": table["period"], "period_zh": period_names(table["period"], "W"), "n": table["n"], "value": value,
        "low": table["n"] + low, "high": np.fmax(table["n"] + high, value), "note": note.mask(early, "太新，无法估计")})


def _missing(table: pd.DataFrame) -> tuple[Any, Any]:
    """Return the interval of how many posts of each week are still missing."""
    missing = (table["value"] - table["n"]).to_numpy()
    spread = table["spread"].to_numpy()
    p = np.where(missing > 0, missing / np.where(missing > 0, spread, 1.0), 1.0)
    size = np.where(missing > 0, missing * p / np.where(p < 1, 1 - p, 1.0), 1.0)
    reach = int(np.ceil((missing + 8 * np.sqrt(spread)).max(initial=0))) + 3
    low, high = whole_interval(nbinom.pmf(np.arange(reach), size[:, None], p[:, None]))
    return low, high
