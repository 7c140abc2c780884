"""How far the categoriser is right, against the codes people gave a random sample."""

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
    """Return for each reason: code, name_zh, human, machine, both (posts), precision, recall, f1, each with _low and _high, note.

    `machine`, `coded`: post_id and code (missing: coded, without any reason); only counted posts in `coded` are looked at.
    Intervals are Wilson's. F1 = 2J ÷ (1 + J), J being the share of both among the posts either has coded, so J's ends give F1's;
    a bootstrap would call a small sample without a mistake certain.

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
        table[f"{name}_low"], table[f"{name}_high"] = wilson(n, of)
    table["f1_low"], table["f1_high"] = (2 * end / (1 + end) for end in wilson(both, ours + theirs - both))
    return table.assign(note=np.where(theirs < 5, TOO_FEW, ""))
