"""Reason shares of the last month compared with the month before and with the same month a year before."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.refusal import reasons
from kamen_analysis.metrics.shares import TOO_FEW
from kamen_analysis.metrics.trend import volume
from kamen_analysis.stats import benjamini_hochberg, newcombe, two_proportions

BASES = {"month": ("环比", 1), "year": ("同比", 12)}


@metric
def changes(posts: pd.DataFrame, labels: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Compare each reason's share in the last complete month with the month before and with the same month a year before.

    Columns: base, base_zh, month_zh, against_zh, code, name_zh, n, of, share, n_base, of_base, share_base, value (difference, 0.01 = one
    百分点), low, high (Newcombe), verdict, note.

    Counts: 最近一个完整月与对照月里有该理由的投诉
    Out of: 两个月各自计入的投诉
    Leaves out: 不完整的月、缺口月；任一月不足 30 件或任一格 1–4 件的不比较
    Read with care: 差值单位是百分点；“无法区分”指差异未超出偶然（错误发现率 5%）；来源或抓取范围变化也会造成涨落
    """
    months = volume(posts, by=None, scope=scope)
    complete = months[months["complete"] & ~months["gap"]]
    mix = reasons(posts, labels, by="month", scope=scope)
    table = pd.concat([_against(mix, complete, base) for base in BASES], ignore_index=True)
    p = two_proportions(*(table[key].to_numpy(float, na_value=np.nan) for key in ("n", "of", "n_base", "of_base")))
    adjusted = benjamini_hochberg(np.where(table["value"].notna(), p, np.nan))
    verdict = np.where(table["value"].isna(), TOO_FEW, np.where(~(adjusted < 0.05), "无法区分", np.where(table["value"] > 0, "升", "降")))
    return table.assign(verdict=pd.Series(verdict, table.index, dtype="str"), note=table["value"].isna().map({True: TOO_FEW, False: ""}))


def _against(mix: pd.DataFrame, complete: pd.DataFrame, base: str) -> pd.DataFrame:
    """Return the last `complete` month of `mix` beside its base month; no rows if the base month is not complete."""
    name, back = BASES[base]
    last = complete["period"].max()
    before = last - pd.DateOffset(months=back)
    columns = ["code", "name_zh", "month_zh", "n", "of", "share"]
    now = mix.loc[mix["month"] == last, columns]
    then = mix.loc[(mix["month"] == before) & bool((complete["period"] == before).any()), columns]
    table = now.merge(then.drop(columns="name_zh"), on="code", suffixes=("", "_base")).rename(columns={"month_zh_base": "against_zh"})
    value, low, high = newcombe(*(table[key].to_numpy(float, na_value=np.nan) for key in ("n", "of", "n_base", "of_base")))
    enough = table["share"].notna() & table["share_base"].notna()
    table = table.assign(value=value, low=low, high=high)
    table[["value", "low", "high"]] = table[["value", "low", "high"]].where(enough)
    table = table.assign(base=base, base_zh=name)
    result: pd.DataFrame = table[_COLUMNS]
    return result


_COLUMNS = ["base", "base_zh", "month_zh", "against_zh", "code", "name_zh", "n", "of", "share", "n_base", "of_base", "share_base", "value",
            "low", "high"]
