"""Small tables for the pictures of charts: made by hand, so that no change of a metric, but every change of ink is seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

ORIGIN = {"sources": ["示例来源"], "period": "2025-01-01 至 2025-12-31", "is_synthetic": True}


def told(frame: pd.DataFrame, **more: Any) -> pd.DataFrame:
    """Return `frame` with the origin every metric table tells."""
    frame.attrs.update(ORIGIN | more)
    return frame


def reasons() -> pd.DataFrame:
    """Four reasons of a thousand complaints."""
    n = np.array([310, 220, 90, 40])
    share = n / 1000
    half = 1.96 * np.sqrt(share * (1 - share) / 1000)
    return told(pd.DataFrame({"code": list("abcd"), "name_zh": ["拖延", "已激活/已使用", "私下转账", "踢皮球"], "n": n, "of": 1000,
                              "share": share, "low": share - half, "high": share + half}))


def volume() -> pd.DataFrame:
    """Twelve months with a gap, a withheld month and an incomplete end."""
    period = pd.date_range("2025-01-01", periods=12, freq="MS", tz="Asia/Shanghai")
    n = pd.array([40, 55, 52, pd.NA, 61, 80, pd.NA, 66, 70, 58, 95, 30], dtype="Int64")
    return told(pd.DataFrame({"period": period, "period_zh": period.strftime("%Y-%m"), "n": n, "note": "",
                              "complete": [True] * 11 + [False], "gap": [i == 3 for i in range(12)]}))


def calendar() -> pd.DataFrame:
    """A year of days, rising to its end, with a week nobody captured."""
    day = pd.date_range("2025-01-01", "2025-12-31")
    n = (np.arange(len(day)) * 7 % 11 + np.arange(len(day)) // 60).astype(int)
    captured = ~((day >= "2025-05-05") & (day < "2025-05-12"))
    return told(pd.DataFrame({"day": day, "weekday": day.day_of_week, "n": np.where(captured, n, 0), "captured": captured}))


def flow() -> pd.DataFrame:
    """Three reasons, two answers, three ends."""
    rows = [("拖延", "有商家回复", "超时自动关闭", 120), ("拖延", "未见回复", "至今未了结", 90),
            ("已激活/已使用", "有商家回复", "消费者确认解决", 60), ("已激活/已使用", "未见回复", "至今未了结", 70),
            ("私下转账", "有商家回复", "超时自动关闭", 30)]
    return told(pd.DataFrame(rows, columns=["reason", "answer", "end", "n"]), hidden=7)


def contrasts() -> pd.DataFrame:
    """Four platforms against all others, two of them told apart."""
    value, half = np.array([0.21, 0.04, -0.02, -0.25]), 0.08
    verdict = ["高于其余", "无法区分", "无法区分", "低于其余"]
    return told(pd.DataFrame({"measure": "replied", "measure_zh": "商家首次回复", "platform": ["甲盟", "乙盟", "丙盟", "丁盟"],
                              "n": [80, 60, 41, 12], "of": [100, 120, 90, 60], "value": value, "low": value - half, "high": value + half,
                              "p": [0.001, 0.4, 0.7, 0.0001], "verdict": verdict}))


def coverage() -> pd.DataFrame:
    """Two sources, one of them silent for a fortnight."""
    ends = (["2025-01-01", "2025-04-10"], ["2025-12-31", "2025-11-02"])
    first, last = (pd.to_datetime(days).tz_localize("Asia/Shanghai") for days in ends)
    table = pd.DataFrame({"source_zh": ["投诉板", "热线"], "n": [812, 95], "first_date": first, "last_date": last, "gap_days": [0, 14]})
    return told(table, silences=[("热线", pd.Timestamp("2025-07-01"), pd.Timestamp("2025-07-14"))])


def volume_week() -> pd.DataFrame:
    """Sixteen weeks, the last three with an estimate of what is still to be seen."""
    period = pd.date_range("2025-01-06", periods=16, freq="7D", tz="Asia/Shanghai")
    n = np.array([12, 14, 9, 15, 18, 16, 21, 17, 15, 19, 22, 18, 20, 17, 12, 6])
    late = np.where(np.arange(16) > 12, n + np.array([0] * 13 + [1, 5, 11]), np.nan)
    return told(pd.DataFrame({"period": period, "period_zh": period.strftime("%G-W%V"), "n": pd.array(n, dtype="Int64"), "note": "",
                              "complete": [False] + [True] * 14 + [False], "gap": False, "value": late, "low": late - 1, "high": late + 4}))


def shares(frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` (n, of) with shares and their intervals."""
    share = frame["n"] / frame["of"]
    half = 1.96 * np.sqrt(share * (1 - share) / frame["of"])
    return told(frame.assign(share=share, low=share - half, high=share + half))


def chains() -> pd.DataFrame:
    """Who sends whom on, in three pairs of two hundred complaints."""
    pairs = pd.DataFrame([("平台", "商家", 80), ("商家", "平台", 44), ("平台", "警方", 12)], columns=["source_zh", "target_zh", "n"])
    return shares(pairs.assign(of=200))


def tactic_order() -> pd.DataFrame:
    """Two pairs of reasons, the order of one of them plain."""
    pairs = [("已激活/已使用", "拖延", 70, 100), ("踢皮球", "私下转账", 26, 50)]
    return shares(pd.DataFrame(pairs, columns=["name_a", "name_b", "n", "of"]))


def choices() -> pd.DataFrame:
    """One share under three ways of making it, one of them apart."""
    variant = ["本报告的做法", "闸门更严：证据须明显压过其他类型", "重复帖每条都计"]
    table = pd.DataFrame({"variant": variant, "code": "stalling", "name_zh": "拖延", "n": [310, 270, 312], "of": [1000, 900, 1200]})
    return shares(table)


def code_scores() -> pd.DataFrame:
    """Two codes and all of them together."""
    table = pd.DataFrame({"code": ["stalling", "buck_passing", "all"], "name_zh": ["拖延", "踢皮球", "全部（微平均）"],
                          "human": [120, 60, 180], "machine": [125, 55, 180], "both": [114, 50, 164]})
    for key, base in (("precision", "machine"), ("recall", "human")):
        rate = table["both"] / table[base]
        table = table.assign(**{key: rate, f"{key}_low": rate - 0.05, f"{key}_high": (rate + 0.03).clip(upper=1)})
    return told(table)


MADE: dict[str, Callable[[], pd.DataFrame]] = {
    make.__name__: make for make in (reasons, volume, volume_week, calendar, flow, contrasts, coverage, choices, chains, tactic_order,
                           code_scores)}
