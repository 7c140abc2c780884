"""Tables of section 3 from a random sample coded by people: corrected shares, and the machine's precision and recall."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.metrics.accuracy import accuracy
from kamen_analysis.metrics.shares import suppress
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.tables import Column, Table

HEADS = {"month": ("month_zh", "月份", "月"), "platform": ("platform", "平台", "平台")}


def tables(m: Measures) -> list[Table]:
    """Return the tables of corrected shares, of accuracy, and of corrected shares by month and platform, all empty without a coded sample
    of this scope, and the table of bounds, which is empty with one."""
    posts, machine, coded, is_enough, note = m.sample
    scores = accuracy(posts, machine, coded, m.scope)
    by = [_by(metrics.corrected(posts, machine, coded, m.scope, by=by) if is_enough else pd.DataFrame(), by, note) for by in HEADS]
    return [_corrected(m.corrected if is_enough else m.corrected.iloc[:0], note), _accuracy(scores if is_enough else scores.iloc[:0], note),
            *by, _bounds(m, is_enough)]


def _bounds(m: Measures, is_coded: bool) -> Table:
    """Return the bounds of the true shares; empty if there is a coded sample, which tells them better."""
    frame = m.corrected[(m.corrected["raw"] > 0) & m.corrected["bound_low"].notna()].reset_index(drop=True)
    columns = (Column("name_zh", "拒退理由"), Column("raw", "机器比例（未校正）", "share", cases=lambda row: {"code": row["code"]}),
               Column("bound_low", "敏感性上下限（%）", "share", high="bound_high"))
    return Table("bounds", "拒退理由占比：未校正，及机器误差下的敏感性上下限", frame.iloc[:0] if is_coded else frame, columns,
                 "上下限由机器在随编码手册发布、未参与训练的虚构编码帖上逐理由的查准率与查全率推出，不是置信区间。")


def _by(frame: pd.DataFrame, by: str, note: str) -> Table:
    """Return the corrected shares of each month or platform with enough coded posts, without reasons that nobody coded there."""
    key, head, name = HEADS[by]

    def group(row: Any) -> dict[str, Any]:
        return {by: row[key]}

    shown = suppress(frame[(frame["n"] > 0) & frame["share"].notna()].reset_index(drop=True)) if len(frame) else frame
    columns = (Column(key, head), Column("name_zh", "拒退理由"), Column("raw", "机器比例", "share"),
               Column("share", "校正后比例", "share"),
               Column("low", "95% 区间（%）", "share", high="high"),
               Column("n", "人工判有（件）", "count", cases=lambda row: {**_with_code(row), **group(row)}),
               Column("of", "样本（件）", "count", cases=lambda row: {**_sample(row), **group(row)}), Column("note", "说明"))
    return Table(f"corrected_{by}", f"拒退理由占比校正后：各{name}", shown, columns, note)


def _sample(row: Any) -> dict[str, Any]:
    return {"set": "coded"}


def _with_code(row: Any) -> dict[str, Any]:
    # The labels of a coded post are its human ones.
    return {"set": "coded", "code": row["code"]}


def _by_machine(row: Any) -> dict[str, Any]:
    return {"set": f"coded:{row['code']}"}


def _corrected(frame: pd.DataFrame, note: str) -> Table:
    # Infinite: the machine's part of the variance alone makes the interval wider than half its present width.
    out_of_reach = np.isinf(frame["needed"])
    frame = frame.assign(needed=frame["needed"].mask(out_of_reach), note=frame["note"].mask(out_of_reach, "多编码也减不了半"))
    columns = (
        Column("name_zh", "拒退理由"), Column("raw", "机器比例", "share"), Column("share", "校正后比例", "share"),
        Column("low", "95% 区间（%）", "share", high="high"), Column("n", "人工判有（件）", "count", cases=_with_code),
        Column("of", "样本（件）", "count", cases=_sample),
        Column("needed", "区间减半还需编码（件）", "count"), Column("note", "说明"))
    return Table("corrected", "拒退理由占比：机器判定与校正后", frame, columns, note, definition=metrics.caption(metrics.corrected))


def _accuracy(frame: pd.DataFrame, note: str) -> Table:
    heads = {"precision": "查准率", "recall": "查全率", "f1": "F1"}
    rates = [column for key, head in heads.items() for column in (
        Column(key, head, "share"), Column(f"{key}_low", "95% 区间（%）", "share", high=f"{key}_high"))]
    counts = (Column("human", "人工判有（件）", "count", cases=_with_code), Column("machine", "机器判有（件）", "count", cases=_by_machine))
    columns = (Column("name_zh", "拒退理由"), *counts, *rates, Column("note", "说明"))
    return Table("accuracy", "机器编码的查准率与查全率", frame, columns, note, definition=metrics.caption(accuracy))
