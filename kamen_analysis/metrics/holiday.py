"""Whether complaints rise around 春节, 国庆, 618 and 双十一: festival weeks against the ordinary weeks on either side."""

from __future__ import annotations

import datetime as dt
import functools
from pathlib import Path
from typing import Any, NamedTuple

import chinese_calendar
import numpy as np
import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict
from scipy.stats import norm

from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.shares import MINIMUM, TOO_FEW
from kamen_analysis.metrics.trend import volume

_NEAR, _LEAST = 6, 2  # ordinary weeks on either side that are compared, and how many of them there must be
ALL_YEARS = "历年合计"


class Festival(BaseModel):
    """A festival, given by its official holiday (`holiday`) or by a date, and how many days before and after count as part of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    name_zh: str
    before: int
    after: int
    holiday: str | None = None
    month: int = 1
    day: int = 1

    def spans(self, years: range) -> dict[int, tuple[dt.date, dt.date] | None]:
        """Return the first and last day of the festival in each year; None for years beyond the calendar."""
        return {year: self._span(year) for year in years}

    def _span(self, year: int) -> tuple[dt.date, dt.date] | None:
        off = [dt.date(year, self.month, self.day)]
        if self.holiday:
            off = [day for day, name in chinese_calendar.constants.holidays.items() if day.year == year and name == self.holiday]
        return (min(off) - dt.timedelta(self.before), max(off) + dt.timedelta(self.after)) if off else None


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    festivals: tuple[Festival, ...]


@functools.cache
def festivals() -> tuple[Festival, ...]:
    """Return the festivals of festivals.yaml."""
    return _File.model_validate(yaml.safe_load(Path(__file__).with_name("festivals.yaml").read_text(encoding="utf-8"))).festivals


class _Pair(NamedTuple):
    """Number of posts and of weeks: of one festival, and of the ordinary weeks near it."""

    n: float
    weeks: int
    near: float
    near_weeks: int


@metric
def holidays(posts: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Compare festival weeks with their neighbours: festival, festival_zh, year, n, weeks, of (posts expected), value (ratio), low, high,
    note.

    One row per festival and year, and one for all years together. value: Mantel–Haenszel rate ratio with the log-normal interval of
    Greenland S, Robins JM, Biometrics 1985;41:55, its variance multiplied by the dispersion of the ordinary weeks (at least 1).

    Counts: 与节日（含前后若干天，见 festivals.yaml）有重叠的完整周里的投诉
    Out of: 前后各六周内平常周的平均推出的件数
    Leaves out: 不完整的周、缺口周、与别的节日重叠的平常周；任一侧平常周不足 2 周或合计不足 30 件的不给比值；工作日历未到的年份
    Read with care: 比值含节日促销、放假发帖与平台处理放慢的共同影响；不说明原因
    """
    weeks = volume(posts, "W", by=None, scope=scope)
    return compared(weeks[weeks["complete"] & ~weeks["gap"]].reset_index(drop=True))


def compared(weeks: pd.DataFrame) -> pd.DataFrame:
    """Return the table of `holidays` from complete weeks (columns period, n; n may be expected counts)."""
    spans = _spans(weeks)
    festive = np.zeros(len(weeks), dtype=bool)
    for span in spans["span"]:
        festive |= _overlaps(weeks, span)
    pairs = [_pair(weeks, festive, span) for span in spans["span"]]
    phi = _dispersion(weeks, festive)
    rows = [{**spans.iloc[i][["festival", "festival_zh", "year"]].to_dict(), **_ratio([pair], phi)} for i, pair in enumerate(pairs)]
    for key, group in spans.groupby("festival", sort=False):
        enough = [pairs[i] for i in group.index if _is_enough(pairs[i])]
        rows.append({"festival": key, "festival_zh": group["festival_zh"].iloc[0], "year": ALL_YEARS, **_ratio(enough, phi)})
    table = pd.DataFrame(rows, columns=_COLUMNS)
    return table[(table["weeks"] > 0) | (table["note"] == _NO_CALENDAR)].reset_index(drop=True)


_COLUMNS = ["festival", "festival_zh", "year", "n", "weeks", "of", "value", "low", "high", "note"]
_NO_CALENDAR = "工作日历未到该年，请升级 chinese-calendar"


