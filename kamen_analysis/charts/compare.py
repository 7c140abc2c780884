"""Charts of the intervals of platform ranks, and of changes in reason shares."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from kamen_analysis.charts import style
from kamen_analysis.charts.dots import VERDICTS, height, row_limits, withheld
from kamen_analysis.charts.numbers import count, signed_interval, tenth

_MOVES = {"升": VERDICTS["高于其余"], "降": VERDICTS["低于其余"], "无法区分": VERDICTS["无法区分"]}
_MOST = 40


def platform_ranks(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw `metrics.platform_ranks`: the interval of each platform's rank, 1 on the left; rows in the order of the intervals' middles."""
    with style.house():
        rows = table[table["rank_low"].notna()]
        rows = rows.assign(middle=(rows["rank_low"] + rows["rank_high"]) / 2).sort_values(["middle", "platform"]).head(_MOST)
        own, ax = ax is None, style.canvas(ax, height(len(rows)))
        if len(rows) < 2:
            return style.calm(ax, ranks_finding(table), table, own)
        y = np.arange(len(rows))[::-1]
        for at, row in zip(y, rows.to_dict("records"), strict=True):
            colour, marker = VERDICTS[row["verdict"]]
            ax.plot([row["rank_low"], row["rank_high"]], [at, at], color=colour, linewidth=5, alpha=0.4, solid_capstyle="round")
            ax.plot([row["rank_low"], row["rank_high"]], [at, at], linestyle="none", marker=marker, color=colour, markersize=5)
        ax.set_yticks(y, [style.drawable(name) for name in rows["platform"]])
        ax.set_ylim(*row_limits(len(rows)))
        ax.set_xlim(0.3, float(rows["rank_high"].max()) + 0.7)
        ax.xaxis.set_major_locator(MaxNLocator(10, integer=True))
        ax.set_xlabel("可能的名次（95% 区间；1 = 比例最高）")
        ax.grid(axis="y", visible=False)
        facts = ("▲ 高于其余 ▼ 低于其余 ● 无法区分（错误发现率 5%）", "区间重叠的平台不应分先后", "未按平台规模调整")
        return style.finish(ax, ranks_finding(table), style.foot(table, *facts), table, own)


def ranks_finding(table: pd.DataFrame) -> str:
    """Return the finding of a ranks table: the median width of the rank intervals, and how many platforms differ from the rest."""
    rows = table[table["rank_low"].notna()]
    if len(rows) < 2:
        return "平台名次：样本不足"
    compared = table[table["verdict"].isin(list(VERDICTS))]
    width, different = int((rows["rank_high"] - rows["rank_low"] + 1).median()), int(compared["verdict"].ne("无法区分").sum())
    apart = f"{different} 个可与其余分开" if different else "没有一个可与其余分开"
    return f"{len(compared)} 个平台{withheld(len(compared) - len(rows))}的名次多不确定：一半的平台可能占 {width} 个以上的名次，{apart}"


def changes(table: pd.DataFrame, ax: Axes | None = None, base: str = "month") -> Axes:
    """Draw `metrics.changes` from one base ("month", "year"): differences in percentage points with intervals, largest rise on top."""
    with style.house():
        rows = table[(table["base"] == base) & table["value"].notna()].sort_values(["value", "code"], ascending=[False, True])
        own, ax = ax is None, style.canvas(ax, height(len(rows)))
        if rows.empty:
            return style.calm(ax, changes_finding(table, base), table, own)
        y = np.arange(len(rows))[::-1]
        ax.axvline(0, color=style.QUIET, linewidth=1)
        for at, row in zip(y, rows.to_dict("records"), strict=True):
            colour, marker = _MOVES[row["verdict"]]
            ax.plot([row["low"] * 100, row["high"] * 100], [at, at], color=colour, linewidth=2.2, alpha=0.55, solid_capstyle="butt")
            ax.plot(row["value"] * 100, at, marker, color=colour, markersize=7)
        ax.set_yticks(y, rows["name_zh"].tolist())
        ax.set_ylim(*row_limits(len(rows)))
        first = rows.iloc[0]
        ax.set_xlabel(f"{first['month_zh']} 减 {first['against_zh']}（百分点）；横线为 95% 区间")
        ax.grid(axis="y", visible=False)
        facts = (f"n={count(first['of'])} 与 {count(first['of_base'])}", "▲ 升 ▼ 降 ● 无法区分（错误发现率 5%）")
        return style.finish(ax, changes_finding(table, base), style.foot(table, *facts), table, own)


def changes_finding(table: pd.DataFrame, base: str = "month") -> str:
    """Return the finding of a changes table: the largest significant change, or that no change can be told from chance."""
    rows = table[(table["base"] == base) & table["value"].notna()]
    name = "环比" if base == "month" else "同比"
    if rows.empty:
        return f"拒退理由占比{name}：没有可比的两个月"
    moved = rows[rows["verdict"].isin(["升", "降"])]
    if moved.empty:
        return f"{rows.iloc[0]['month_zh']} 各拒退理由占比{name}都无法区分升降"
    most = moved.iloc[int(moved["value"].abs().argmax())]
    span = f"95% 区间 {signed_interval(most['low'], most['high'])}"
    return f"{most['month_zh']} “{most['name_zh']}”{name}{most['verdict']} {tenth(abs(most['value']) * 100)} 个百分点（{span}）"
