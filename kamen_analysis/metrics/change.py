"""What moved: reason shares against the month before and the year before, and weekly counts that stand out."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import t as student

from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.refusal import reasons
from kamen_analysis.metrics.shares import SMALL, TOO_FEW
from kamen_analysis.metrics.trend import volume
from kamen_analysis.stats import benjamini_hochberg, newcombe, two_proportions

BASES = {"month": ("环比", 1), "year": ("同比", 12)}


@metric
def changes(posts: pd.DataFrame, labels: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Return each reason's share in the last complete month against the month before and the same month a year before.

    Columns: base, base_zh, month_zh, against_zh, code, name_zh, n, of, share, n_base, of_base, share_base, value (difference, 0.01 = one
    百分点), low, high (Newcombe), verdict, note.

    Counts: 最近一个完整月与对照月里有该理由的投诉
    Out of: 两个月各自计入的投诉
    Leaves out: 不完整的月、缺口月；任一月不足 30 件或任一格 1–4 件的不比较
    Read with care: 差值单位是百分点；“无法区分”指差异未超出偶然（错误发现率 5%）；来源或抓取范围变化也会造成涨落
    """
    months = volume(posts, by=None, scope=scope)
    whole = months[months["complete"] & ~months["gap"]]
    mix = reasons(posts, labels, by="month", scope=scope)
    parts = [_against(mix, whole, base) for base in BASES]
    table = pd.concat(parts, ignore_index=True)
    p = two_proportions(*(table[key].to_numpy(float, na_value=np.nan) for key in ("n", "of", "n_base", "of_base")))
    adjusted = benjamini_hochberg(np.where(table["value"].notna(), p, np.nan))
    verdict = np.where(table["value"].isna(), TOO_FEW, np.where(~(adjusted < 0.05), "无法区分", np.where(table["value"] > 0, "升", "降")))
    return table.assign(verdict=pd.Series(verdict, table.index, dtype="str"), note=table["value"].isna().map({True: TOO_FEW, False: ""}))


def _against(mix: pd.DataFrame, whole: pd.DataFrame, base: str) -> pd.DataFrame:
    """Return the last complete month of `mix` beside its base month; no rows where either is not among the `whole` months."""
    name, back = BASES[base]
    last = whole["period"].max()
    before = last - pd.DateOffset(months=back)
    columns = ["code", "name_zh", "month_zh", "n", "of", "share"]
    now = mix.loc[mix["month"] == last, columns]
    then = mix.loc[(mix["month"] == before) & bool((whole["period"] == before).any()), columns]
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
_BASELINE, _LAG, _FLOOR_WEEKS = 7, 2, 4


@metric
def alerts(posts: pd.DataFrame, by: str | None = "platform", scope: str = "virtual", rate: float = 0.05) -> pd.DataFrame:
    """Return every complete week of every series (platform, source or all) with its EARS C2 test: week_zh, n, expected, value, p, is_alert.

    Expected is the mean of the seven weeks ending two weeks before (C2 of EARS: Hutwagner L et al., J Urban Health 2003;80:i89), `value`
    the standardised excess with at least Poisson spread, p its upper tail by Student's t on 6 degrees of freedom. A week is an alert when
    its p survives the false-discovery rate over that week's series and the last four weeks hold at least five posts.

    Counts: 该周的投诉件数，与前第 3 至第 9 周的平均相比
    Out of: 不是比例，没有分母
    Leaves out: 不完整的周；基线含缺口的周；最近四周合计不足 5 件的不报警；没有日期的投诉
    Read with care: 报警只说明件数突增，要人去看原因；可能来自抓取范围变化、转发或集体投诉
    """
    counts = volume(posts, "W", by=by, scope=scope)
    key = by or "all"
    table = counts if by else counts.assign(all="全部")
    wide = table.pivot(index="period", columns=key, values="n").astype(float)
    base = wide.shift(_LAG + 1).rolling(_BASELINE, min_periods=_BASELINE)
    mean, spread = base.mean(), np.sqrt(np.maximum(base.var(), np.maximum(base.mean(), 0.25)))
    value = (wide - mean) / (spread * np.sqrt(1 + 1 / _BASELINE))
    p = pd.DataFrame(student.sf(value, _BASELINE - 1), value.index, value.columns)
    sure = pd.DataFrame([benjamini_hochberg(row) for row in p.to_numpy()], p.index, p.columns) < rate
    floor = wide.fillna(0).rolling(_FLOOR_WEEKS, min_periods=1).sum() >= SMALL
    found = {"expected": mean, "value": value, "p": p, "is_alert": sure & floor}
    for name, grid in found.items():
        table = table.merge(grid.melt(ignore_index=False, value_name=name).reset_index(), on=["period", key], how="left")
    table = table[table["complete"] & table["value"].notna()]
    low_base = table["expected"] * _BASELINE < SMALL
    note = pd.Series("", table.index, dtype="str").mask(low_base, "基线很小")
    return table.assign(note=note)[["period", "period_zh", key, "n", "expected", "value", "p", "is_alert", "note"]].reset_index(drop=True)
