"""Amounts in dispute, and the kinds of goods."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamen_analysis.metrics.cover import covered
from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.selection import counted, used
from kamen_analysis.metrics.shares import HIDDEN, MINIMUM, TOO_FEW, with_shares
from kamen_analysis.records import PRODUCTS
from kamen_analysis.stats import bootstrap_median


@metric
def amounts(posts: pd.DataFrame, scope: str = "virtual", by: str | None = None) -> pd.DataFrame:
    """Return amounts in yuan, overall or for each group of `by`: n (posts that state one), unknown, of, total, median, low, high (bootstrap
    95% of the median), q1, q3, note.

    Counts: 写明涉诉金额的投诉；按平台列时，同文投诉两家的，两家各计一件
    Out of: 同组内全部计入的投诉
    Leaves out: 没有写明金额的（件数列出，不当作零）；写明金额不足 30 件的不给中位数和四分位数；
        分组后 1–4 件的不给数，必要时连带隐去另一格与合计，以免相减得出
    Read with care: 金额是投诉人自填，未经核实；合计受个别大额影响，且不含未写明的，不能当作损失总额
    """
    chosen, keys = counted(posts, scope, by)
    chosen = chosen.assign(**({} if keys else {"all": "全部"}))
    rows = [{**dict(zip(keys, key, strict=False)), **_spread(group["amount_yuan"])}
            for key, group in chosen.groupby(keys or ["all"], observed=True)]
    columns = [*keys, "n", "unknown", "of", "total", "median", "low", "high", "q1", "q3", "note"]
    table = pd.DataFrame(rows or ([] if keys else [_spread(chosen["amount_yuan"])]), columns=columns)
    return _withheld(table) if keys else table


def _withheld(table: pd.DataFrame) -> pd.DataFrame:
    """Return the amounts by group without counts of 1 to 4 and those that would reveal them: n and unknown add up to `of`, and the groups
    to the whole. What is summed over a count that is withheld is withheld as well."""
    counts = ["n", "unknown", "of"]
    hide = covered(table[counts].to_numpy(float))
    shown = {key: table[key].astype("Int64").mask(hide[:, i]) for i, key in enumerate(counts)}
    return table.assign(**shown, total=table["total"].mask(hide[:, 0]), note=table["note"].mask(np.asarray(hide.any(axis=1)), HIDDEN))


def _spread(amount: pd.Series) -> dict[str, object]:
    known = amount.dropna()
    row: dict[str, object] = {"n": len(known), "unknown": len(amount) - len(known), "of": len(amount), "total": float(known.sum())}
    if len(known) < MINIMUM:
        return {**row, "note": TOO_FEW}
    low, high = bootstrap_median(known.to_numpy(float))
    q1, median, q3 = known.quantile([0.25, 0.5, 0.75])
    return {**row, "median": float(median), "low": low, "high": high, "q1": float(q1), "q3": float(q3), "note": ""}


@metric
def products(posts: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Return the share of each kind of goods, most frequent first: product, product_zh, n, of, share, low, high, note.

    Counts: 投诉标的属于该类商品的投诉，一帖一类
    Out of: 全部计入的投诉
    Leaves out: 不足 30 件不给比例
    Read with care: 按帖文判断；没说清买的什么的归入“其他虚拟”或“无”
    """
    chosen = used(posts, scope)
    n = chosen["product"].value_counts()
    table = pd.DataFrame({"product": list(PRODUCTS), "product_zh": list(PRODUCTS.values())}, dtype="str")
    table = with_shares(table.assign(n=table["product"].map(n).fillna(0).astype(int), of=len(chosen)))
    kept = table[table["n"] > 0].sort_values(["n", "product"], ascending=[False, True], ignore_index=True)
    return kept[["product", "product_zh", "n", "of", "share", "low", "high", "note"]]
