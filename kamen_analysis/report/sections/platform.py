"""Section 6: platforms beside one another."""

from __future__ import annotations

from typing import Any

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.tables import Column, Table


def tables(m: Measures) -> list[Table]:
    """Return the replies and the refusals of each platform."""
    return [_replies(m), _conduct(m)]


def _of(row: Any) -> dict[str, Any]:
    return {"platform": row["platform"]}


def _rank(row: Any) -> str:
    if pd.isna(row.rank_low):
        return "—"
    return f"{row.rank_low:.0f}" if row.rank_low == row.rank_high else f"{row.rank_low:.0f}–{row.rank_high:.0f}"


def _replies(m: Measures) -> Table:
    frame = m.platforms.assign(rank=[_rank(row) for row in m.platforms.itertuples()])
    columns = (
        Column("platform", "平台"), Column("n", "投诉（件）", "count", cases=_of), Column("replied", "回复率", "share", cases=_replied),
        Column("replied_low", "95% 区间（%）", "share", high="replied_high"), Column("median_reply_days", "首次回复中位", "days"),
        Column("rank", "回复率名次区间"), Column("verdict", "与其余平台比"), Column("note", "说明"),
    )
    note = "投诉少于 30 件的平台不给比例，也不排名。名次区间重叠的平台不分先后。"
    return Table("platforms", "各平台的投诉量与回复", frame, columns, note, metrics.caption(metrics.platforms), 30)


def _replied(row: Any) -> dict[str, Any]:
    return {**_of(row), "event": "merchant_replied"}


def _conduct(m: Measures) -> Table:
    frame = m.platforms[m.platforms["replied"].notna() | m.platforms["transfer"].notna() | m.platforms["top_reason_share"].notna()]
    columns = (
        Column("platform", "平台"), Column("resolved_30", "30 日内消费者确认解决", "share"),
        Column("resolved_30_low", "95% 区间（%）", "share", high="resolved_30_high"),
        Column("transfer", "引导私下转账", "share", cases=lambda row: {**_of(row), "code": "private_transfer"}),
        Column("transfer_low", "95% 区间（%）", "share", high="transfer_high"), Column("top_reason_zh", "最常见理由"),
        Column("top_reason_share", "该理由占比", "share", cases=lambda row: {**_of(row), "code": row["top_reason"]}),
    )
    note = "解决或转账为 1–4 件的不给比例（写作“—”）。"
    return Table("platforms_conduct", "各平台的处理结果与拒退理由（投诉 30 件及以上）", frame, columns, note, limit=30)
