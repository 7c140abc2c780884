"""Tables of section 5: the refusal reasons reported by complaints."""

from __future__ import annotations

from typing import Any

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.sections.columns import rate, wide
from kamen_analysis.report.small import withheld
from kamen_analysis.report.tables import Column, Table

TOP = 6


def tables(m: Measures) -> list[Table]:
    """Return the tables of reasons overall, by month, by goods, in pairs, by order, and in complete sequences."""
    return [_reasons(m), _by(m, "month"), _by(m, "product"), _together(m), _order(m), _sequences(m)]


def _reasons(m: Measures) -> Table:
    columns = (Column("name_zh", "拒退理由"), *rate(lambda row: {"code": row["code"]}))
    return Table("reasons", "投诉反映的拒退理由", withheld(m.reasons, adds_up=False), columns, definition=metrics.caption(metrics.reasons))


def _by(m: Measures, by: str) -> Table:
    long = m.reasons_by_month if by == "month" else m.reasons_by_product
    top = m.reasons.loc[m.reasons["n"].fillna(0) > 0, ["code", "name_zh"]].head(TOP)
    head, group = ("月份", "month_zh") if by == "month" else ("商品类别", "product_zh")
    kept = long[long["code"].isin(top["code"])]
    frame = wide(kept, [group, "of"] if by == "month" else ["product", group, "of"], "code")
    key = (lambda row: {"month": row["month_zh"]}) if by == "month" else (lambda row: {"product": row["product"]})
    shares = tuple(Column(code, name, "share", cases=_and(key, code)) for code, name in top.itertuples(index=False) if code in frame)
    title = f"{'各月' if by == 'month' else '各类商品'}的拒退理由占比（最常见的 {len(shares)} 种）"
    note = "基数不足 30 件的不给比例；1–4 件的格子不给数。含区间的全部理由见 tables 文件夹与 Excel。"
    columns = (Column(group, head), Column("of", "投诉（件）", "count", cases=key), *shares)
    return Table(f"reasons_{by}", title, frame, columns, note, limit=36)


def _and(key: Any, code: str) -> Any:
    return lambda row: {**key(row), "code": code}


def _together(m: Measures) -> Table:
    pairs = m.cooccurrence[m.cooccurrence["share"].notna()].sort_values(["lift", "code_a", "code_b"], ascending=[False, True, True])
    columns = (
        Column("name_a", "理由甲"), Column("name_b", "同帖还提到理由乙"),
        *rate(lambda row: {"code": row["code_a"], "code_b": row["code_b"]}, "理由甲（件）",
              base=lambda row: {"code": row["code_a"]}),
        Column("lift", "提升度", "ratio", cases=lambda row: {"code": row["code_a"], "code_b": row["code_b"]}),
    )
    return Table("cooccurrence", "哪些理由常在同一投诉里出现", pairs, tuple(c for c in columns if c.key != "note"), limit=12,
                 definition=metrics.caption(metrics.cooccurrence))


def _order(m: Measures) -> Table:
    pairs = m.tactic_order[m.tactic_order["share"].notna() & (m.tactic_order["share"] > 0.5)]
    verdict = pd.Series("无法区分", pairs.index, dtype="str").mask(pairs["low"] > 0.5, "多先讲甲")
    columns = (Column("name_a", "先讲到理由甲"), Column("name_b", "后讲到理由乙"), *rate(_first, "两者都讲到（件）", base=_both)[:-1],
               Column("verdict", "判断"))
    return Table("tactic_order", "同一投诉里先讲到哪个理由", pairs.assign(verdict=verdict), columns, limit=12,
                 definition=metrics.caption(metrics.tactic_order))


def _first(row: Any) -> dict[str, Any]:
    return {"set": f"order:{row['code_a']}:{row['code_b']}:first"}


def _both(row: Any) -> dict[str, Any]:
    return {"set": f"order:{row['code_a']}:{row['code_b']}:both"}


def _sequences(m: Measures) -> Table:
    columns = (Column("sequence_zh", "依次讲到的理由"), Column("length", "几步"),
               *rate(lambda row: {"set": f"sequence:{row['sequence']}"}, "讲到两个及以上理由（件）", base=_in_order))
    frame = m.sequences.assign(length=m.sequences["length"].map(lambda steps: str(steps) if steps else "—"))
    return Table("sequences", "从头到尾依次讲到哪些理由", frame if frame["of"].iloc[0] else frame.head(0), columns, limit=15,
                 definition=metrics.caption(metrics.sequences))


def _in_order(row: Any) -> dict[str, Any]:
    return {"set": "sequence"}
