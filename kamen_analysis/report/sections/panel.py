"""Tables of section 12: sensitivity of the headlines to choices."""

from __future__ import annotations

from typing import Any

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.part import told
from kamen_analysis.report.sections.columns import wide
from kamen_analysis.report.small import ABOUT, ROUNDED
from kamen_analysis.report.tables import Column, Table


def tables(m: Measures) -> list[Table]:
    """Return the headlines under choices that need no reading of texts, and under those for which texts are read again."""
    return [_sensitivity(m), _choices(m)]


def _sensitivity(m: Measures) -> Table:
    frame = m.turned.assign(note=m.turned["is_exact"].map({True: "", False: ROUNDED})).astype({"n": "Int64"})
    columns = (
        Column("variant", "做法"), Column("n", "计入（件）", "count", cases=lambda row: row["wanted"]), Column("name", "最常见理由"),
        Column("share", "占比", "share", cases=lambda row: _and(row, {"code": row["code"]})),
        Column("low", "95% 区间（%）", "share", high="high"),
        Column("replied", "回复率", "share", cases=lambda row: _and(row, {"event": "merchant_replied"})),
        Column("replied_low", "95% 区间（%）", "share", high="replied_high"), Column("note", "说明"),
    )
    note = "换一种做法，头条数字变多少：差得多的不宜单独引用。回复率只算来源给出状态的。" + ("" if m.turned["is_exact"].all() else ABOUT)
    return Table("sensitivity", "换一种做法，头条数字怎样变", frame, columns, note)


def _and(row: Any, more: dict[str, Any]) -> dict[str, Any] | None:
    return None if row["wanted"] is None else {**row["wanted"], **more}


def _choices(m: Measures) -> Table:
    title, columns = "闸门更严、重复另判，头条数字怎样变", (Column("variant", "做法"), Column("used", "计入（件）", "count"))
    choices = m.choices
    if choices.empty:
        return Table("choices", title, pd.DataFrame(), columns)
    heads = choices.drop_duplicates("headline").set_index("headline")["headline_zh"].drop("used")
    exact = choices.drop_duplicates("variant").set_index("variant")["is_exact"]
    frame = wide(choices, ["variant"], "headline", "value")
    frame = frame.assign(used=frame["used"].astype("Int64"), note=frame["variant"].map(exact).map({True: "", False: ROUNDED}))
    shares = tuple(Column(str(key), str(name), "share") for key, name in heads.items())
    reading = f"{choices.attrs['reading'].rstrip('。')}。{'' if exact.all() else ABOUT}"
    part_read = told(choices.attrs["posts"], len(m.whole), "最近发布的", "帖子", "条")
    return Table("choices", title, frame, (*columns, *shares, Column("note", "说明")), part_read + reading,
                 metrics.caption(metrics.sensitivity))
