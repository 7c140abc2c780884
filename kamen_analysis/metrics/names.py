"""Chinese names of what the tables hold as keys: refusal reasons, stages, outcomes, periods."""

from __future__ import annotations

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
    """Return the Chinese name of each code; a code the codebook lacks stands for itself."""
    names = reason_names()
    return pd.Series([names.get(code, code) for code in codes], index=codes.index, dtype="str")


def period_starts(instants: pd.Series, freq: str) -> pd.Series:
    """Return the start (midnight, same zone) of the calendar month ("M") or ISO week ("W") each instant falls in."""
    days = instants.dt.normalize()
    back = days.dt.day - 1 if freq == "M" else days.dt.day_of_week
    # Calendar arithmetic on wall-clock days: a zone with clock changes in its past must not move midnight.
    wall = days.dt.tz_localize(None) - pd.to_timedelta(back, unit="D")
    starts: pd.Series = wall.dt.tz_localize(instants.dt.tz).astype(instants.dtype)
    return starts


def period_names(starts: pd.Series, freq: str) -> pd.Series:
    """Return "2025-03" for months, "2025-W07" (ISO 8601) for weeks."""
    # Periods are few, instants many: each start is named once.
    places, unique = pd.factorize(starts)
    days = pd.Series(pd.DatetimeIndex(unique))
    iso = days.dt.isocalendar()
    named = days.dt.strftime("%Y-%m") if freq == "M" else iso["year"].astype("str") + "-W" + iso["week"].astype("str").str.zfill(2)
    found: pd.Series = named.astype("str").reindex(places).set_axis(starts.index)
    return found
