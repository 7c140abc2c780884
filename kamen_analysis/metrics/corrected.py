"""Reason shares corrected for the categoriser's mistakes, from a random sample that people coded."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamen_analysis.metrics.keys import are_named, rows_of
from kamen_analysis.metrics.names import name_of, reason_names
from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.refusal import code_matrix, reasons
from kamen_analysis.metrics.selection import used
from kamen_analysis.metrics.shares import MINIMUM
from kamen_analysis.stats import corrected_mean

UNCORRECTED = "未校正：没有足够的人工编码样本"


@metric
def corrected(posts: pd.DataFrame, labels: pd.DataFrame, coded: pd.DataFrame | None = None, scope: str = "virtual") -> pd.DataFrame:
    """Return the corrected share of each reason beside the raw one: code, name_zh, n, of, raw, share, low, high, needed, note.

    `coded`: one row a post and code of a simple random sample of used posts that people coded (post_id, code; a post without any
    reason has one row with code missing). `needed`: how many more coded posts would halve the interval.

    Counts: 人工编码样本里有该理由的投诉，连同全部投诉的机器判定（预测增强推断）
    Out of: 全部计入的投诉；n 与 of 为人工样本里的件数
    Leaves out: 样本以外的人工编码；人工样本不足 30 件时不校正，只列原始比例
    Read with care: 样本必须是随机抽取的；区间含抽样误差与机器误差，不含编码员之间的分歧
    """
    raw = reasons(posts, labels, scope=scope).set_index("code")["share"]
    chosen = used(posts, scope)
    sample = chosen[are_named(chosen, coded["post_id"])] if coded is not None else chosen.iloc[:0]
    codes = list(reason_names())
    table = pd.DataFrame({"code": codes}, dtype="str").assign(name_zh=lambda t: name_of(t["code"]), raw=lambda t: t["code"].map(raw))
    if coded is None or len(sample) < MINIMUM:
        return table.assign(n=0, of=len(sample), share=np.nan, low=np.nan, high=np.nan, needed=np.nan, note=UNCORRECTED)[_COLUMNS]
    machine, human = code_matrix(chosen, labels, codes), code_matrix(sample, coded.dropna(subset="code"), codes)
    here = rows_of(chosen, sample["post_id"])
    others = np.delete(machine, here, axis=0)
    found = [corrected_mean(human[:, i], machine[here, i], others[:, i]) for i in range(len(codes))]
    table = table.assign(n=human.sum(axis=0), of=len(sample), share=[f.value for f in found], low=[f.low for f in found],
                         high=[f.high for f in found], needed=[float(np.ceil(f.needed)) for f in found], note="")
    return table.sort_values(["share", "code"], ascending=[False, True], ignore_index=True)[_COLUMNS]


_COLUMNS = ["code", "name_zh", "n", "of", "raw", "share", "low", "high", "needed", "note"]
