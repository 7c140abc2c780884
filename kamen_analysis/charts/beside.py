"""Charts of comparisons: festivals with ordinary weeks, each platform with all others, raw shares with corrected ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from kamen_analysis.charts import style
from kamen_analysis.charts.dots import VERDICTS, Look, height, row_limits
from kamen_analysis.charts.numbers import count, percent, points, ratio, signed

ALL_YEARS, ALL = "历年合计", "全部平台之间"
_MOST = 30  # platforms drawn
_TICKS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)


def holidays(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw `metrics.holidays`: each festival's weeks as a multiple of the ordinary weeks near it, with 95% interval, on a log scale."""
    with style.house():
        rows = table[table["value"].notna()]
        own, ax = ax is None, style.canvas(ax, height(len(rows)))
        if rows.empty:
            return style.calm(ax, holidays_finding(table), table, own)
        _against(ax, rows, [f"{row.festival_zh} {row.year}" for row in rows.itertuples()], _looks(rows, 1.0), 1.0)
        ax.set_xscale("log")
        ticks = [tick for tick in _TICKS if rows["low"].min() * 0.9 <= tick <= rows["high"].max() * 1.1] or [1.0]
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.minorticks_off()
        _label_right(ax, [f"{ratio(row['value'])}  {count(row['n'])} 件" for row in rows.to_dict("records")])
        ax.set_xlabel("节日各周件数是前后平常周的几倍（对数刻度）；横线为 95% 区间；竖线为 1 倍")
        facts = (f"n={count(rows.loc[rows['year'] != ALL_YEARS, 'n'].sum())}", "▲ 多于 ▼ 少于 ● 无法区分")
        return style.finish(ax, holidays_finding(table), style.foot(table, *facts), table, own)


def holidays_finding(table: pd.DataFrame) -> str:
    """Return the finding of a holidays table: over all years, which festivals differ from ordinary weeks, or that none does."""
    rows = table[table["value"].notna() & (table["year"] == ALL_YEARS)]
    if rows.empty:
        return "节日前后的投诉：没有可比的平常周"
    different = rows[(rows["low"] > 1) | (rows["high"] < 1)]
    if different.empty:
        return f"{'、'.join(rows['festival_zh'])}各周的投诉，与前后平常周都无法区分"
    parts = [f"{row.festival_zh} {ratio(row.value)} 倍（95% 区间 {ratio(row.low)}–{ratio(row.high)}）" for row in different.itertuples()]
    return f"节日各周的投诉与前后平常周相比：{'；'.join(parts)}"


def contrasts(table: pd.DataFrame, ax: Axes | None = None, measure: str = "replied") -> Axes:
    """Draw `metrics.contrasts` of one measure: the difference of each platform's 30-day share from that of all others, highest on top."""
    with style.house():
        rows = table[(table["measure"] == measure) & table["value"].notna() & table["p"].notna()]  # untested ones have no verdict
        rows = rows.sort_values(["value", "platform"], ascending=[False, True]).head(_MOST)
        own, ax = ax is None, style.canvas(ax, height(len(rows)))
        if rows.empty:
            return style.calm(ax, contrasts_finding(table, measure), table, own)
        scaled = rows.assign(**{key: rows[key] * 100 for key in ("value", "low", "high")})
        _against(ax, scaled, rows["platform"].tolist(), [VERDICTS[verdict] for verdict in rows["verdict"]], 0.0)
        _label_right(ax, [f"{signed(row['value'])}  {count(row['n'])}/{count(row['of'])}" for row in rows.to_dict("records")])
        ax.set_xlabel(f"30 日内{rows['measure_zh'].iloc[0]}的累计比例，与其余全部平台之差（百分点）；右侧为差与件数/基数")
        facts = (f"n={count(rows['of'].sum())}", "横线为 95% 区间", "▲ 高于其余 ▼ 低于其余 ● 无法区分（Holm，全族 5%）", "未按平台规模调整")
        return style.finish(ax, contrasts_finding(table, measure), style.foot(table, *facts), table, own)


def contrasts_finding(table: pd.DataFrame, measure: str = "replied") -> str:
    """Return the finding of a contrasts table: how many platforms differ from all others, and which of them most."""
    rows = table[(table["measure"] == measure) & (table["platform"] != ALL) & table["p"].notna()]
    if rows.empty:
        return "各平台与其余平台相比：样本不足"
    name, different = rows["measure_zh"].iloc[0], rows[rows["verdict"].isin(["高于其余", "低于其余"])]
    if different.empty:
        return f"{name}：{len(rows)} 个平台都与其余平台无法区分"
    found, known = f"{name}：{len(rows)} 个平台中 {len(different)} 个与其余有别", different[different["value"].notna()]
    if known.empty:  # none of them was watched for thirty days
        return found
    most = known.iloc[int(known["value"].abs().argmax())]
    return f"{found}；差得最多的是{style.drawable(most['platform'])}，{points(most['value'])}"


