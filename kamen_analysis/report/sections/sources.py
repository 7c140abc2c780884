"""Tables of section 3: sources of the posts, what was rejected, and definitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.records import ZONE
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.sections.columns import rate
from kamen_analysis.report.small import NOTE, withheld
from kamen_analysis.report.tables import LABELS, Column, Table

DEFINED: dict[str, Callable[..., Any]] = {
    "计入的投诉": metrics.used, "投诉量": metrics.volume, "拒退理由占比": metrics.reasons, "理由并现": metrics.cooccurrence,
    "讲述先后": metrics.tactic_order, "整条顺序": metrics.sequences,
    "商家回复率": metrics.replies, "首次回复天数": metrics.median_reply, "处理结果": metrics.outcomes,
    "平台对照": metrics.platforms, "涉诉金额": metrics.amounts, "期限对照": metrics.clocks,
}


def tables(m: Measures) -> list[Table]:
    """Return the tables of stages, sources, captures withheld, goods and definitions."""
    return [_funnel(m), _fill(m), _withheld(m), _products(m), _definitions()]


def _funnel(m: Measures) -> Table:
    frame = m.funnel.assign(step=lambda t: t["stage_zh"].where(t["reason"] == "", ""), n_in=lambda t: t["n_in"].where(t["reason"] == ""))
    columns = (Column("step", "环节"), Column("n_in", "进入", "count", cases=_entered), Column("reason_zh", "去向"),
               Column("n", "条数", "count", cases=_sent_on))
    return Table("funnel", "从抓取到计入：每个环节进入 = 通过 + 按原因剔除", frame, columns, "覆盖全部入库数据，不限于本报告期间。",
                 limit=60, definition=metrics.caption(metrics.funnel))


def _fill(m: Measures) -> Table:
    columns = (
        Column("source_zh", "来源"), Column("n", "帖子", "count", cases=_of()),
        Column("used", "去重后的投诉", "count", cases=lambda row: {"every": True, "source": row["source"], "is_used": True}),
        Column("undated", "无发布时间", "count", cases=_of("posted_at")), Column("no_status", "无状态", "count", cases=_of("status")),
        Column("no_amount", "无金额", "count", cases=_of("amount_yuan")), Column("first_date", "最早", "date"),
        Column("last_date", "最晚", "date"), Column("amount_total", "金额合计", "yuan", cases=_of()),
    )
    note = "“去重后的投诉”还包括报告范围以外的商品，所以合计可多于本报告计入的投诉；“金额合计”是全部入库帖子的，含非投诉与重复。"
    return Table("sources", "各来源的帖子与缺失", m.named(m.fill), columns, note, definition=metrics.caption(metrics.fill))


def _of(lacks: str | None = None) -> Any:
    """Return the filter of a source's posts, or of those in which the column `lacks` is empty."""
    return lambda row: {"every": True, "source": row["source"], **({"lacks": lacks} if lacks else {})}


def _entered(row: Any) -> dict[str, Any] | None:
    """Return the filter of the posts that entered a stage; None if the tables do not have them."""
    before: dict[str, dict[str, Any]] = {"gate": {}, "dedupe": {"post_type": "complaint"}, "scope": {"is_used": True}}
    return {"every": True, **before[row["stage"]]} if row["stage"] in before else None


def _sent_on(row: Any) -> dict[str, Any] | None:
    """Return the filter of the posts that a stage rejected or passed; None if the tables do not have them (stages read and clean)."""
    stage, reason = row["stage"], row["reason"]
    if stage == "gate":
        return {"every": True, "post_type": reason or "complaint"}
    if stage == "dedupe":
        return {"every": True, "post_type": "complaint", "dup_kind": reason or "first"}
    if stage == "scope":
        return {"every": True, "is_used": True, "in_scope": not reason}
    return None


def _withheld(m: Measures) -> Table:
    rows = [
        {"source": m.names.get(gap["source"], gap["source"]), "since": _day(gap["since"]), "until": _day(gap["until"]),
         "posts": None if "bytes" in gap else gap["posts"], "reason": gap["reason"]} for gap in m.manifest.get("gaps", [])
    ]
    columns = (Column("source", "来源"), Column("since", "从"), Column("until", "到"), Column("posts", "未发布的帖子", "count"),
               Column("reason", "为什么"))
    frame = pd.DataFrame(rows, columns=["source", "since", "until", "posts", "reason"]).astype({"posts": "Int64"})
    note = "损坏的存档里有多少帖子无从知道，写作“—”。" if frame["posts"].isna().any() else ""
    return Table("withheld", "未发布的抓取与损坏的存档：按缺口处理，不当作零", frame, columns, note, limit=30)


def _day(instant: str | None) -> str:
    return pd.Timestamp(instant).tz_convert(ZONE).strftime("%Y-%m-%d") if instant else "最初"


def _products(m: Measures) -> Table:
    columns = (Column("product_zh", "商品类别"), *rate(lambda row: {"product": row["product"]}))
    return Table("products", "投诉标的属于哪类商品", withheld(m.products), columns, NOTE, metrics.caption(metrics.products))


def _definitions() -> Table:
    rows = [{"name": name, **metrics.caption(function)} for name, function in DEFINED.items()]
    columns = (Column("name", "指标"), *(Column(key, name) for key, name in LABELS))
    return Table("definitions", "指标定义", pd.DataFrame(rows), columns)
