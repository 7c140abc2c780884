"""Charts of the order in which complaints tell reasons: pairs, and complete sequences."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from kamen_analysis.charts import style
from kamen_analysis.charts.dots import VERDICTS, dots, height
from kamen_analysis.charts.numbers import count, measured, percent

_MOST = 16


def tactic_order(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw `metrics.tactic_order`: for each pair, the share of complaints telling both reasons that tell the first one first."""
    with style.house():
        rows = _pairs(table).head(_MOST)
        own, ax = ax is None, style.canvas(ax, height(len(rows)))
        if rows.empty:
            return style.calm(ax, order_finding(table), table, own)
        looks = [VERDICTS["高于其余" if low > 0.5 else "无法区分"] for low in rows["low"]]
        dots(ax, rows, [f"{a} → {b}" for a, b in zip(rows["name_a"], rows["name_b"], strict=True)], looks)
        ax.axvline(0.5, color=style.QUIET, linewidth=1)
        ax.set_xlim(0, 1)
        ax.set_xlabel("两者都讲到的投诉里先讲到前者的比例；横线为 95% Wilson 区间；右侧为件数/基数")
        where = style.foot(table, f"n={count(rows['of'].sum())} 对", "▲ 先后分明 ● 无法区分", "讲述的先后不等于发生的先后")
        return style.finish(ax, order_finding(table), where, table, own)


def _pairs(table: pd.DataFrame) -> pd.DataFrame:
    """Return each pair in its more frequent order, clearest first (by the lower limit of the share)."""
    rows = table[table["share"].notna() & (table["share"] > 0.5)]
    return rows.sort_values(["low", "of"], ascending=False)


def order_finding(table: pd.DataFrame) -> str:
    """Return the finding of an order table: the pair with the clearest order, or that no pair has one."""
    rows = _pairs(table)
    if rows.empty or rows["low"].iloc[0] <= 0.5:
        return "同一投诉里先讲到哪个理由：没有哪一对先后分明" if len(rows) else "同一投诉里先讲到哪个理由：样本不足"
    first = rows.iloc[0]
    return f"同一投诉里多先讲“{first['name_a']}”、后讲“{first['name_b']}”，占 {measured(first)}"


def sequences(table: pd.DataFrame, ax: Axes | None = None, top: int = 14) -> Axes:
    """Draw `metrics.sequences`: the `top` complete sequences of reasons by the share of complaints that tell exactly these."""
    with style.house():
        rows = _sequences(table)
        shown, rest = rows.head(top), table.loc[table["length"] == 0, "share"].dropna()
        own, ax = ax is None, style.canvas(ax, height(len(shown)))
        if rows.empty:
            return style.calm(ax, sequences_finding(table), table, own)
        dots(ax, shown, [str(name).replace("→", " → ") for name in shown["sequence_zh"]])
        ax.set_xlabel("占讲到两个及以上理由的投诉的比例；横线为 95% Wilson 区间；右侧为件数/基数")
        not_shown = f"另有 {len(rows) - top} 种满 5 件的顺序未画" if len(rows) > top else ""
        others = [f"不足 5 件的各种顺序合计 {percent(share)}" for share in rest]
        where = style.foot(table, f"n={count(rows['of'].iloc[0])}", not_shown, *others, "讲述的先后不等于发生的先后")
        return style.finish(ax, sequences_finding(table), where, table, own)


def _sequences(table: pd.DataFrame) -> pd.DataFrame:
    return table[(table["length"] > 0) & table["share"].notna()]


def sequences_finding(table: pd.DataFrame) -> str:
    """Return the finding of a table of sequences: the most frequent, whether the second differs from it, and the most frequent of three or
    more reasons."""
    rows = _sequences(table)
    if rows.empty:
        return "从头到尾依次讲到哪些理由：样本不足"
    first, longer = rows.iloc[0], rows[rows["length"] > 2].head(1)
    alike = len(rows) > 1 and rows["high"].iloc[1] > first["low"]
    most = f"最常见的讲法是“{first['sequence_zh']}”，占 {measured(first)}{'，与第二位无法区分' if alike else ''}"
    more = [f"三步以上最多的是“{row['sequence_zh']}”，占 {measured(row)}" for _, row in longer.iterrows()]
    return "；".join([most, *more])
