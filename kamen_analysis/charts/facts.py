"""Charts of plain facts: reported outcomes, goods, amounts, time limits, and the numbers from captured to used."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kamen_analysis.charts import style
from kamen_analysis.charts.dots import dots, height, row_limits
from kamen_analysis.charts.numbers import count, measured, percent, tenth, whole_yuan


def self_reported(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw `metrics.self_reported` as an interval dot plot."""
    return _shares(table, "outcome_zh", "帖子自述的结果", "占计入投诉的比例；横线为 95% Wilson 区间；右侧为件数/基数", ax)


def products(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw `metrics.products` as an interval dot plot."""
    return _shares(table, "product_zh", "投诉的商品", "占计入投诉的比例；横线为 95% Wilson 区间；右侧为件数/基数", ax)


def naive_ratio(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw `metrics.naive_ratio`: the usual "resolved" ratios side by side."""
    return _shares(table, "ratio_zh", "不同口径的“解决率”", "占来源给出状态的投诉的比例，不论发布多久；仅供对照，不应引用", ax)


def clocks(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw `metrics.clocks`: the share past each statutory time limit."""
    return _shares(table, "clock_zh", "超过法定期限对照", "到期仍未见该动作的比例；期限自发帖起算，仅供对照", ax)


def _shares(table: pd.DataFrame, key: str, what: str, about: str, ax: Axes | None) -> Axes:
    """Draw a table of shares as an interval dot plot; `key`: column of names, `what`: start of the title, `about`: label of the x axis."""
    with style.house():
        rows = table[table["share"].notna()].sort_values("share", ascending=False)
        own, ax = ax is None, style.canvas(ax, height(len(rows)))
        if rows.empty:
            return style.calm(ax, what, table, own)
        dots(ax, rows, rows[key].tolist())
        ax.set_xlabel(about)
        return style.finish(ax, shares_finding(table, key, what), style.foot(table, f"n={count(rows['of'].max())}"), table, own)


def shares_finding(table: pd.DataFrame, key: str, what: str) -> str:
    """Return the finding of a table of shares: its largest row."""
    rows = table[table["share"].notna()].sort_values("share", ascending=False)
    return f"{what}：样本不足" if rows.empty else f"{what}：{rows.iloc[0][key]}占 {measured(rows.iloc[0])}"


def amounts(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw `metrics.amounts` on a log scale of yuan: a bar from the first to the third quartile, and the median with its interval."""
    with style.house():
        rows = table[table["median"].notna()].sort_values("median", ascending=False)
        own, ax = ax is None, style.canvas(ax, height(len(rows)))
        if rows.empty:
            return style.calm(ax, "涉诉金额", table, own)
        y = np.arange(len(rows))[::-1]
        q1, q3, median, low, high = (rows[key].to_numpy(float) for key in ("q1", "q3", "median", "low", "high"))
        ax.barh(y, q3 - q1, left=q1, height=0.5, color="#cfe0ee", edgecolor="none")
        ax.hlines(y, low, high, color=style.COLOURS[0], linewidth=2.4)
        ax.plot(median, y, "o", color=style.COLOURS[0], markersize=7)
        _money_axis(ax, rows, y, float(np.nanmin(q1)), float(np.nanmax(q3)))
        unknown = f"另有 {count(table['unknown'].sum())} 件未写明金额{_but_hidden(table['unknown'])}"
        facts = ("浅色条为中间一半（四分位）", "点为中位数，横线为 95% 自助区间", unknown)
        return style.finish(ax, amounts_finding(table), style.foot(table, *facts), table, own)


def _money_axis(ax: Axes, rows: pd.DataFrame, y: np.ndarray[tuple[int], np.dtype[np.int64]], low: float, high: float) -> None:
    key = next((name for name in ("product_zh", "platform", "month_zh", "week_zh", "source") if name in rows), None)
    ax.set_yticks(y, ["全部"] if key is None else [style.drawable(name) for name in rows[key]])
    ax.set_ylim(*row_limits(len(rows)))
    ax.set_xscale("log")
    steps = [m * 10.0**e for e in range(-1, 9) for m in (1, 2, 5)]
    ticks = [step for step in steps if max(low, 0.1) * 0.7 <= step <= high * 1.4] or [max(low, 0.1)]
    ax.set_xticks(ticks, [count(tick) if tick >= 1 else tenth(tick) for tick in ticks])
    ax.minorticks_off()
    right = ax.secondary_yaxis("right")
    right.set_yticks(y, [f"{whole_yuan(row['median'])}  n={count(row['n'])}" for row in rows.to_dict("records")])
    right.spines[:].set_visible(False)
    right.tick_params(labelsize=8.5, labelcolor=style.QUIET)
    ax.set_xlabel("元（对数刻度）；右侧为中位数与写明金额的件数")
    ax.grid(axis="y", visible=False)


def amounts_finding(table: pd.DataFrame) -> str:
    """Return the finding of an amounts table: the median (overall, or the highest group) and the total known."""
    rows = table[table["median"].notna()].sort_values("median", ascending=False)
    if rows.empty:
        return "涉诉金额：样本不足"
    total = f"写明的合计 {whole_yuan(table['total'].sum())}{_but_hidden(table['total'])}"
    if len(table) == 1:
        row = rows.iloc[0]
        span = f"{count(row['low'])}–{whole_yuan(row['high'])}"
        return f"涉诉金额中位数 {whole_yuan(row['median'])}（95% 区间 {span}，n={count(row['n'])}），{total}"
    key = next(name for name in ("product_zh", "platform", "month_zh", "week_zh", "source") if name in rows)
    return f"涉诉金额中位数最高的是{style.drawable(rows.iloc[0][key])}，{whole_yuan(rows.iloc[0]['median'])}；{total}"


def _but_hidden(numbers: pd.Series) -> str:
    """Return what a sum of `numbers` must say where some are withheld."""
    return "（不含隐去的组）" if numbers.isna().any() else ""


def funnel(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw `metrics.funnel`: for each stage how many passed, and how many were rejected for which reasons."""
    with style.house():
        stages = table.drop_duplicates("stage")
        own, ax = ax is None, style.canvas(ax, 1.6 + 0.55 * max(len(stages), 3))
        if table.empty or table["n_in"].max() == 0:
            return style.calm(ax, "从抓取到计入", table, own, "没有数据")
        y = np.arange(len(stages))[::-1]
        passed, rejected = stages["n_out"].to_numpy(float), (stages["n_in"] - stages["n_out"]).to_numpy(float)
        ax.barh(y, passed, height=0.55, color=style.COLOURS[0])
        ax.barh(y, rejected, left=passed, height=0.55, facecolor="white", edgecolor=style.COLOURS[1], hatch="////", linewidth=1)
        for at, stage in zip(y, stages.to_dict("records"), strict=True):
            reasons = table[(table["stage"] == stage["stage"]) & (table["reason"] != "")]
            ax.text(0, float(at) - 0.31, _stage_note(int(stage["n_out"]), reasons), fontsize=8, color=style.QUIET, va="top")
        ax.set_yticks(y, [f"{row['stage_zh']}（{row['unit']}）" for row in stages.to_dict("records")])
        ax.set_ylim(-0.75, len(stages) - 0.5)
        ax.xaxis.set_major_formatter(lambda value, _: count(value))
        ax.grid(axis="y", visible=False)
        ax.set_xlabel("实心：通过；斜线：剔除")
        where = style.foot(table, "每个环节：进入 = 通过 + 按原因剔除", "一页可含多条，页与条不能相减")
        return style.finish(ax, funnel_finding(table), where, table, own)


def _stage_note(passed: int, reasons: pd.DataFrame, most: int = 4) -> str:
    why = "，".join(f"{row['reason_zh']} {count(row['n'])}" for row in reasons.head(most).to_dict("records"))
    return f"通过 {count(passed)}；" + (f"剔除：{why}{'…' if len(reasons) > most else ''}" if why else "没有剔除")


def funnel_finding(table: pd.DataFrame) -> str:
    """Return the finding of a funnel table: how many of the records read are counted in the end."""
    if table.empty:
        return "从抓取到计入：没有数据"
    # A page holds several records, so the share starts from the first stage that counts records.
    rows = table[table["unit"] != "页"] if (table["unit"] != "页").any() else table
    first, last = rows.iloc[0], rows.iloc[-1]
    share = percent(last["n_out"] / first["n_in"]) if first["n_in"] else "—"
    return f"读到的 {count(first['n_in'])} {first['unit']}中，{count(last['n_out'])} {last['unit']}计入指标（{share}）"