def corrected(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw `metrics.corrected`: the machine's share with the corrected share and its interval or, without human codes, with its bounds."""
    with style.house():
        is_coded = bool(table["share"].notna().any())
        value, low, high = ("share", "low", "high") if is_coded else ("raw", "bound_low", "bound_high")
        rows = table[table[low].notna() & (table["raw"] > 0)].sort_values(["raw", "code"], ascending=[False, True])
        own, ax = ax is None, style.canvas(ax, height(len(rows)))
        if rows.empty:
            return style.calm(ax, corrected_finding(table), table, own)
        y = np.arange(len(rows))[::-1]
        ax.hlines(y, rows[low].to_numpy(float), rows[high].to_numpy(float), color=style.COLOURS[0], linewidth=2.2, alpha=0.55)
        ax.plot(rows["raw"].to_numpy(float), y, "o", color="none", markeredgecolor=style.COLOURS[1], markersize=7)
        if is_coded:
            ax.plot(rows[value].to_numpy(float), y, "D", color=style.COLOURS[0], markersize=6)
        _rows(ax, rows["name_zh"].tolist())
        ax.set_xlim(0, float(np.nanmax(rows[[high, "raw"]])) * 1.03)
        ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.set_xlabel("占计入投诉的比例：○ 机器判定" + ("；◆ 按人工编码样本校正，横线为 95% 区间" if is_coded else
                      "；横线为机器误差下的敏感性上下限，不是置信区间"))
        where = style.foot(table, f"编码样本 {count(rows['of'].max())} 件" if is_coded else "未校正：没有足够的人工编码样本")
        return style.finish(ax, corrected_finding(table), where, table, own)


def corrected_finding(table: pd.DataFrame) -> str:
    """Return the finding of a corrected table: how many raw shares lie outside the corrected interval, or the leading reason's bounds."""
    coded = table[table["share"].notna()]
    if len(coded):
        off = int(((coded["raw"] < coded["low"]) | (coded["raw"] > coded["high"])).sum())
        return f"{len(coded)} 个理由中，{off} 个的机器比例落在校正后的 95% 区间以外"
    rows = table[table["bound_low"].notna() & (table["raw"] > 0)].sort_values("raw", ascending=False)
    if rows.empty:
        return "拒退理由占比校正：样本不足"
    first = rows.iloc[0]
    return (f"“{first['name_zh']}”未校正占 {percent(first['raw'])}；按机器的误差推算，真实比例可能在 "
            f"{percent(first['bound_low'])} 至 {percent(first['bound_high'])} 之间")


def _looks(rows: pd.DataFrame, at: float) -> list[Look]:
    """Return colour and marker of each row: whether its interval lies above, below or across `at`."""
    keys = np.where(rows["low"] > at, "高于其余", np.where(rows["high"] < at, "低于其余", "无法区分"))
    return [VERDICTS[key] for key in keys]


def _against(ax: Axes, rows: pd.DataFrame, names: Sequence[str], looks: Sequence[Look], at: float) -> None:
    """Draw value, low and high of `rows`, first on top, and a vertical line at `at`."""
    ax.axvline(at, color=style.QUIET, linewidth=1)
    y = np.arange(len(rows))[::-1]
    for place, row, (colour, marker) in zip(y, rows.to_dict("records"), looks, strict=True):
        ax.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=2.2, alpha=0.55, solid_capstyle="butt")
        ax.plot(row["value"], place, marker, color=colour, markersize=7)
    _rows(ax, names)


def _rows(ax: Axes, names: Sequence[str]) -> None:
    ax.set_yticks(np.arange(len(names))[::-1], [style.drawable(name) for name in names])
    ax.set_ylim(*row_limits(len(names)))
    ax.grid(axis="y", visible=False)
    ax.spines["left"].set_visible(False)


def _label_right(ax: Axes, labels: Sequence[str]) -> None:
    """Write a label on the right of each row, first on top."""
    right = ax.secondary_yaxis("right")
    right.set_yticks(np.arange(len(labels))[::-1], list(labels))
    right.spines[:].set_visible(False)
    right.tick_params(labelsize=8.5, labelcolor=style.QUIET)
