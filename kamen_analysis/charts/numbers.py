"""Formatting of all numbers in report and charts, in one place, so that a figure reads the same in text, table and chart."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

NOTHING = "—"


def is_missing(value: Any) -> bool:
    """Return whether `value` is missing (None, NaN, NaT, NA)."""
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def count(value: Any) -> str:
    """Return a whole number with thousands separators: 1,204."""
    return NOTHING if is_missing(value) else f"{round(value):,}"


def percent(value: Any) -> str:
    """Return a share (0–1) as 31.2%."""
    return NOTHING if is_missing(value) else f"{tenth(100 * value)}%"


def interval(low: Any, high: Any) -> str:
    """Return the ends of a share's interval in per cent: 28.4–34.1."""
    return NOTHING if is_missing(low) or is_missing(high) else f"{tenth(100 * low)}–{tenth(100 * high)}"


def share(value: Any, low: Any, high: Any, of: Any) -> str:
    """Return a share with its interval and denominator: 31.2%（95% 区间 28.4–34.1，n=1,204）."""
    if is_missing(value):
        return f"样本不足（n={count(of)}）"
    return f"{percent(value)}（95% 区间 {interval(low, high)}，n={count(of)}）"


def signed(value: Any) -> str:
    """Return a difference of shares (0–1) in percentage points as a bare signed number: +2.1 (the column's heading names the unit)."""
    return NOTHING if is_missing(value) else signed_tenth(100 * value)


def signed_interval(low: Any, high: Any) -> str:
    """Return the interval of a difference of shares in percentage points: -4.1 至 +10.8."""
    return NOTHING if is_missing(low) or is_missing(high) else f"{signed_tenth(100 * low)} 至 {signed_tenth(100 * high)}"


def points(value: Any) -> str:
    """Return a difference of shares (0–1) in percentage points, signed: +2.1 个百分点."""
    return NOTHING if is_missing(value) else f"{signed_tenth(100 * value)} 个百分点"


def points_interval(value: Any, low: Any, high: Any) -> str:
    """Return a difference of shares with its interval: +2.1 个百分点（95% 区间 -0.4 至 +4.6）."""
    if is_missing(value):
        return NOTHING
    return f"{points(value)}（95% 区间 {signed_tenth(100 * low)} 至 {signed_tenth(100 * high)}）"


def yuan(value: Any) -> str:
    """Return an amount in yuan, with cents only if there are any: 250,499.5 → 250,499.50 元."""
    if is_missing(value):
        return NOTHING
    return f"{value:,.0f} 元" if float(value).is_integer() else f"{value:,.2f} 元"


def days(value: Any) -> str:
    """Return a duration in days: 3.5 日."""
    return NOTHING if is_missing(value) else f"{tenth(value)} 日"


def ratio(value: Any) -> str:
    """Return a plain ratio with two decimals: 1.25."""
    return NOTHING if is_missing(value) else f"{value:.2f}"


def date(value: Any) -> str:
    """Return a day as 2026-08-01."""
    return NOTHING if is_missing(value) else pd.Timestamp(value).strftime("%Y-%m-%d")


def moment(value: Any) -> str:
    """Return an instant of Beijing time to the minute: 2026-08-01 09:30."""
    return NOTHING if is_missing(value) else pd.Timestamp(value).strftime("%Y-%m-%d %H:%M")


def tenth(value: float) -> str:
    """Return a number with one decimal: 2.5."""
    # Rounded half away from zero, as readers do; format() alone would turn 0.25 into 0.2.
    return f"{math.floor(abs(value) * 10 + 0.5 + 1e-9) / 10 * (-1 if value < 0 else 1) + 0.0:,.1f}"


def signed_tenth(value: float) -> str:
    """Return a number with its sign and one decimal: +2.5; zero has no sign: 0.0."""
    text = tenth(value)
    return text if text.startswith("-") or text == "0.0" else f"+{text}"


def signed_count(value: float) -> str:
    """Return a whole number with its sign: +1,204."""
    return f"{value:+,.0f}"


def whole(value: Any) -> str:
    """Return a share (0–1) as a bare whole number of per cent, where the unit is named elsewhere: 31."""
    return f"{100 * value:.0f}"


def whole_yuan(value: Any) -> str:
    """Return an amount to the yuan, for charts: 146 元."""
    return NOTHING if is_missing(value) else f"{value:,.0f} 元"


def interval_percent(low: Any, high: Any) -> str:
    """Return a share's interval with its unit, for a sentence: 28.4–34.1%; empty if it is missing."""
    return "" if is_missing(low) or is_missing(high) else f"{interval(low, high)}%"


def measured(row: Any) -> str:
    """Return a row's share with interval and denominator: 31.2%（95% 区间 28.4–34.1%，n=1,204）."""
    span = interval_percent(row.low, row.high)
    return f"{percent(row.share)}（{f'95% 区间 {span}，' if span else ''}n={count(row.of)}）"
