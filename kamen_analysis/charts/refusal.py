"""Charts of refusal reasons: shares, shares by month, and co-occurrence."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from kamen_analysis.charts import style
from kamen_analysis.charts.dots import dots, height
from kamen_analysis.charts.numbers import count, interval_percent, measured, percent, points, tenth, whole


def reasons(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw `metrics.reasons` (not grouped) as an interval dot plot, the most frequent on top."""
    with style.house():
        rows = table[table["share"].notna()].sort_values(["share", "code"], ascending=[False, True])
        own, ax = ax is None, style.canvas(ax, height(len(rows)))
        if rows.empty:
            return style.calm(ax, "投诉反映的拒退理由", table, own)
        dots(ax, rows, rows["name_zh"].tolist())
        ax.set_xlabel("占计入投诉的比例；横线为 95% Wilson 区间；右侧为件数/基数")
        return style.finish(ax, reasons_finding(table), style.foot(table, f"n={count(rows['of'].iloc[0])}", "一帖可有多个理由"), table, own)


def reasons_finding(table: pd.DataFrame) -> str:
    """Return the finding of a reasons table: the most frequent reason, and the second if it does not differ from it significantly."""
    rows = table[table["share"].notna()].sort_values("share", ascending=False)
    if rows.empty or rows["n"].fillna(0).max() == 0:
        return "投诉反映的拒退理由：样本不足"
    first = rows.iloc[0]
    text = f"投诉反映的拒退理由以“{first.name_zh}”最多，占 {measured(first)}"
    if len(rows) > 1 and rows.iloc[1].high > first.low:
        text += f"；与“{rows.iloc[1].name_zh}”无法区分"
    return text


def reasons_by_month(table: pd.DataFrame, ax: Axes | None = None, top: int = 6) -> Figure:
    """Draw `metrics.reasons(by="month")` as small multiples on one scale, for the `top` reasons by posts; withheld months are gaps."""
    with style.house():
        order = table.groupby("code")["n"].sum().sort_values(ascending=False).index[:top]
        months = table[["month", "month_zh"]].drop_duplicates().sort_values("month")
        figure, cells = _panels(ax, max(1, len(order)))
        if table["share"].notna().sum() == 0:
            style.calm(cells[0], "各拒退理由的月度比例", table, ax is None)
            return figure
        limit = float(table["high"].max()) * 1.05
        for i, code in enumerate(order):
            _panel(cells[i], table[table["code"] == code].set_index("month_zh").reindex(months["month_zh"]), limit, i)
        where = style.foot(table, "占当月计入投诉的比例，阴影为 95% Wilson 区间", "断开处为样本不足或件数少于 5")
        style.finish(cells[0], months_finding(table), where, table, own=True)
        for cell in cells[1:]:
            style.watermark(cell, table)
        return figure


