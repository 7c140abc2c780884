"""Nowcast: how many posts of the latest weeks were not captured yet and will still be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import nbinom

from kamen_analysis.metrics.names import period_names, period_starts
from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.selection import used
from kamen_analysis.stats import Arrival, arrived, whole_interval

LONGEST = 60  # days within which a post is assumed to be captured if it ever is
_CAPTURES = 8  # different days of capture needed for an estimate
_LEAST_ARRIVED = 0.2  # a week is estimated if its youngest day has at least this chance of having been seen


@metric
def nowcast(posts: pd.DataFrame, scope: str = "virtual", as_of: pd.Timestamp | None = None) -> pd.DataFrame:
    """Return weekly counts with the posts not captured yet added: period, period_zh, n, value, low, high, note.

    The delay from posting to first capture is estimated from the posts seen so far, allowing for those not seen yet (right truncation:
    `stats.arrived`), and each post seen is weighted by 1 ÷ its chance of having been seen. The interval is that of the true count: the
    number missing is taken as negative binomial, with a variance that includes the error of the estimated delay, and the interval holds
    the whole numbers whose probability comes nearest to 95%.

    Counts: 该周发布、至今已抓到的投诉，加上按以往迟到规律估计尚未抓到的
    Out of: 不是比例，没有分母
    Leaves out: 没有日期的；首次抓取迟于发布 60 天以上的（多为补抓历史）；抓取不足 8 个不同日子的不估计
    Read with care: 假定迟到规律不变；改变抓取频率后头几周会失准；最新一周区间很宽
    """
    chosen = used(posts, scope)
    chosen = chosen[chosen["posted_at"].notna()]
    end = chosen["first_seen_at"].max() if as_of is None else as_of
    # Both instants are counted in whole days back from `end`: only then has a post been seen exactly if its delay is at most its age.
    age, since_seen = (end - chosen["posted_at"]).dt.days, (end - chosen["first_seen_at"]).dt.days
    delay = age - since_seen
    seen = chosen[(delay >= 0) & (delay <= LONGEST) & (since_seen >= 0)]
    age = age.loc[seen.index].clip(0, LONGEST)
    enough = seen["first_seen_at"].dt.normalize().nunique() >= _CAPTURES
    unknown = Arrival(np.full(LONGEST + 1, np.nan), np.full(LONGEST + 1, np.nan))
    arrival = arrived(delay.loc[seen.index], age, LONGEST) if enough else unknown
    table = _by_week(period_starts(seen["posted_at"], "W"), age.to_numpy(), arrival)
    # The youngest day of a week decides: for days of which hardly a post could have been seen yet, there is nothing to weight.
    youngest = (end - (table["period"] + pd.Timedelta(days=7))).dt.days.clip(0, LONGEST)
    return _tidy(table, early=pd.Series(arrival.chance[youngest] < _LEAST_ARRIVED, table.index), enough=bool(enough))


def _by_week(period: pd.Series, age: Any, arrival: Arrival) -> pd.DataFrame:
    """Return period, n, value (estimated posts, seen or not) and variance of value: by chance, and by the error of the estimated delay."""
    week, weeks = pd.factorize(period, sort=True)
    seen = np.bincount(week * (LONGEST + 1) + age, minlength=len(weeks) * (LONGEST + 1)).reshape(-1, LONGEST + 1)
    value, by_chance = seen / arrival.chance, seen * (1 - arrival.chance) / arrival.chance**2
    younger = np.cumsum(value, axis=1) - value
    return pd.DataFrame({"period": weeks, "n": seen.sum(axis=1), "value": value.sum(axis=1),
                         "variance": by_chance.sum(axis=1) + younger**2 @ arrival.doubt})


def _tidy(table: pd.DataFrame, early: pd.Series, enough: bool) -> pd.DataFrame:
    value = table["value"].mask(early | (not enough))
    known = value.notna().to_numpy()
    low, high = np.full(len(table), np.nan), np.full(len(table), np.nan)
    low[known], high[known] = _missing_interval(table[known])
    note = pd.Series("" if enough else "抓取次数太少，无法估计迟到", index=table.index, dtype="str")
    return pd.DataFrame({
        "period": table["period"], "period_zh": period_names(table["period"], "W"), "n": table["n"], "value": value,
        "low": table["n"] + low, "high": np.fmax(table["n"] + high, value), "note": note.mask(early, "太新，无法估计")})


def _missing_interval(table: pd.DataFrame) -> tuple[Any, Any]:
    """Return the interval of the number of posts still missing from each week."""
    missing = (table["value"] - table["n"]).to_numpy()
    variance = table["variance"].to_numpy()
    # The negative binomial with this mean and variance, by scipy's parameters.
    p = np.where(missing > 0, missing / np.where(missing > 0, variance, 1.0), 1.0)
    size = np.where(missing > 0, missing * p / np.where(p < 1, 1 - p, 1.0), 1.0)
    reach = int(np.ceil((missing + 8 * np.sqrt(variance)).max(initial=0))) + 3
    low, high = whole_interval(nbinom.pmf(np.arange(reach), size[:, None], p[:, None]))
    return low, high
