"""Calendar heat map: one cell per day, a column per week; days without any capture are hatched, so as not to look like zeros."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from kamen_analysis.charts import style
from kamen_analysis.charts.festivals import marks
from kamen_analysis.charts.numbers import count, percent

WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_MOST_WEEKS, SMALL = 54, 5


def calendar(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw a table of days (day, weekday, n, captured): the more complaints the darker, in blocks of up to 54 weeks."""
    with style.house():
        blocks = _blocks(table)
        own, ax = ax is None, style.canvas(ax, 1.5 + 1.55 * max(len(blocks), 1))
        if table.empty or table["n"].sum() == 0:
            return style.calm(ax, "哪天发的投诉多", table, own)
        top = max(float(SMALL), float(np.nanquantile(table["n"], 0.995)))
        for i, block in enumerate(blocks):
            _block(ax, block, -9.5 * i, top)
        ax.set_xlim(-4.2, _MOST_WEEKS + 0.5)
        ax.set_ylim(-9.5 * len(blocks) + 1.3, 2.4)
        ax.set_axis_off()
        facts = (f"n={count(table['n'].sum())} 件", "每格一天，颜色越深投诉越多（1–4 件同色）", f"最深为 {count(top)} 件及以上",
                 "斜线格：该日没有任何抓取，不是零", "○ 春节 △ 618 ◇ 双11")
        return style.finish(ax, calendar_finding(table), style.foot(table, *facts), table, own)


def _blocks(table: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the table, with the number of each day's week, in pieces of at most 54 weeks."""
    if table.empty:
        return []
    first = table["day"].min() - pd.Timedelta(days=int(table["day"].min().day_of_week))
    week = (table["day"] - first).dt.days // 7
    return [group for _, group in table.assign(week=week).groupby(week // _MOST_WEEKS)]


def _block(ax: Axes, block: pd.DataFrame, below: float, top: float) -> None:
    """Draw one block of weeks, its row of Mondays at y = `below` and the other days under it; `top`: the n drawn darkest."""
    week, colours = block["week"] - block["week"].min(), mpl.colormaps["Blues"]
    festivals = dict(marks(block["day"].min(), block["day"].max()))
    for x, day, weekday, n, seen in zip(week, block["day"], block["day"].dt.day_of_week, block["n"], block["captured"], strict=True):
        y = below - float(weekday)
        shade = colours(_depth(float(n), top)) if seen else "none"
        ax.add_patch(Rectangle((x - 0.45, y - 0.45), 0.9, 0.9, facecolor=shade, edgecolor="none" if seen else style.FAINT,
                               hatch=None if seen else "////", linewidth=0.5))
        if day in festivals:
            dark = seen and float(n) > 0.55 * top
            ax.plot(x, y, {"春节": "o", "618": "^", "双11": "D"}[festivals[day]], markersize=4, markerfacecolor="none",
                    color="white" if dark else style.INK, linewidth=0)
        if day.day == 1:
            ax.text(x - 0.45, below + 0.75, f"{day:%Y-%m}" if day.month in (1, 7) else f"{day.month} 月", fontsize=7.5, color=style.QUIET)
    for i, name in enumerate(WEEKDAYS):
        ax.text(-0.9, below - i, name, fontsize=7.5, ha="right", va="center", color=style.QUIET)


def _depth(n: float, top: float) -> float:
    """Return how dark a day of `n` complaints is drawn (0–1); 1 to 4 look alike, because such counts are withheld."""
    if n < SMALL:
        return 0.03 if n == 0 else 0.14
    return 0.25 + 0.7 * min(1.0, n / top)


def calendar_finding(table: pd.DataFrame) -> str:
    """Return the finding of a table of days: the weekday that stands out most above an even spread over the days captured, or that none
    does. Days without captures are left out: their number is unknown, not zero."""
    if table.empty or table["n"].sum() < 30:
        return "哪天发的投诉多：样本不足"
    seen = table[table["captured"]]
    n, days = (np.bincount(seen["weekday"], weights, minlength=7) for weights in (seen["n"], None))
    total, even = n.sum(), days / days.sum()
    excess = (n - total * even) / np.sqrt(np.maximum(total * even, 1.0))
    # 2.69: two-sided 5% with Bonferroni's correction for seven weekdays, normal approximation of a Poisson count.
    if excess.max() <= 2.69:
        return f"{count(total)} 件投诉在一周各日之间无法区分多少"
    most = int(excess.argmax())
    return f"{WEEKDAYS[most]}发的投诉最为偏多，占 {percent(n[most] / total)}（按有抓取的日子均摊为 {percent(even[most])}）"