def _panels(ax: Axes | None, number: int) -> tuple[Figure, list[Axes]]:
    """Return the figure and `number` axes in rows of three, in the place of `ax` if it is given."""
    columns = min(3, number)
    lines = -(-number // columns)
    place = style.canvas(ax, 1.2 + 1.75 * lines)
    figure, spec = place.get_figure(root=True), place.get_subplotspec()
    assert isinstance(figure, Figure)
    assert spec is not None
    place.remove()
    grid = spec.subgridspec(lines, columns)
    return figure, [figure.add_subplot(grid[i // columns, i % columns]) for i in range(number)]


def _panel(ax: Axes, rows: pd.DataFrame, limit: float, i: int) -> None:
    x, colour = np.arange(len(rows)), style.COLOURS[0]
    share, low, high = (rows[key].to_numpy(float) for key in ("share", "low", "high"))
    ax.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    ax.plot(x, share, marker="o", markersize=3, color=colour, linewidth=1.4)
    ax.set_title(style.drawable(rows["name_zh"].dropna().iloc[0]), loc="left", fontsize=10)
    ax.set_ylim(0, limit)
    ax.set_xlim(-0.5, max(len(rows) - 0.5, 0.5))
    step = max(1, -(-len(rows) // 3))
    ax.set_xticks(x[::step], rows.index[::step], fontsize=8)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.tick_params(axis="y", labelsize=8, labelcolor=style.QUIET, labelleft=i % 3 == 0)


def months_finding(table: pd.DataFrame) -> str:
    """Return the finding of a table by month: the reason that changed most from first to last month, or that no two intervals are apart."""
    rows = table[table["share"].notna()].sort_values("month")
    ends = rows.groupby("code").agg(name=("name_zh", "first"), a=("share", "first"), b=("share", "last"), a_low=("low", "first"),
                                    a_high=("high", "first"), b_low=("low", "last"), b_high=("high", "last"), months=("month", "size"))
    moved = ends[(ends["months"] > 1) & ((ends["b_low"] > ends["a_high"]) | (ends["b_high"] < ends["a_low"]))]
    if moved.empty:
        return "各拒退理由的月度比例：首尾两月的区间都有重叠，升降无法区分"
    most = moved.iloc[int((moved["b"] - moved["a"]).abs().argmax())]
    gap = most["b"] - most["a"]
    return f"“{most['name']}”由 {percent(most['a'])} {'升' if gap > 0 else '降'}到 {percent(most['b'])}，变动 {points(gap)}"


def cooccurrence(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw `metrics.cooccurrence` as a heat map: the share of the posts with the row's reason that also have the column's."""
    with style.house():
        of = table.drop_duplicates("code_a").set_index("code_a")["of"].sort_values(ascending=False)
        order = list(of[of >= 30].index)
        own, ax = ax is None, style.canvas(ax, 2.4 + 0.38 * max(len(order), 4))
        if len(order) < 2:
            return style.calm(ax, "哪些拒退理由一起出现", table, own)
        names = table.drop_duplicates("code_a").set_index("code_a")["name_a"]
        grid = table.pivot(index="code_a", columns="code_b", values="share").reindex(index=order, columns=order).to_numpy(float)
        across = [style.drawable(names[code]) for code in order]
        _heat(ax, grid, [f"{name}（{count(of[code])}）" for name, code in zip(across, order, strict=True)], across)
        where = style.foot(table, "行：有该理由的投诉（件数）；格：其中同时有列理由的比例（%）", "·：件数少于 5，不给数")
        return style.finish(ax, pairs_finding(table), where, table, own)


def _heat(ax: Axes, grid: np.ndarray[tuple[int, int], np.dtype[np.float64]], rows: list[str], columns: list[str]) -> None:
    top = float(np.nanmax(grid)) if np.isfinite(grid).any() else 1.0
    ax.imshow(grid, cmap="Blues", vmin=0, vmax=top, aspect="auto")
    for i, j in np.ndindex(*grid.shape):
        text = "·" if np.isnan(grid[i, j]) else whole(grid[i, j])
        if i != j:
            ax.text(j, i, text, ha="center", va="center", fontsize=8.5, color="white" if grid[i, j] > 0.6 * top else style.INK)
    ax.set_yticks(range(len(rows)), rows)
    ax.set_xticks(range(len(columns)), columns, rotation=40, ha="left", rotation_mode="anchor")
    ax.xaxis.tick_top()
    ax.grid(False)
    ax.spines[:].set_visible(False)


def pairs_finding(table: pd.DataFrame) -> str:
    """Return the finding of a co-occurrence table: the pair with the highest lower limit of lift, or that none is above chance."""
    rows = table[table["share"].notna() & (table["share"] > 0)]
    rows = rows.assign(lift_low=rows["low"] / rows["share"] * rows["lift"])
    if rows.empty or rows["lift_low"].max() <= 1:
        return "没有哪两个拒退理由一起出现得明显多于巧合"
    best = rows.iloc[int(rows["lift_low"].argmax())]
    share = f"{percent(best['share'])}（95% 区间 {interval_percent(best['low'], best['high'])}）"
    return f"“{best['name_a']}”的投诉中 {share}也写到“{best['name_b']}”，是各自独立时的 {tenth(best['lift'])} 倍"
