"""Reason shares corrected for the categoriser's mistakes, from a random sample that people coded."""

from __future__ import annotations

import functools
import json
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import TypeAdapter

from kamen_analysis.codebook.loader import FOLDER
from kamen_analysis.metrics.keys import are_named, rows_of
from kamen_analysis.metrics.names import name_of, reason_names
from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.refusal import code_matrix
from kamen_analysis.metrics.selection import counted, used
from kamen_analysis.metrics.shares import MINIMUM, SMALL
from kamen_analysis.stats import corrected_mean, wilson

Floats = NDArray[np.float64]
UNCORRECTED = "未校正：没有足够的人工编码样本"
FEW_CODED = "人工样本里不足 5 件，区间仅供参考"


_COUNTS = TypeAdapter(dict[str, tuple[int, int, int]])
_NOT_MEASURED = (0, 0, 0)


class Bounds(NamedTuple):
    """For each reason, the least and greatest plausible true share ÷ raw share; NaN where that was not measured."""

    low: Floats
    high: Floats


@functools.cache
def held_out() -> dict[str, tuple[int, int, int]]:
    """Return for each reason (true positives, machine positives, human positives) of the model on coded posts held out from training.

    The coded posts are those shipped with the codebook, all invented; the counts are measured in training and kept in model.json. Empty
    if they were not measured.
    """
    known = json.loads((FOLDER / "model.json").read_text(encoding="utf-8"))
    return _COUNTS.validate_python(known.get("held_out_by_reason", {}))


def bounds(codes: list[str], counts: dict[str, tuple[int, int, int]]) -> Bounds:
    """Return bounds of true share ÷ raw share for `codes`: precision ÷ recall, each at the worse end of its Wilson interval.

    The true share is the raw share × precision ÷ recall (Gart JJ, Buck AA, Am J Epidemiol 1966;83:593, restated with precision). `counts`
    as returned by `held_out`.
    """
    both, machine, human = np.array([counts.get(code, _NOT_MEASURED) for code in codes], dtype=float).T
    (p_low, p_high), (r_low, r_high) = wilson(both, machine), wilson(both, human)
    with np.errstate(divide="ignore"):
        return Bounds(p_low / r_high, p_high / r_low)


@metric
def corrected(posts: pd.DataFrame, labels: pd.DataFrame, coded: pd.DataFrame | None = None, scope: str = "virtual",
              by: str | None = None) -> pd.DataFrame:
    """Return the corrected share of each reason beside the raw one: code, name_zh, n, of, raw, share, low, high, needed, bound_low,
    bound_high, note; with `by` (month, week, product, platform, source), for each group that holds at least thirty coded posts.

    `coded`: codes people gave to a simple random sample of used posts, one row per post and code (post_id, code; a post without any
    reason has one row with code missing). `needed`: how many more coded posts would halve the interval. `bound_low`, `bound_high`: range
    of the true share if precision and recall are those measured on the coded posts shipped with the codebook (see `bounds`).

    Counts: 人工编码样本里有该理由的投诉，连同全部投诉的机器判定（预测增强推断）；按平台列时，同文投诉两家的，两家各计一件
    Out of: 全部计入的投诉；n 与 of 为人工样本里的件数
    Leaves out: 样本以外的人工编码；人工样本不足 30 件时不校正，只列原始比例与敏感性上下限；分组时样本不足的组不列
    Read with care: 样本必须是随机抽取的；区间含抽样误差与机器误差，不含编码员之间的分歧；
        敏感性上下限不是置信区间：由机器在随编码手册发布、未参与训练的编码帖上逐理由的查准率与查全率（各取 Wilson 95% 区间的两端）
        推出比例可能落到哪里；那些帖子全是虚构文本，真实帖子上的错误可能更多
    """
    chosen, keys = counted(posts, scope, by)
    coded = _for_each_filing(used(posts, scope), chosen, coded) if by == "platform" and coded is not None else coded
    in_sample = are_named(chosen, coded["post_id"]) if coded is not None else pd.Series(False, index=chosen.index)
    if not keys:
        return _group(chosen, labels, coded, in_sample.to_numpy())[_COLUMNS]
    parts = [pd.DataFrame(columns=[*keys, *_COLUMNS])]
    for _, group in chosen.groupby(keys, observed=True):
        part = in_sample.loc[group.index].to_numpy()
        if part.sum() >= MINIMUM:
            parts.append(_group(group, labels, coded, part).assign(**{key: group[key].iloc[0] for key in keys}))
    return pd.concat(parts[1:] or parts, ignore_index=True)[[*keys, *_COLUMNS]]


def _for_each_filing(used_posts: pd.DataFrame, chosen: pd.DataFrame, coded: pd.DataFrame) -> pd.DataFrame:
    """Return `coded` with each text's codes also given to its filings against other platforms, whose words are the same."""
    if "dup_group" not in chosen:
        return coded
    rows = rows_of(used_posts, coded["post_id"])
    known = coded[rows >= 0].assign(dup_group=used_posts["dup_group"].to_numpy()[rows[rows >= 0]])
    return known[["dup_group", "code"]].merge(chosen[["dup_group", "post_id"]], on="dup_group")[["post_id", "code"]]


def _group(chosen: pd.DataFrame, labels: pd.DataFrame, coded: pd.DataFrame | None, in_sample: np.ndarray) -> pd.DataFrame:
    """Return the table for the posts `chosen`; `in_sample` tells which of them people coded."""
    codes = list(reason_names())
    machine = code_matrix(chosen, labels, codes)
    raw = machine.sum(axis=0, dtype=np.int64) / len(chosen) if len(chosen) >= MINIMUM else np.full(len(codes), np.nan)
    limits = bounds(codes, held_out())
    table = pd.DataFrame({"code": codes}, dtype="str").assign(name_zh=lambda t: name_of(t["code"]), raw=raw, bound_low=raw * limits.low,
                                                              bound_high=_upper_bound(raw, limits.high))
    sample = chosen[in_sample]
    if coded is None or len(sample) < MINIMUM:
        table = table.assign(n=0, of=len(sample), share=np.nan, low=np.nan, high=np.nan, needed=np.nan, note=UNCORRECTED)
        return table.sort_values(["raw", "code"], ascending=[False, True], ignore_index=True)
    human = code_matrix(sample, coded.dropna(subset="code"), codes)
    rows = rows_of(chosen, sample["post_id"])
    others = np.delete(machine, rows, axis=0)
    means = [corrected_mean(human[:, i], machine[rows, i], others[:, i]) for i in range(len(codes))]
    n = human.sum(axis=0)
    table = table.assign(n=n, of=len(sample), share=[m.value for m in means], low=[m.low for m in means], high=[m.high for m in means],
                         needed=[float(np.ceil(m.needed)) for m in means], note=np.where(n < SMALL, FEW_CODED, ""))
    return table.sort_values(["share", "code"], ascending=[False, True], ignore_index=True)


def _upper_bound(raw: Floats, factor: Floats) -> Floats:
    """Return raw × factor, at most 1. An infinite factor (recall may be 0) gives 1 even for a raw share of 0: the machine may miss all."""
    with np.errstate(invalid="ignore"):
        return np.where(np.isinf(factor), np.where(np.isnan(raw), raw, 1.0), np.minimum(raw * factor, 1))


_COLUMNS = ["code", "name_zh", "n", "of", "raw", "share", "low", "high", "needed", "bound_low", "bound_high", "note"]