def _spans(weeks: pd.DataFrame) -> pd.DataFrame:
    """Return one row per festival and year that `weeks` covers: festival, festival_zh, year, span (first and last day, or None)."""
    if weeks.empty:
        return pd.DataFrame(columns=["festival", "festival_zh", "year", "span"])
    first, last = weeks["period"].min().date(), weeks["period"].max().date()
    rows = [{"festival": each.key, "festival_zh": each.name_zh, "year": str(year), "span": span}
            for each in festivals() for year, span in each.spans(range(first.year, last.year + 1)).items()]
    return pd.DataFrame(rows)


def _overlaps(weeks: pd.DataFrame, span: tuple[dt.date, dt.date] | None) -> Any:
    if span is None:
        return np.zeros(len(weeks), dtype=bool)
    start = weeks["period"].dt.tz_localize(None)
    return ((start <= pd.Timestamp(span[1])) & (start + pd.Timedelta(days=6) >= pd.Timestamp(span[0]))).to_numpy()


def _pair(weeks: pd.DataFrame, festive: Any, span: tuple[dt.date, dt.date] | None) -> _Pair | None:
    """Return the counts of a festival and of its neighbours: None without a span; no near weeks if either side has too few."""
    if span is None:
        return None
    own, start = _overlaps(weeks, span), weeks["period"].dt.tz_localize(None)
    reach = pd.Timedelta(days=7 * _NEAR)
    before = ~festive & (start < pd.Timestamp(span[0])) & (start >= pd.Timestamp(span[0]) - reach - pd.Timedelta(days=6))
    after = ~festive & (start > pd.Timestamp(span[1])) & (start <= pd.Timestamp(span[1]) + reach)
    near = (before | after) if min(before.sum(), after.sum()) >= _LEAST else np.zeros(len(weeks), dtype=bool)
    n = weeks["n"].to_numpy(float)
    return _Pair(float(n[own].sum()), int(own.sum()), float(n[near].sum()), int(near.sum()))


def _is_enough(pair: _Pair | None) -> bool:
    return pair is not None and pair.weeks > 0 and pair.near_weeks > 0 and pair.n + pair.near >= MINIMUM and min(pair.n, pair.near) > 0


def _dispersion(weeks: pd.DataFrame, festive: Any) -> float:
    """Return the variance of ordinary weeks around the mean of their two neighbours as a multiple of the Poisson variance, at least 1."""
    n = weeks.loc[~festive, "n"].to_numpy(float)
    if len(n) < 8:
        return 1.0
    off, mean = n[1:-1] - (n[:-2] + n[2:]) / 2, (n[:-2] + n[1:-1] + n[2:]) / 3
    positive = mean > 0
    return max(1.0, float((off[positive] ** 2 / (1.5 * mean[positive])).mean())) if positive.any() else 1.0


def _ratio(pairs: list[Any], phi: float) -> dict[str, object]:
    """Return the figures of one row from one year's pair, or from those of all years; `phi`: see `_dispersion`."""
    if pairs == [None]:
        return {"n": 0, "weeks": 0, "of": np.nan, "value": np.nan, "low": np.nan, "high": np.nan, "note": _NO_CALENDAR}
    row: dict[str, object] = {"n": int(sum(p.n for p in pairs)), "weeks": sum(p.weeks for p in pairs)}
    if not pairs or not all(_is_enough(p) for p in pairs):
        return {**row, "of": np.nan, "value": np.nan, "low": np.nan, "high": np.nan, "note": TOO_FEW}
    n, weeks, near, near_weeks = np.asarray(pairs, dtype=float).T
    all_weeks = weeks + near_weeks
    above, below = (n * near_weeks / all_weeks).sum(), (near * weeks / all_weeks).sum()
    half = norm.ppf(0.975) * np.sqrt(phi * ((n + near) * weeks * near_weeks / all_weeks**2).sum() / (above * below))
    value = above / below
    return {**row, "of": float((near / near_weeks * weeks).sum()), "value": float(value), "low": float(value * np.exp(-half)),
            "high": float(value * np.exp(half)), "note": ""}
