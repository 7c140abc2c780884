"""The charts as pictures: each beside the picture a person looked at, within a tolerance; only the package's own fonts are used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.testing.compare import compare_images

from kamen_analysis import charts
from kamen_analysis.charts import style

BASELINES, DPI, TOLERANCE = Path(__file__).with_name("baseline"), 50, 8.0
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


MAKERS: tuple[Callable[[], pd.DataFrame], ...] = (reasons, volume, calendar, flow, contrasts, coverage)


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_a_chart_looks_as_it_did(make: Callable[[], pd.DataFrame], tmp_path: Path) -> None:
    """The picture differs from the baseline by no more than the tolerance (RMS of 0–255): fonts, marks, hatches and names in place.

    A chart changed on purpose: look at the new picture, then put it in the place of the old one in tests/charts/baseline.
    """
    made = getattr(charts, make.__name__)(make())
    figure = made if isinstance(made, Figure) else made.get_figure(root=True)
    path = tmp_path / f"{make.__name__}.png"
    with style.house():
        figure.savefig(path, dpi=DPI)
    assert compare_images(str(BASELINES / path.name), str(path), tol=TOLERANCE) is None


def test_another_picture_is_told_apart(tmp_path: Path) -> None:
    """The tolerance is no blank cheque: one bar doubled is seen."""
    table = volume()
    table.loc[5, "n"] = 160
    with style.house():
        charts.volume(table).get_figure(root=True).savefig(tmp_path / "volume.png", dpi=DPI)
    assert compare_images(str(BASELINES / "volume.png"), str(tmp_path / "volume.png"), tol=TOLERANCE) is not None
