"""Charts of a coded sample: agreement between coders, and accuracy of the machine against their codes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from kamen_analysis.charts import style
from kamen_analysis.charts.dots import height, row_limits
from kamen_analysis.charts.numbers import count, percent, ratio, whole

# Columns of a value and of its interval's ends, and the value's name
Series = tuple[str, str, str, str]
AGREEMENT: tuple[Series, ...] = (("alpha", "low", "high", "Krippendorff α"), ("kappa", "kappa_low", "kappa_high", "Cohen κ"))
ACCURACY: tuple[Series, ...] = (("precision", "precision_low", "precision_high", "查准率"),
                                ("recall", "recall_low", "recall_high", "查全率"))
ALL = "all"  # The code of the row over all codes (`metrics.diagnostics.code_scores`).
TENTATIVE, RELIABLE = 0.667, 0.8  # Krippendorff K, Content Analysis (2004), p. 241


def agreement(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the agreement of coders (`notebook.agreement`): alpha and kappa with intervals by code, and the two customary thresholds."""
    with style.house():
        rows = table[table["alpha"].notna()].sort_values("alpha", ascending=False)
        own, ax = ax is None, style.canvas(ax, height(len(rows)) + 0.3)
        if rows.empty:
            return style.calm(ax, "编码员之间的一致度", table, own)
        for at in (TENTATIVE, RELIABLE):
            ax.axvline(at, color=style.FAINT, linestyle="--", linewidth=1)
        _intervals(ax, rows, AGREEMENT)
        ax.set_xlim(min(0.0, float(np.nanmin(rows["low"]))), 1.02)
        ax.set_xlabel("一致度（1 为完全一致，0 为等于巧合）；横线为 95% 区间；虚线为 0.667 与 0.8")
        foot = style.foot(table, f"两人以上编码 {count(rows['posts'].max())} 件", *_imitated(table))
        return style.finish(ax, agreement_finding(table), foot, table, own)


def agreement_finding(table: pd.DataFrame) -> str:
    """Return the finding of an agreement table: how many codes reach an alpha of 0.8, and the code with the lowest."""
    rows = table[table["alpha"].notna()].sort_values("alpha")
    if rows.empty:
        return "编码员之间的一致度：样本不足"
    worst, good = rows.iloc[0], int((rows["alpha"] >= RELIABLE).sum())
    return f"{len(rows)} 个编码中 {good} 个的 α 达到 0.8；最低的是“{worst['name_zh']}”，α={ratio(worst['alpha'])}"


def accuracy(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the machine's precision and recall by code (`metrics.accuracy`) with their intervals."""
    with style.house():
        rows = table[table["recall"].notna()].sort_values(["human", "code"], ascending=[False, True])
        own, ax = ax is None, style.canvas(ax, height(len(rows)) + 0.3)
        if rows.empty:
            return style.calm(ax, "机器编码的查准率与查全率", table, own)
        _intervals(ax, rows.assign(name_zh=[f"{row['name_zh']}（{count(row['human'])}）" for row in rows.to_dict("records")]), ACCURACY)
        left = max(0.0, float(np.floor(rows[["precision_low", "recall_low"]].min().min() * 10)) / 10 - 0.1)
        ax.set_xlim(left, 1.02)
        ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        begins = f"；横轴自 {whole(left)}% 起" if left else ""
        ax.set_xlabel(f"与人工裁定相比；括号内为人工判有的件数；横线为 95% Wilson 区间{begins}")
        return style.finish(ax, accuracy_finding(table), style.foot(table, *_imitated(table)), table, own)


def accuracy_finding(table: pd.DataFrame) -> str:
    """Return the finding of an accuracy table: precision and recall over all codes, with their denominators."""
    rows = table[table["code"] != ALL]
    both, machine, human = (int(rows[key].sum()) for key in ("both", "machine", "human"))
    if not machine or not human:
        return "机器编码的查准率与查全率：样本不足"
    precision, recall = (f"{percent(both / of)}（{count(both)}/{count(of)}）" for of in (machine, human))
    return f"机器编码合计查准率 {precision}、查全率 {recall}"


def _intervals(ax: Axes, rows: pd.DataFrame, drawn: tuple[Series, ...]) -> None:
    """Draw two values per row, each with its interval, one just above the other; first row on top."""
    y = np.arange(len(rows))[::-1]
    for i, (key, low, high, name) in enumerate(drawn):
        at, colour = y + (0.14 if i == 0 else -0.14), style.COLOURS[i]
        ax.hlines(at, rows[low].to_numpy(float), rows[high].to_numpy(float), color=colour, linewidth=2, alpha=0.55)
        ax.plot(rows[key].to_numpy(float), at, style.MARKERS[0 if i == 0 else 2], color=colour, markersize=6, label=name)
    ax.set_yticks(y, [style.drawable(name) for name in rows["name_zh"]])
    ax.set_ylim(*row_limits(len(rows)))
    ax.grid(axis="y", visible=False)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(drawn), frameon=False, fontsize=9, borderaxespad=0.2)


def _imitated(table: pd.DataFrame) -> tuple[str, ...]:
    return ("模拟编码，不是真人编码，数字只示范做法",) if table.attrs.get("imitated") else ()
