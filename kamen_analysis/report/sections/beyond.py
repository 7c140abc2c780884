"""Further tables of sections 3 and 4: coverage, gaps, alert methods, changes of level, festivals, bursts of one text."""

from __future__ import annotations

from typing import Any

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.charts import numbers
from kamen_analysis.metrics.shares import SMALL
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.sections.columns import limits
from kamen_analysis.report.small import NOTE, withheld
from kamen_analysis.report.tables import Column, Table


def tables(m: Measures) -> list[Table]:
    """Return the tables of coverage, gaps, alert methods, changes of level, festivals and bursts of one text."""
    return [_coverage(m), _silences(m), _alert_methods(m), _levels(m), _holidays(m), _bursts(m)]


def _coverage(m: Measures) -> Table:
    columns = (Column("source_zh", "来源"), Column("n", "计入（件）", "count", cases=_of_source),
               Column("share", "占全部计入", "share", cases=_of_source),
               Column("captured", "抓到的帖子", "count", cases=lambda row: {"every": True, **_of_source(row)}),
               Column("first_date", "最早", "date"), Column("last_date", "最晚", "date"), Column("days", "历时（日）", "count"),
               Column("gap_days", "其中缺口（日）", "count"), Column("note", "说明"))
    return Table("coverage", "各来源的覆盖", m.coverage, columns, NOTE, metrics.caption(metrics.coverage))


def _of_source(row: Any) -> dict[str, Any]:
    return {"source": row["source"]}


def _silences(m: Measures) -> Table:
    columns = (Column("source_zh", "来源"), Column("first_date", "从", "date"), Column("last_date", "到", "date"),
               Column("value", "日数", "count"), Column("of", "按前后应有（件）", "ratio"), Column("note", "说明"))
    return Table("silences", "静默：某来源连续多日没有任何帖子", m.silences, columns, definition=metrics.caption(metrics.gaps))


def _alert_methods(m: Measures) -> Table:
    table = metrics.alert_methods(m.by_platform, scope=m.scope)
    frame = table[table["n"] >= SMALL].sort_values(["value", "period", "platform"], ascending=[False, False, True], ignore_index=True)
    verdicts = {name: frame[name].map({True: "报警", False: "不报"}).astype("object").where(frame[name].notna(), "—")
                for name in ("c1", "c2", "c3", "farrington")}
    columns = (Column("period_zh", "周"), Column("platform", "平台"), Column("n", "投诉（件）", "count", cases=_of_week),
               Column("c1", "EARS C1"), Column("c2", "EARS C2"), Column("c3", "EARS C3"), Column("farrington", "Farrington"),
               Column("value", "报警的方法", "count"), Column("of", "能判断的方法", "count"), Column("note", "说明"))
    note = f"至少一种方法报警的“平台×周”共 {numbers.count(len(table))} 个，不足 {SMALL} 件的不列。"
    return Table("alert_methods", "同一周，四种报警方法各怎么说", frame.assign(**verdicts), columns, note,
                 metrics.caption(metrics.alert_methods), 12)


def _of_week(row: Any) -> dict[str, Any]:
    return {"set": f"week:{row['period_zh']}", "platform": row["platform"]}


def _levels(m: Measures) -> Table:
    frame = withheld(metrics.change_points(m.posts, scope=m.scope), adds_up=False)
    columns = (Column("period_zh", "从这一周起"), Column("before", "此前每周（件）", "ratio"), Column("after", "此后每周（件）", "ratio"),
               Column("value", "倍数", "ratio"), *limits("ratio"),
               Column("n", "此后件数", "count", cases=lambda row: {"set": f"run:{row['period_zh']}:{row['of']}"}),
               Column("of", "此后周数", "count"), Column("note", "说明"))
    return Table("change_points", "每周投诉量的水平何时变了", frame, columns, definition=metrics.caption(metrics.change_points), limit=20)


def _holidays(m: Measures) -> Table:
    frame = m.holidays
    # The row of all years combines the years that have a ratio; `years` names them for the filter of its posts.
    single = frame["year"].astype("str").str.isdigit()
    years = frame[single & frame["value"].notna()].groupby("festival")["year"].agg(":".join)
    frame = frame.assign(years=frame["year"].where(single, frame["festival"].map(years)).fillna(""))
    columns = (Column("festival_zh", "节日"), Column("year", "年份"), Column("n", "节日各周（件）", "count", cases=_of_festival),
               Column("weeks", "周数", "count"), Column("of", "按前后平常周应有", "ratio"), Column("value", "倍数", "ratio"),
               *limits("ratio"), Column("note", "说明"))
    note = "倍数的区间含 1 的，看不出与平常周有别。"
    return Table("holidays", "节日前后的投诉与平常周相比", frame, columns, note, metrics.caption(metrics.holidays))


def _of_festival(row: Any) -> dict[str, Any] | None:
    return {"set": f"festival:{row['festival']}:{row['years']}"} if row["years"] and row["weeks"] else None


def _bursts(m: Measures) -> Table:
    frame = metrics.campaigns(m.whole.assign(post_id=m.whole["id"]), scope=m.scope)
    frame = sources_named(frame, m)
    scope = {} if m.scope == "all" else {"in_scope": True}

    def during(row: Any) -> dict[str, Any]:
        return {**scope, **_span(row)}

    columns = (Column("first_at", "从", "date"), Column("last_at", "到", "date"), Column("span_hours", "小时", "ratio"),
               Column("n", "这一阵（件）", "count", cases=lambda row: {**_group(row), **during(row)}),
               Column("size", "同一文字合计", "count", cases=lambda row: {**_group(row), "post_type": "complaint"}),
               Column("of", "同期投诉", "count", cases=lambda row: {"every": True, "post_type": "complaint", **during(row)}),
               Column("share", "占同期", "share", cases=lambda row: {**_group(row), **during(row)}),
               Column("sources", "来源"), Column("note", "说明"))
    return Table("campaigns", "同一文字短时多发", frame, columns, definition=metrics.caption(metrics.campaigns), limit=15)


def _group(row: Any) -> dict[str, Any]:
    return {"every": True, "dup_group": row["dup_group"]}


def _span(row: Any) -> dict[str, Any]:
    return {"set": f"between:{row['first_at'].value}:{row['last_at'].value}"}


def sources_named(frame: pd.DataFrame, m: Measures) -> pd.DataFrame:
    """Return `frame` with the keys in its column `sources` replaced by names."""
    return frame.assign(sources=["、".join(m.names.get(key, key) for key in str(keys).split("、")) for keys in frame["sources"]])
