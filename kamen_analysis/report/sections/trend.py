"""Tables of section 4: numbers of complaints over time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.charts import numbers
from kamen_analysis.metrics.shares import MINIMUM
from kamen_analysis.report.counted import LATEST
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.sections.columns import wide
from kamen_analysis.report.small import NOTE, withheld
from kamen_analysis.report.tables import Column, Table


def tables(m: Measures) -> list[Table]:
    """Return the tables of monthly counts (all sources, and by source), weekly counts, weekdays, and gaps."""
    return [_total(m), _by_source(m), _weeks(m), _calendar(m), _gaps(m)]


def _total(m: Measures) -> Table:
    frame = m.volume_total.assign(change=_change(m.volume_total, 1), year=_change(m.volume_total, 12))
    frame = frame[~frame["gap"].astype(bool)]
    columns = (
        Column("period_zh", "月份"), Column("n", "投诉（件）", "count", cases=_month), Column("change", "环比变动（件）", "count"),
        Column("year", "同比变动（件）", "count"), Column("note", "说明"),
    )
    undated = m.volume_total.attrs.get("undated", 0)
    note = f"没有发布时间而未列入本表的投诉 {numbers.count(undated)} 件。没有任何抓取的月份不列：那是缺口，不是零。{NOTE}"
    return Table("volume", "各月投诉量", frame, columns, note, metrics.caption(metrics.volume), -36)


def _by_source(m: Measures) -> Table:
    frame = wide(m.volume, ["period_zh"], "source", "n").dropna(thresh=2)
    keys = [str(key) for key in frame if key != "period_zh"]
    columns = (Column("period_zh", "月份"), *(Column(key, m.names.get(key, key), "count", cases=_and(key)) for key in keys))
    return Table("volume_source", "各月各来源的投诉量（件）", frame, columns, f"“—”是缺口（没有任何抓取，不是零）或隐去的小数。{NOTE}",
                 limit=-24)


def _weeks(m: Measures) -> Table:
    frame = m.volume_week[~m.volume_week["gap"].astype(bool)]
    columns = (Column("period_zh", "周"), Column("n", "投诉（件）", "count", cases=lambda row: {"set": f"week:{row['period_zh']}"}),
               Column("value", "补上迟到的估计（件）", "count"), Column("low", "95% 下限", "count"), Column("high", "95% 上限", "count"),
               Column("note", "说明"))
    note = f"周按 ISO 8601（周一至周日，北京时间）。估计栏只列最近 {LATEST} 周：再早的几乎已全部抓到。{NOTE}"
    return Table("volume_week", "各周投诉量", frame, columns, note, metrics.caption(metrics.volume), -26)


def _calendar(m: Measures) -> Table:
    total = int(m.calendar["n"].sum())  # of all days, also those whose number is withheld
    frame = withheld(m.calendar.groupby(["weekday", "weekday_zh"], observed=True)["n"].sum().reset_index().assign(note=""))
    frame = frame.assign(share=frame["n"].astype("Float64") / total if total >= MINIMUM else np.nan)
    columns = (Column("weekday_zh", "星期"), Column("n", "投诉（件）", "count", cases=lambda row: {"set": f"weekday:{row['weekday']}"}),
               Column("share", "占有日期的投诉", "share", cases=lambda row: {"set": f"weekday:{row['weekday']}"}))
    return Table("weekdays", "一周里哪天发的投诉多", frame, columns, "按发布时间（北京时间）。发帖的日子不是事情发生的日子。")


def _and(source: str) -> Any:
    return lambda row: {**_month(row), "source": source}


def _gaps(m: Measures) -> Table:
    """Return the runs of months in which nothing was captured from a source, within the months of the report's posts."""
    gaps = m.named(m.volume[m.volume["gap"].astype(bool)])
    months = gaps["period"].dt.year * 12 + gaps["period"].dt.month
    # Month number minus position in the list is constant within a run of consecutive months.
    run = (months - gaps.groupby("source_zh").cumcount()).rename("run")
    spans = gaps.groupby(["source_zh", run], sort=True)["period_zh"]
    frame = spans.agg(first="first", last="last", months="size").reset_index()
    columns = (Column("source_zh", "来源"), Column("first", "从"), Column("last", "到"), Column("months", "月数", "count"))
    return Table("gaps", "抓取缺口：各来源没有任何抓取的月份", frame, columns, limit=20)


def _month(row: Any) -> dict[str, Any]:
    return {"month": row["period_zh"]}


def _change(volume: pd.DataFrame, back: int) -> pd.Series:
    # Incomplete periods are not compared: the difference would be one of coverage, not of complaints.
    complete = volume["n"].astype("Float64").where(volume["complete"].astype(bool))
    return complete - complete.shift(back)
