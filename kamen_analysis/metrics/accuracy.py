"""How far the categoriser is right, against the codes people gave a random sample."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamen_analysis.metrics.keys import are_named
from kamen_analysis.metrics.names import name_of, reason_names
from kamen_analysis.metrics.refusal import code_matrix
from kamen_analysis.metrics.selection import used
from kamen_analysis.stats import wilson

DRAWS = 2000
TOO_FEW = "人工编码不足 5 件，只供参考"


def accuracy(posts: pd.DataFrame, machine: pd.DataFrame, coded: pd.DataFrame, scope: str = "virtual", seed: int = 1) -> pd.DataFrame:
    """Return for each reason: code, name_zh, human, machine, both (posts), precision, recall, f1, each with _low and _high, note.

    `machine`, `coded`: post_id and code (missing: coded, without any reason); only counted posts in `coded` are looked at.
    Precision and recall carry Wilson intervals, F1 a percentile bootstrap over posts (multinomial over the four cells).

    Counts: 人工与机器都判有该理由的投诉
    Out of: 查准率以机器判有的为分母，查全率以人工判有的为分母
    Leaves out: 样本以外的投诉
    Read with care: 样本小时区间很宽；人工编码也会错，编码员之间的一致度另见
    """
    counted = used(posts, scope)
    sample, codes = counted[are_named(counted, coded["post_id"])], list(reason_names())
    said, true = code_matrix(sample, machine, codes), code_matrix(sample, coded.dropna(subset="code"), codes)
    both, ours, theirs = (said & true).sum(axis=0), said.sum(axis=0), true.sum(axis=0)
    rates = {"precision": (both, ours), "recall": (both, theirs), "f1": (2 * both, ours + theirs)}
    table = pd.DataFrame({"code": codes, "human": theirs, "machine": ours, "both": both}).assign(name_zh=lambda t: name_of(t["code"]))
    for name, (n, of) in rates.items():
        table[name] = np.divide(n, of, out=np.full(len(codes), np.nan), where=of > 0)
        low_high = wilson(n, of) if name != "f1" else _f1_interval(both, ours, theirs, len(sample), seed)
        table[f"{name}_low"], table[f"{name}_high"] = low_high
    return table.assign(note=np.where(theirs < 5, TOO_FEW, ""))


def _f1_interval(both: np.ndarray, ours: np.ndarray, theirs: np.ndarray, posts: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng, found = np.random.default_rng(seed), []
    for b, m, h in zip(both, ours, theirs, strict=True):
        cells = np.array([b, m - b, h - b, posts - m - h + b]) / max(posts, 1)
        hit, extra, missed, _ = rng.multinomial(posts, cells, DRAWS).T if m + h else np.zeros((4, 1), dtype=np.int64)
        of = 2 * hit + extra + missed
        found.append(np.quantile(2 * hit[of > 0] / of[of > 0], [0.025, 0.975]) if (of > 0).any() else (np.nan, np.nan))
    low, high = np.array(found, dtype=float).T
    return low, high
