"""Precision, recall and F1 of the categoriser, against the codes people gave a random sample."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamen_analysis.metrics.keys import are_named
from kamen_analysis.metrics.names import name_of, reason_names
from kamen_analysis.metrics.refusal import code_matrix
from kamen_analysis.metrics.selection import used
from kamen_analysis.stats import wilson

TOO_FEW = "人工编码不足 5 件，只供参考"


def accuracy(posts: pd.DataFrame, machine: pd.DataFrame, coded: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Return one row per reason: code, name_zh, human, machine, both (numbers of posts), precision, recall, f1 (+_low, _high), note.

    `machine`, `coded`: post_id and code (in `coded`, a missing code is a post coded as having no reason). Only posts in `coded` that
    metrics count are used. Intervals are Wilson's; that of F1 comes from the Jaccard share J (posts with both codes ÷ posts with either) by
    F1 = 2J ÷ (1 + J). A bootstrap interval would have no width where a small sample holds no mistake.

    Counts: 人工与机器都判有该理由的投诉
    Out of: 查准率以机器判有的为分母，查全率以人工判有的为分母
    Leaves out: 样本以外的投诉
    Read with care: 样本小时区间很宽；人工编码也会错，编码员之间的一致度另见
    """
    counted = used(posts, scope)
    sample, codes = counted[are_named(counted, coded["post_id"])], list(reason_names())
    predicted, true = code_matrix(sample, machine, codes), code_matrix(sample, coded.dropna(subset="code"), codes)
    both, n_machine, n_human = (predicted & true).sum(axis=0), predicted.sum(axis=0), true.sum(axis=0)
    rates = {"precision": (both, n_machine), "recall": (both, n_human), "f1": (2 * both, n_machine + n_human)}
    table = pd.DataFrame({"code": codes, "human": n_human, "machine": n_machine, "both": both})
    table = table.assign(name_zh=name_of(table["code"]))
    for name, (n, of) in rates.items():
        table[name] = np.divide(n, of, out=np.full(len(codes), np.nan), where=of > 0)
        table[f"{name}_low"], table[f"{name}_high"] = wilson(n, of)
    table["f1_low"], table["f1_high"] = (2 * end / (1 + end) for end in wilson(both, n_machine + n_human - both))
    return table.assign(note=np.where(n_human < 5, TOO_FEW, ""))
