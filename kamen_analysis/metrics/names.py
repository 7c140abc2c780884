"""Chinese names of the keys in the tables: refusal reasons, outcomes, periods."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kamen_analysis.codebook.loader import load

OUTCOME_KINDS_ZH = {
    "consumer_confirmed": "消费者确认解决", "merchant_says_resolved": "商家称已解决", "auto_closed": "超时自动关闭",
    "closed": "关闭（原因未注明）", "gone": "删除或撤回",
}


def reason_names() -> dict[str, str]:
    """Return the Chinese name of every active refusal reason of the codebook, in the order of their keys."""
    return {code: rule.name_zh for code, rule in load().reasons.items()}


def name_of(codes: pd.Series) -> pd.Series:
    """Return the Chinese name of each code, or the code itself if the codebook lacks it."""
    names = reason_names()
    return pd.Series([names.get(code, code) for code in codes], index=codes.index, dtype="str")


def period_starts(instants: pd.Series, freq: str) -> pd.Series:
    """Return the start (midnight, same zone) of the calendar month ("M") or ISO week ("W") each instant falls in."""
    # Reckoned on wall-clock days, so that past clock changes of the zone do not move midnight.
    places, days = days_of(instants)
    starts = days.astype("datetime64[M]").astype(days.dtype) if freq == "M" else days - (days.astype("int64") + 3) % 7  # 1970: a Thursday
    midnights = pd.Series(starts.astype("datetime64[us]")).dt.tz_localize(instants.dt.tz).astype(instants.dtype)
    result: pd.Series = midnights.reindex(places).set_axis(instants.index)
    return result


def days_of(instants: pd.Series) -> tuple[Any, Any]:
    """Return for each instant the place of its wall-clock day in a list of distinct days (-1 if missing), and that list (datetime64[D]).

    Days are few where instants are many, so callers work on the days alone.
    """
    wall = instants.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    places, numbers = pd.factorize(np.where(np.isnat(wall), 0, wall.astype("int64")) // 86_400_000_000)
    return np.where(np.isnat(wall), -1, places), numbers.astype("datetime64[D]")


def period_names(starts: pd.Series, freq: str) -> pd.Series:
    """Return "2025-03" for months, "2025-W07" (ISO 8601) for weeks."""
    # Distinct starts are few, so each is named once.
    places, unique = pd.factorize(starts)
    days = pd.Series(pd.DatetimeIndex(unique))
    iso = days.dt.isocalendar()
    named = days.dt.strftime("%Y-%m") if freq == "M" else iso["year"].astype("str") + "-W" + iso["week"].astype("str").str.zfill(2)
    result: pd.Series = named.astype("str").reindex(places).set_axis(starts.index)
    return result
