"""Chart of the leading reason's share under several ways of computing it."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from kamen_analysis.charts import style
from kamen_analysis.charts.dots import PLAIN, Look, dots, height
from kamen_analysis.charts.numbers import count, percent

OTHER: Look = (style.COLOURS[1], "s")


def choices(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the leading reason's share under each choice (`notebook.choices`), the one as built first, on one scale."""
    with style.house():
        rows = _leading(table)
        own, ax = ax is None, style.canvas(ax, height(len(rows)))
        if rows.empty:
            return style.calm(ax, choices_finding(table), table, own)
        dots(ax, rows, rows["variant"].tolist(), [PLAIN, *[OTHER] * (len(rows) - 1)])
        ax.axvspan(rows["low"].iloc[0], rows["high"].iloc[0], color=style.PALE, zorder=0)
        ax.set_xlabel(f"“{rows['name_zh'].iloc[0]}”占计入投诉的比例；横线为 95% Wilson 区间；灰带为原做法的区间；右侧为件数/基数")
        return style.finish(ax, choices_finding(table), style.foot(table, f"n={count(rows['of'].iloc[0])}"), table, own)


def choices_finding(table: pd.DataFrame) -> str:
    """Return the finding of a choices table: the range of the leading reason's share, and whether it leads under every choice."""
    rows = _leading(table)
    if rows.empty:
        return "换一种做法，头条数字怎样变：样本不足"
    first = table[table["share"].notna()].sort_values("share", ascending=False).groupby("variant")["code"].first()
    always = "始终居首" if first.eq(rows["code"].iloc[0]).all() else "有的做法下不再居首"
    span = f"{percent(rows['share'].min())} 到 {percent(rows['share'].max())}"
    return f"换 {len(rows) - 1} 种做法，“{rows['name_zh'].iloc[0]}”的占比在 {span} 之间，{always}"


def _leading(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the reason that has the largest share under the first choice."""
    shown = table[table["share"].notna()]
    built = shown[shown["variant"] == table["variant"].iloc[0]] if len(table) else shown
    return shown[shown["code"] == built.sort_values("share")["code"].iloc[-1]] if len(built) else built
