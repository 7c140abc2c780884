"""Cumulative curves over the days after posting: first replies, and endings."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from kamen_analysis.charts import style
from kamen_analysis.charts.numbers import count, percent

_FEWEST = 10  # a curve ends where fewer posts than this are still observed
_UNTIL = 120  # and no later than on this day, after which little happens
_TICKS = (7, 30, 60, 90, 120, 180, 270, 365, 545, 730)


def time_to_reply(table: pd.DataFrame, ax: Axes | None = None, until: int = _UNTIL) -> Axes:
    """Draw `metrics.time_to_reply` (not grouped): the cumulative share replied to with its band, and its bounds if they differ visibly."""
    with style.house():
        own, ax = ax is None, style.canvas(ax, 4.0)
        rows = _drawn(table, until)
        if rows.empty:
            return style.calm(ax, reply_finding(table), table, own, _why(table))
        colour = style.COLOURS[0]
        ax.fill_between(rows["day"], rows["low"], rows["high"], step="post", color=colour, alpha=0.18, linewidth=0)
        ax.step(rows["day"], rows["share"], where="post", color=colour)
        bounded = bool((rows["bound_high"] - rows["bound_low"] > 0.005).any())
        for key in ("bound_low", "bound_high") if bounded else ():
            ax.step(rows["day"], rows[key], where="post", color=style.QUIET, linewidth=1, linestyle=(0, (4, 3)))
        _day_axis(ax, rows, 1.0)
        facts = [f"n={count(rows['of'].iloc[0])}", "阴影为 95% 区间（Kaplan–Meier）",
                 "虚线：只知至迟时间的按最晚、最早计" if bounded else "", str(rows["note"].iloc[0])]
        return style.finish(ax, reply_finding(table), style.foot(table, *facts), table, own)


def _drawn(table: pd.DataFrame, until: int) -> pd.DataFrame:
    return table[table["share"].notna() & (table["at_risk"] >= _FEWEST) & (table["day"] <= until)]


def _why(table: pd.DataFrame) -> str:
    """Return why there is no curve: most times are known only by an upper bound, or there are too few posts."""
    vague = table["note"].astype("str").str.startswith("时间多为至迟").any()
    return "多数时间只知至迟，只能给上下界，不作曲线" if vague else "样本不足，不作图"


def _bounds(table: pd.DataFrame, day: int = 30) -> str:
    """Return the bounds of the share at `day` (or the last day before it) in words; empty if there are none."""
    rows = table[(table["day"] == min(day, int(table["day"].max()))) & table["bound_high"].notna()] if len(table) else table
    return "" if rows.empty else f"在 {percent(rows['bound_low'].iloc[0])} 至 {percent(rows['bound_high'].iloc[0])} 之间（时间不确切）"


def _day_axis(ax: Axes, rows: pd.DataFrame, top: float) -> None:
    last = float(rows["day"].max())
    ticks = [tick for tick in _TICKS if last * 0.055 <= tick <= last]
    at_risk = rows.drop_duplicates("day").set_index("day")["at_risk"]
    ax.set_xticks([0, *ticks], ["0", *(f"{tick}\n{count(at_risk[tick])}" for tick in ticks)])
    ax.set_xlim(0, max(last, 1.0))
    ax.set_ylim(0, top)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.set_xlabel("发布后天数（下行：仍在观察的件数）")
    ax.set_ylabel("累计比例")
    ax.grid(axis="x", visible=False)


def reply_finding(table: pd.DataFrame) -> str:
    """Return the finding of a time-to-reply table: the day by which half had a reply, and the share by day 7."""
    known = table[table["share"].notna()]
    if known.empty:
        span = _bounds(table)
        return f"30 天内得到商家回复的比例{span}" if span else "首次回复用时：样本不足"
    half = known[known["share"] >= 0.5]
    text = f"得到商家回复的投诉不到半数（{percent(known['share'].max())}）"
    if len(half):
        text = f"半数投诉在 {int(half['day'].iloc[0])} 天内得到商家首次回复"
    week = known[known["day"] == 7]
    return text + (f"；7 天内 {percent(week['share'].iloc[0])}" if len(week) else "")


def outcomes(table: pd.DataFrame, ax: Axes | None = None, until: int = _UNTIL) -> Axes:
    """Draw `metrics.outcomes`: cumulative incidence of each way a complaint ends, named at the right end of its curve."""
    with style.house():
        own, ax = ax is None, style.canvas(ax, 4.4)
        rows = _drawn(table, until)
        if rows["n"].sum() == 0:
            return style.calm(ax, outcomes_finding(table), table, own, _why(table))
        kinds = rows.drop_duplicates("kind").set_index("kind")["kind_zh"]
        _day_axis(ax, rows, min(1.0, float(np.nanmax(rows[["share", "high"]])) * 1.05))
        ends = [_curve(ax, rows[rows["kind"] == kind], i) for i, kind in enumerate(kinds.index)]
        names = [f"{name} {percent(end[1])}" for name, end in zip(kinds, ends, strict=True)]
        style.label_ends(ax, ends, names, list(style.COLOURS))
        facts = (f"n={count(rows['of'].max())}", "阴影为 95% 区间（Aalen–Johansen）", f"右侧为第 {int(rows['day'].max())} 天的累计比例",
                 "自动关闭与商家自称都不算解决", str(rows["note"].iloc[0]))
        return style.finish(ax, outcomes_finding(table), style.foot(table, *facts), table, own)


def _curve(ax: Axes, rows: pd.DataFrame, i: int) -> tuple[float, float]:
    """Draw curve number `i` with its band; return its last point."""
    colour = style.COLOURS[i]
    ax.fill_between(rows["day"], rows["low"], rows["high"], step="post", color=colour, alpha=0.13, linewidth=0)
    spacing = (4 * i, max(20, len(rows) // 6))  # offset by curve, so that markers of close curves do not coincide
    ax.plot(rows["day"], rows["share"], drawstyle="steps-post", color=colour, marker=style.MARKERS[i], markevery=spacing)
    return float(rows["day"].iloc[-1]), float(rows["share"].iloc[-1])


def outcomes_finding(table: pd.DataFrame) -> str:
    """Return the finding of an outcomes table at day 30 (or the last day known): the shares confirmed by the consumer and auto-closed."""
    known = table[table["share"].notna() & (table["day"] <= 30)]
    if known.empty:
        rows = table[table["bound_high"].notna() & (table["day"] <= 30)].sort_values("bound_high")
        span = "" if rows.empty else _bounds(table[table["kind"] == rows["kind"].iloc[-1]])
        return f"30 天内{rows['kind_zh'].iloc[-1]}的比例{span}" if span else "投诉如何了结：样本不足"
    last = known[known["day"] == known["day"].max()].set_index("kind")
    text = f"{int(last['day'].iloc[0])} 天内经消费者确认解决的占 {percent(last['share'].get('consumer_confirmed', float('nan')))}"
    return text + f"，超时自动关闭的占 {percent(last['share'].get('auto_closed', float('nan')))}（关闭不等于解决）"
