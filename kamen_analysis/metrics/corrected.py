"""Reason shares corrected for the categoriser's mistakes, from a random sample that people coded."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict

from kamen_analysis.metrics.keys import are_named, rows_of
from kamen_analysis.metrics.names import name_of, reason_names
from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.refusal import code_matrix
from kamen_analysis.metrics.selection import grouped, used
from kamen_analysis.metrics.shares import MINIMUM, SMALL
from kamen_analysis.stats import corrected_mean

UNCORRECTED = "未校正：没有足够的人工编码样本"
FEW_CODED = "人工样本里不足 5 件，区间仅供参考"


class _Measured(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    posts: int
    f1: float


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    measured: tuple[_Measured, ...]


@functools.cache
def factor() -> float:
    """Return how many times a raw share may be off: with F1 of f and precision (or recall) perfect, the other is f / (2 - f)."""
    text = Path(__file__).with_name("kept_aside.yaml").read_text(encoding="utf-8")
    worst = min(each.f1 for each in _File.model_validate(yaml.safe_load(text)).measured)
    return (2 - worst) / worst


@metric
def corrected(posts: pd.DataFrame, labels: pd.DataFrame, coded: pd.DataFrame | None = None, scope: str = "virtual",
              by: str | None = None) -> pd.DataFrame:
    """Return the corrected share of each reason beside the raw one: code, name_zh, n, of, raw, share, low, high, needed, bound_low,
    bound_high, note; in each group of `by` (month, week, product, platform, source) that holds thirty coded posts.

    `coded`: one row a post and code of a simple random sample of used posts that people coded (post_id, code; a post without any
    reason has one row with code missing). `needed`: how many more coded posts would halve the interval. `bound_low`, `bound_high`: how far
    the raw share could be off if the categoriser were as often wrong as it was at worst on posts kept aside (`kept_aside.yaml`).

    Counts: 人工编码样本里有该理由的投诉，连同全部投诉的机器判定（预测增强推断）
    Out of: 全部计入的投诉；n 与 of 为人工样本里的件数
    Leaves out: 样本以外的人工编码；人工样本不足 30 件时不校正，只列原始比例与敏感性上下限；分组时样本不足的组不列
    Read with care: 样本必须是随机抽取的；区间含抽样误差与机器误差，不含编码员之间的分歧；
        未校正时的上下限不是置信区间，只是机器在预留帖子上最差一次的错误率若再现，比例可能偏到哪里
    """
    chosen, keys = grouped(used(posts, scope), by)
    in_sample = are_named(chosen, coded["post_id"]) if coded is not None else pd.Series(False, index=chosen.index)
    if not keys:
        return _group(chosen, labels, coded, in_sample.to_numpy())[_COLUMNS]
    parts = [pd.DataFrame(columns=[*keys, *_COLUMNS])]
    for _, group in chosen.groupby(keys, observed=True):
        part = in_sample.loc[group.index].to_numpy()
        if part.sum() >= MINIMUM:
            parts.append(_group(group, labels, coded, part).assign(**{key: group[key].iloc[0] for key in keys}))
    return pd.concat(parts[1:] or parts, ignore_index=True)[[*keys, *_COLUMNS]]


def _group(chosen: pd.DataFrame, labels: pd.DataFrame, coded: pd.DataFrame | None, in_sample: np.ndarray) -> pd.DataFrame:
    """Return the table of the posts `chosen`, of which those `in_sample` are coded."""
    codes = list(reason_names())
    machine = code_matrix(chosen, labels, codes)
    raw = machine.mean(axis=0) if len(chosen) >= MINIMUM else np.full(len(codes), np.nan)
    table = pd.DataFrame({"code": codes}, dtype="str").assign(name_zh=lambda t: name_of(t["code"]), raw=raw, bound_low=raw / factor(),
                                                              bound_high=np.minimum(raw * factor(), 1))
    sample = chosen[in_sample]
    if coded is None or len(sample) < MINIMUM:
        table = table.assign(n=0, of=len(sample), share=np.nan, low=np.nan, high=np.nan, needed=np.nan, note=UNCORRECTED)
        return table.sort_values(["raw", "code"], ascending=[False, True], ignore_index=True)
    human = code_matrix(sample, coded.dropna(subset="code"), codes)
    here = rows_of(chosen, sample["post_id"])
    others = np.delete(machine, here, axis=0)
    found = [corrected_mean(human[:, i], machine[here, i], others[:, i]) for i in range(len(codes))]
    n = human.sum(axis=0)
    table = table.assign(n=n, of=len(sample), share=[f.value for f in found], low=[f.low for f in found], high=[f.high for f in found],
                         needed=[float(np.ceil(f.needed)) for f in found], note=np.where(n < SMALL, FEW_CODED, ""))
    return table.sort_values(["share", "code"], ascending=[False, True], ignore_index=True)


_COLUMNS = ["code", "name_zh", "n", "of", "raw", "share", "low", "high", "needed", "bound_low", "bound_high", "note"]
