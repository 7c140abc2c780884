"""Section 4: how many complaints, when."""

from __future__ import annotations

from typing import Any

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.sections.columns import wide
from kamen_analysis.report.tables import Column, Table


def tables(m: Measures) -> list[Table]:
    """Return the monthly counts, all sources and by source, and the gaps."""
    return [_total(m), _by_source(m), _gaps(m)]


def _total(m: Measures) -> Table:
    frame = m.volume_total.assign(change=_change(m.volume_total, 1), year=_change(m.volume_total, 12))
    frame = frame[~frame["gap"].astype(bool)]
    columns = (
        Column("period_zh", "月份"), Column("n", "投诉（件）", "count", cases=_month), Column("change", "环比变动（件）", "count"),
        Column("year", "同比变动（件）", "count"), Column("note", "说明"),
    )
    undated = m.volume_total.attrs.get("undated", 0)
    note = f"没有发布时间而未列入本表的投诉 {undated:,} 件。没有任何抓取的月份不列：那是缺口，不是零。"
    return Table("volume", "各月投诉量", frame, columns, note, metrics.caption(metrics.volume), -36)


def _by_source(m: Measures) -> Table:
    frame = wide(m.volume, ["period_zh"], "source", "n").dropna(thresh=2)
    keys = [str(key) for key in frame if key != "period_zh"]
    columns = (Column("period_zh", "月份"), *(Column(key, m.names.get(key, key), "count", cases=_and(key)) for key in keys))
    return Table("volume_source", "各月各来源的投诉量（件）", frame, columns, "“—”是缺口：该来源该期没有任何抓取，不是零。", limit=-24)


def _and(source: str) -> Any:
    return lambda row: {**_month(row), "source": source}


def _gaps(m: Measures) -> Table:
    """Return the spans in which a source was not captured at all, between its first and last post of all sources."""
    gaps = m.named(m.volume[m.volume["gap"].astype(bool)])
    months = gaps["period"].dt.year * 12 + gaps["period"].dt.month
    # Consecutive months keep the same distance to their place in the list: that distance names the run.
    run = (months - gaps.groupby("source_zh").cumcount()).rename("run")
    spans = gaps.groupby(["source_zh", run], sort=True)["period_zh"]
    frame = spans.agg(first="first", last="last", months="size").reset_index()
    columns = (Column("source_zh", "来源"), Column("first", "从"), Column("last", "到"), Column("months", "月数", "count"))
    return Table("gaps", "抓取缺口：各来源没有任何抓取的月份", frame, columns, limit=20)


def _month(row: Any) -> dict[str, Any]:
    return {"month": row["period_zh"]}


def _change(volume: pd.DataFrame, back: int) -> pd.Series:
    # An incomplete period is compared with nothing: the difference would be of coverage, not of complaints.
    whole = volume["n"].astype("Float64").where(volume["complete"].astype(bool))
    return whole - whole.shift(back)
