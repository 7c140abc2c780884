"""Alerts on unusually high weekly counts, by the methods of disease surveillance: EARS C1, C2, C3 and Farrington's regression."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict

from kamen_analysis.errors import KamenError
from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.shares import SMALL
from kamen_analysis.metrics.trend import tallied
from kamen_analysis.stats import benjamini_hochberg, ears, farrington

METHODS = ("C1", "C2", "C3", "Farrington")
_FLOOR_WEEKS, _BASELINE = 4, 7
BACKTEST = Path(__file__).with_name("backtest.yaml")


class Backtest(BaseModel):
    """How a method did on surges planted in synthetic worlds: number of worlds, share of surges found, days from the start of a surge to
    the end of the week of its alert (median, longest), and false alarms per year over all platforms."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: int
    found: float
    delay_days: float
    delay_longest: float
    false_per_year: float


class _Backtests(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    posts: int
    methods: dict[str, Backtest]


@functools.cache
def _backtests() -> _Backtests:
    return _Backtests.model_validate(yaml.safe_load(BACKTEST.read_text(encoding="utf-8")))


def backtest() -> pd.DataFrame:
    """Return how each method did on planted surges when last measured (backtest.yaml): method, n, found, delay_days, delay_longest,
    false_per_year, posts (in each world). Method "auto" is the default of `alerts`."""
    known = _backtests()
    return pd.DataFrame([{"method": method, **each.model_dump(), "posts": known.posts} for method, each in known.methods.items()])


def backtest_zh(method: str = "auto") -> str:
    """Return one Chinese sentence on how reliably and how soon `method` finds a planted surge, and how often it raises a false alarm."""
    result = _backtests().methods[method]
    return (f"回测：在 {result.n} 个植入突增的合成世界里发现 {result.found:.0%}，从突增开始到报警中位 {result.delay_days:.0f} 日、"
            f"最长 {result.delay_longest:.0f} 日，全部平台合计每年误报 {result.false_per_year:.1f} 次")


@metric
def alerts(posts: pd.DataFrame, by: str | None = "platform", scope: str = "virtual", rate: float = 0.05,
           method: str = "auto") -> pd.DataFrame:
    """Test every complete week of every series (platform, source or all): period, period_zh, series, n, expected, value, p, is_alert,
    note, method.

    `method`: C1, C2, C3 (EARS: Hutwagner L et al., J Urban Health 2003;80:i89), Farrington (1996, weights of Noufaily 2013), or "auto":
    Farrington's for weeks with two years of history or more, else C2. `expected` is the method's baseline mean; `value` the standardised
    excess (C1–C3), or the excess in units of the distance to the 95% bound (Farrington); see `stats.surveil`. A week is an alert when its
    p, adjusted for the false-discovery rate over all series of that week, is under `rate` and its last four weeks hold five posts or more.

    Counts: 该周的投诉件数，与基线相比：EARS C2 用前第 3 至第 9 周的平均，有两年以上历史的用往年同期前后三周的回归（Farrington）；
        按平台列时，同文投诉两家的，两家各计一件
    Out of: 不是比例，没有分母
    Leaves out: 不完整的周；基线含缺口的周；最近四周合计不足 5 件的不报警；没有日期的投诉
    Read with care: 报警只说明件数突增，要人去看原因；可能来自抓取范围变化、转发或集体投诉
    """
    if method not in ("auto", *METHODS):
        raise KamenError(f"报警方法只能是 auto、{'、'.join(METHODS)}，不是 {method!r}")
    table, wide, key = _weeks(posts, by, scope)
    for name, grid in _tested(wide, method, rate).items():
        table = table.merge(grid.melt(ignore_index=False, value_name=name).reset_index(), on=["period", key], how="left")
    table = table[table["complete"] & table["value"].notna()]
    note = pd.Series("", table.index, dtype="str").mask(table["expected"] * _BASELINE < SMALL, "基线很小")
    table = table.assign(note=note, is_alert=table["is_alert"].astype(bool), method=table["method"].astype("str"))
    return table[["period", "period_zh", key, "n", "expected", "value", "p", "is_alert", "note", "method"]].reset_index(drop=True)


def _weeks(posts: pd.DataFrame, by: str | None, scope: str) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Return the weekly counts as a long table, the same counts as weeks × series, and the name of the column that holds the series."""
    counts, key = tallied(posts, "W", by=by, scope=scope), by or "all"
    table = counts if by else counts.assign(all="全部")
    return table, table.pivot(index="period", columns=key, values="n").astype(float), key


def _tested(wide: pd.DataFrame, method: str, rate: float) -> dict[str, pd.DataFrame]:
    """Return expected, value, p, is_alert and method, each as a table of weeks × series."""
    counts = wide.to_numpy()
    # Weeks before a platform's first post are unknown to Farrington's method: the platform may not have existed, so they are not zeros.
    known = np.where(np.nancumsum(counts, axis=0) > 0, counts, np.nan)
    result = list(farrington(known) if method in ("auto", "Farrington") else ears(counts, method))
    methods = np.full(counts.shape, "Farrington" if method == "auto" else method, dtype=object)
    if method == "auto":
        short = np.isnan(result[2])
        result = [np.where(short, a, b) for a, b in zip(ears(counts, "C2"), result, strict=True)]
        methods[short] = "C2"
    significant = np.array([benjamini_hochberg(row) for row in result[2]]).reshape(counts.shape) < rate
    floor = wide.fillna(0).rolling(_FLOOR_WEEKS, min_periods=1).sum().to_numpy() >= SMALL
    grids = {**dict(zip(("expected", "value", "p"), result, strict=True)), "is_alert": significant & floor, "method": methods}
    return {name: pd.DataFrame(grid, wide.index, wide.columns) for name, grid in grids.items()}


@metric
def alert_methods(posts: pd.DataFrame, by: str | None = "platform", scope: str = "virtual") -> pd.DataFrame:
    """Return every week that at least one of the four methods calls an alert: period, period_zh, series, n, c1, c2, c3, farrington,
    value, of, note.

    A method's verdict is missing where its history is too short; `value` counts the methods that raise an alert, `of` those with a verdict.

    Counts: 至少一种方法报警的周，及四种方法（EARS C1、C2、C3，Farrington）各自的判断
    Out of: 该周历史足够、能够判断的方法数
    Leaves out: 不完整的周；没有任何方法报警的周；最近四周合计不足 5 件的
    Read with care: C1 反应快但易被起步期拖高基线，C3 对缓慢上升敏感、误报也多；几种方法一致的更可信
    """
    table, wide, key = _weeks(posts, by, scope)
    columns = [method.lower() for method in METHODS]
    for method, name in zip(METHODS, columns, strict=True):
        result = _tested(wide, method, 0.05)
        grid = result["is_alert"].astype("boolean").mask(result["p"].isna())
        table = table.merge(grid.melt(ignore_index=False, value_name=name).reset_index(), on=["period", key], how="left")
    verdicts = table[columns].astype("boolean")
    table = table.assign(**verdicts, value=verdicts.fillna(False).sum(axis=1).astype(int), of=verdicts.notna().sum(axis=1).astype(int))
    table = table[table["complete"] & (table["value"] > 0)]
    note = pd.Series("", table.index, dtype="str").mask(table["farrington"].isna(), "历史不足两年，没有 Farrington")
    return table.assign(note=note)[["period", "period_zh", key, "n", *columns, "value", "of", "note"]].reset_index(drop=True)
