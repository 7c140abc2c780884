"""How many posts of the latest weeks are still to come into sight: the nowcast of late arrivals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import nbinom

from kamen_analysis.metrics.names import period_names, period_starts
from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.selection import used
from kamen_analysis.stats import arrived

LONGEST = 60  # days within which a post is taken to have come into sight if it ever does
_CAPTURES = 8
_LEAST_ARRIVED = 0.2


@metric
def nowcast(posts: pd.DataFrame, scope: str = "virtual", as_of: pd.Timestamp | None = None) -> pd.DataFrame:
    """Return weekly counts with those still to be seen added: period, period_zh, n, value, low, high, note.

    The delay from posting to first sight is estimated from the posts seen so far, allowing for late ones not yet seen (right
    truncation), and each seen post stands for as many as its chance of having been seen says. The interval is for the count itself:
    how many are missing is negative binomial (failures before as many successes as were seen), by its mean and variance.

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
    by_age = arrived(delay.loc[seen.index], age, LONGEST) if enough else np.full(LONGEST + 1, np.nan)
    chance = by_age[age]
    table = pd.DataFrame({"period": period_starts(seen["posted_at"], "W"), "n": 1, "value": 1 / chance, "spread": (1 - chance) / chance**2})
    table = table.groupby("period").agg({"n": "sum", "value": "sum", "spread": "sum"}).reset_index()
    # A week is only as known as its youngest day: posts nobody could have seen yet stand behind no seen one.
    youngest = (end - (table["period"] + pd.Timedelta(days=7))).dt.days.clip(0, LONGEST)
    return _tidy(table, early=pd.Series(by_age[youngest] < _LEAST_ARRIVED, table.index), enough=bool(enough))


def _tidy(table: pd.DataFrame, early: pd.Series, enough: bool) -> pd.DataFrame:
    value: Any = table["value"].mask(early | (not enough))
    missing, spread = table["value"] - table["n"], table["spread"]
    some = missing > 0
    p = (missing / spread).where(some, 1.0)
    size = (missing * p / (1 - p)).where(some, 1.0)
    low, high = (table["n"] + nbinom.ppf(tail, size, p) for tail in (0.025, 0.975))
    note = pd.Series("" if enough else "抓取次数太少，无法估计迟到", index=table.index, dtype="str")
    return pd.DataFrame({
        "period": table["period"], "period_zh": period_names(table["period"], "W"), "n": table["n"], "value": value,
        "low": low.where(value.notna()), "high": np.maximum(high, value).where(value.notna()), "note": note.mask(early, "太新，无法估计")})
