"""Tables of sections 8 and 9, read from texts: payment, evidence, remedies, channels tried, their order and outcomes."""

from __future__ import annotations

from typing import Any

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.metrics.escalation import NONE, SOLVED
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.part import told
from kamen_analysis.report.sections.columns import rate, wide
from kamen_analysis.report.small import NOTE as NOTE_SMALL
from kamen_analysis.report.small import withheld
from kamen_analysis.report.stated import KINDS_ZH
from kamen_analysis.report.tables import Column, Table

NOTE = "由程序从脱敏后的标题和正文读出，帖中没有写的不等于没有；一帖可有多项。"


def tables(m: Measures) -> list[Table]:
    """Return the tables of payment, evidence and remedies, and of the channels tried, their outcomes and their order."""
    sampled = told(len(m.read), len(m.counted), "固定抽取的")
    shares = [_stated(m, kind, name, NOTE + sampled) for kind, name in KINDS_ZH.items() if kind != "channel"]
    return [*shares, _channels(m, sampled), _outcomes(m, sampled), _order(m, sampled)]


def _stated(m: Measures, kind: str, name: str, note: str) -> Table:
    frame = m.stated[(m.stated["kind"] == kind) & (m.stated["n"] > 0)].reset_index(drop=True)
    return Table(kind, f"投诉人自述的{name}", withheld(frame, adds_up=False), (Column("value_zh", name), *rate(_stating, base=_read)),
                 note + NOTE_SMALL)


def _read(row: Any) -> dict[str, Any]:
    return {"set": "read"}


def _stating(row: Any) -> dict[str, Any]:
    return {"set": f"stated:{row['kind']}:{row['value']}"}


def _channels(m: Measures, sampled: str) -> Table:
    frame = m.channels[(m.channels["n"] != 0) | m.channels["n"].isna()].reset_index(drop=True)
    shares = rate(_tried, base=_read)
    columns = (Column("channel_zh", "走过的渠道"), *shares[:-1], Column("n_solved", "自述解决（件）", "count", cases=_solved),
               Column("solved", "自述解决的占", "share", cases=_solved), Column("solved_low", "95% 区间（%）", "share", high="solved_high"),
               shares[-1])
    return Table("channel", "投诉人自述走过的渠道，及其中自述解决的", frame, columns, NOTE + sampled, metrics.caption(metrics.channels))


def _tried(row: Any) -> dict[str, Any]:
    return {"set": "no_channel" if row["channel"] == NONE else f"stated:channel:{row['channel']}"}


def _solved(row: Any) -> dict[str, Any]:
    return {**_tried(row), "outcome": list(SOLVED)}


def _outcomes(m: Measures, sampled: str) -> Table:
    long = metrics.channel_outcomes(m.read, m.told_channels, scope="all")
    heads = long.drop_duplicates("outcome").set_index("outcome")["outcome_zh"]
    shown = long.groupby("channel")["share"].transform("count") > 0
    frame = wide(long[shown], ["channel", "channel_zh", "of"], "outcome") if shown.any() else pd.DataFrame()
    shares = tuple(Column(str(key), name, "share", cases=_with_outcome(str(key))) for key, name in heads.items() if key in frame)
    note = f"走过该渠道不足 30 件的不列；1–4 件的格子不给数。{sampled}"
    columns = (Column("channel_zh", "走过的渠道"), Column("of", "分母（件）", "count", cases=_tried), *shares)
    return Table("channel_outcomes", "走过各渠道的投诉，自述结果如何", frame, columns, note, metrics.caption(metrics.channel_outcomes))


def _with_outcome(outcome: str) -> Any:
    return lambda row: {**_tried(row), "outcome": outcome}


def _order(m: Measures, sampled: str) -> Table:
    pairs = metrics.channel_order(m.read, m.told_channels, scope="all")
    pairs = pairs[pairs["share"].notna() & (pairs["share"] > 0.5)].reset_index(drop=True)
    verdict = pd.Series("无法区分", pairs.index, dtype="str").mask(pairs["low"] > 0.5, "多先讲甲")
    columns = (Column("channel_a_zh", "先讲到渠道甲"), Column("channel_b_zh", "后讲到渠道乙"),
               *rate(_pair("first"), "两者都讲到（件）", base=_pair("both"))[:-1], Column("verdict", "判断"))
    return Table("channel_order", "先走哪个渠道，后走哪个", pairs.assign(verdict=verdict), columns, sampled,
                 metrics.caption(metrics.channel_order), 15)


def _pair(which: str) -> Any:
    return lambda row: {"set": f"channels:{row['channel_a']}:{row['channel_b']}:{which}"}
