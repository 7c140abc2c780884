"""Table of section 8: amounts in dispute."""

from __future__ import annotations

from typing import Any

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.small import NOTE
from kamen_analysis.report.tables import Column, Table


def tables(m: Measures) -> list[Table]:
    """Return the table of amounts, overall and by kind of goods."""
    frame = pd.concat([m.amounts.assign(product_zh="全部"), m.amounts_by_product], ignore_index=True)
    columns = (
        Column("product_zh", "商品类别"), Column("n", "写明金额（件）", "count", cases=_known),
        Column("unknown", "未写明（件）", "count", cases=_unknown), Column("total", "合计", "yuan", cases=_known),
        Column("median", "中位数", "yuan", cases=_known), Column("low", "中位数 95% 下限", "yuan"),
        Column("high", "中位数 95% 上限", "yuan"),
        Column("q1", "下四分位", "yuan"), Column("q3", "上四分位", "yuan"), Column("note", "说明"),
    )
    return [Table("amounts", "涉诉金额", frame, columns, NOTE, metrics.caption(metrics.amounts))]


def _known(row: Any) -> dict[str, Any]:
    return {"has": "amount_yuan", **_goods(row)}


def _unknown(row: Any) -> dict[str, Any]:
    return {"lacks": "amount_yuan", **_goods(row)}


def _goods(row: Any) -> dict[str, Any]:
    return {} if pd.isna(row["product"]) else {"product": row["product"]}
