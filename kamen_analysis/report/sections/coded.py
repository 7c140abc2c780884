"""Section 3: what people's codes of a random sample say about the machine's: corrected shares, precision and recall."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.metrics.accuracy import accuracy
from kamen_analysis.metrics.shares import MINIMUM, suppress
from kamen_analysis.pipeline import gold
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.tables import Column, Table

HEADS = {"month": ("month_zh", "月份", "月"), "platform": ("platform", "平台", "平台")}


def tables(m: Measures) -> list[Table]:
    """Return raw beside corrected shares and the machine's accuracy; both empty without a settled random sample of this scope."""
    sample = m.manifest.get("coded_sample")
    named = set(sample["posts"]) if sample and sample["scope"] in ("all", m.scope) else set()
    # The manifest knows posts by their ids, not by this report's row numbers; without a sample there is nothing to look at.
    every = m.posts.assign(post_id=m.whole["id"]) if named else m.posts.head(0)
    labels = m.labels.assign(post_id=m.whole["id"].iloc[m.labels["post_id"]].to_numpy()) if named else m.labels.head(0)
    machine = gold.machine(labels, m.manifest) if named else labels[["post_id", "code"]]
    posts = every.loc[every["post_id"].isin(named), ["post_id"]]
    coded = posts.merge(labels[["post_id", "code"]].drop_duplicates(), on="post_id", how="left")
    # Both rest on the same posts: those the metrics count, in this period.
    enough = len(metrics.used(every[every["post_id"].isin(named)], m.scope)) >= MINIMUM
    note = _told(sample) if sample and enough else ""
    shares, right = metrics.corrected(every, machine, coded, m.scope), accuracy(every, machine, coded, m.scope)
    return [_corrected(shares if enough else shares.iloc[:0], note), _accuracy(right if enough else right.iloc[:0], note),
            *(_by(metrics.corrected(every, machine, coded, m.scope, by=by) if enough else pd.DataFrame(), by, note) for by in HEADS),
            _bounds(m, enough)]


def _bounds(m: Measures, is_coded: bool) -> Table:
    """Return where the true shares could lie, as long as no sample says better; empty beside a coded sample."""
    frame = metrics.corrected(m.posts, m.labels, None, m.scope)
    frame = frame[(frame["raw"] > 0) & frame["bound_low"].notna()].reset_index(drop=True)
    columns = (Column("name_zh", "拒退理由"), Column("raw", "机器比例（未校正）", "share"),
               Column("bound_low", "敏感性上下限（%）", "share", high="bound_high"))
    return Table("bounds", "拒退理由占比：未校正，及机器误差下的敏感性上下限", frame.iloc[:0] if is_coded else frame, columns,
                 "上下限由机器在随编码手册发布、未参与训练的虚构编码帖上逐理由的查准率与查全率推出，不是置信区间。")


def _by(frame: pd.DataFrame, by: str, note: str) -> Table:
    """Return the corrected shares of each month or platform that holds enough coded posts; of reasons never coded there nothing is told."""
    key, head, name = HEADS[by]
    shown = suppress(frame[(frame["n"] > 0) & frame["share"].notna()].reset_index(drop=True)) if len(frame) else frame
    columns = (Column(key, head), Column("name_zh", "拒退理由"), Column("raw", "机器比例", "share"), Column("share", "校正后比例", "share"),
               Column("low", "95% 区间（%）", "share", high="high"), Column("n", "人工判有（件）", "count"),
               Column("of", "样本（件）", "count"), Column("note", "说明"))
    return Table(f"corrected_{by}", f"拒退理由占比校正后：各{name}", shown, columns, note)


def _sample(row: Any) -> dict[str, Any]:
    return {"set": "coded"}


def _with_code(row: Any) -> dict[str, Any]:
    # The labels of a coded post are its human ones.
    return {"set": "coded", "code": row["code"]}


def _told(sample: dict[str, object]) -> str:
    how = "编码时看不到机器的建议" if sample["blind"] else "编码时看得到机器的建议，机器的误差可能被低估"
    models = f"；其中 {sample['llm']} 件只由语言模型编码，不是人工" if sample.get("llm") else ""
    stale = f"；{sample['stale']} 件因原文后来有变，未采用" if sample["stale"] else ""
    return f"简单随机样本“{sample['name']}”，抽自截至 {str(sample['data_as_of'])[:10]} 的数据，{how}{models}{stale}。"


def _corrected(frame: pd.DataFrame, note: str) -> Table:
    # Beyond reach: the machine's own spread alone is wider than half the interval.
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
    counts = (Column("human", "人工判有（件）", "count", cases=_with_code), Column("machine", "机器判有（件）", "count"))
    columns = (Column("name_zh", "拒退理由"), *counts, *rates, Column("note", "说明"))
    return Table("accuracy", "机器编码的查准率与查全率", frame, columns, note, definition=metrics.caption(accuracy))
