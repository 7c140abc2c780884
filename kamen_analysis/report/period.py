"""The period of a report: a year, half-year, quarter or month of posting dates, or everything."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from kamen_analysis.data import Data
from kamen_analysis.errors import KamenError
from kamen_analysis.records import ZONE

_FORM = re.compile(r"(?P<year>\d{4})(?:-(?:H(?P<half>[12])|Q(?P<quarter>[1-4])|(?P<month>0[1-9]|1[0-2])))?")
_SIZE = {"half": 6, "quarter": 3, "month": 1}


@dataclass(frozen=True)
class Period:
    """A named span of posting time, [start, end) in Beijing time; without start and end it is everything, undated posts included."""

    key: str
    name_zh: str
    start: pd.Timestamp | None = None
    end: pd.Timestamp | None = None


def parse(text: str | None) -> Period:
    """Return the period named by `text` (2026, 2026-H1, 2026-Q3, 2026-08; None: everything). Raises KamenError for any other form."""
    if text is None:
        return Period("all", "全部时间")
    match = _FORM.fullmatch(text)
    if match is None:
        raise KamenError(f"看不懂期间 {text!r}，可写 2026、2026-H1、2026-Q3 或 2026-08")
    unit = next((name for name in _SIZE if match[name]), None)
    size = _SIZE[unit] if unit else 12
    number = int(match[unit]) if unit else 1
    start = pd.Timestamp(year=int(match["year"]), month=(number - 1) * size + 1, day=1, tz=ZONE)
    names = {None: "", "half": " 上半年" if number == 1 else " 下半年", "quarter": f"第 {number} 季度", "month": f" {number} 月"}
    return Period(text, f"{match['year']} 年{names[unit]}", start, start + pd.DateOffset(months=size))


def before(period: Period) -> Period | None:
    """Return the period of the same length that ends where `period` starts; None for everything."""
    if period.start is None or period.end is None:
        return None
    months = (period.end.year - period.start.year) * 12 + period.end.month - period.start.month
    start = period.start - pd.DateOffset(months=months)
    last = period.start - pd.DateOffset(months=1)
    return Period("before", f"{start:%Y-%m} 至 {last:%Y-%m}", start, period.start)


def key_before(period: Period) -> str | None:
    """Return the key of the period before (2026-Q1 → 2025-Q4), which is the name of its report's folder; None for everything."""
    earlier = before(period)
    if earlier is None or earlier.start is None:
        return None
    year, month, unit = earlier.start.year, earlier.start.month, period.key[5:6]
    tail = {"": "", "H": f"-H{(month + 5) // 6}", "Q": f"-Q{(month + 2) // 3}"}.get(unit, f"-{month:02}")
    return f"{year}{tail}"


def select(data: Data, period: Period) -> Data:
    """Return `data` with only the posts of `period` and their events and labels; undated posts are only in the period of everything."""
    if period.start is None:
        return data
    posts = data.posts[(data.posts["posted_at"] >= period.start) & (data.posts["posted_at"] < period.end)]
    inside = {name: table[table["post_id"].isin(posts["post_id"])] for name, table in (("events", data.events), ("labels", data.labels))}
    return Data(posts, inside["events"], inside["labels"], data.rejected, data.manifest, data.home)
