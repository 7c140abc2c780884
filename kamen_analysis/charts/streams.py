"""Alluvial diagram from complaint to outcome: streams between steps, each as wide as the number of complaints in it."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from kamen_analysis.charts import style
from kamen_analysis.charts.numbers import count, percent

STEPS = {"reason": "首要理由", "answer": "商家回复", "end": "怎样了结"}
_WIDTH, _GAP = 0.035, 0.035  # half the width of a block; vertical space between blocks
Spans = dict[tuple[str, str], tuple[float, float]]


def flow(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw a table of streams (reason, answer, end, n): a column of blocks for each of STEPS, streams coloured by the answer."""
    with style.house():
        own, ax = ax is None, style.canvas(ax, 5.0)
        total = int(table["n"].sum())
        if total < 30:
            return style.calm(ax, "从投诉到了结", table, own)
        spans = {step: _stack(table, step) for step in STEPS}
        colours = _colours(table)
        for left, right in (("reason", "answer"), ("answer", "end")):
            _streams(ax, table, spans, (left, right), colours)
        for x, (step, name) in enumerate(STEPS.items()):
            _blocks(ax, x, spans[step], total)
            ax.text(x, 1.03, name, ha="center", va="bottom", fontsize=9, color=style.QUIET)
        ax.set(xlim=(-0.42, 2.42), ylim=(-0.02, 1.1))
        ax.set_axis_off()
        hidden = table.attrs.get("hidden", 0)
        facts = (f"n={count(total)}", "只计来源给出处理过程的投诉", "有几个理由的归入全体中最常见的一个",
                 f"另有 {count(hidden)} 件在不足 5 件的支流里，未画" if hidden else "", "关闭不等于解决")
        return style.finish(ax, flow_finding(table), style.foot(table, *facts), table, own)


def _stack(table: pd.DataFrame, step: str) -> dict[str, tuple[float, float]]:
    """Return for each value of `step` the lower and upper end of its block in [0, 1], the largest block on top."""
    sizes = table.groupby(step)["n"].sum().sort_values(ascending=False)
    room = 1.0 - _GAP * (len(sizes) - 1)
    spans, top = {}, 1.0
    for name, n in sizes.items():
        height = room * n / sizes.sum()
        spans[str(name)] = (top - height, top)
        top -= height + _GAP
    return spans


def _colours(table: pd.DataFrame) -> dict[str, str]:
    """Return the colour of each answer."""
    return dict(zip(sorted(table["answer"].unique()), (style.COLOURS[1], style.COLOURS[0], style.COLOURS[2]), strict=False))


def _streams(ax: Axes, table: pd.DataFrame, spans: dict[str, dict[str, tuple[float, float]]], steps: tuple[str, str],
             colours: dict[str, str]) -> None:
    """Draw the streams between two neighbouring steps, from the top of each block down, in an order in which few of them cross."""
    left, right = steps
    rows = table.groupby([left, right] if "answer" in (left, right) else [left, right, "answer"])["n"].sum().reset_index()
    tops = {step: {name: top for name, (_, top) in spans[step].items()} for step in steps}
    scale = {step: (1.0 - _GAP * (len(spans[step]) - 1)) / table["n"].sum() for step in steps}
    rank = {step: {name: i for i, name in enumerate(spans[step])} for step in steps}
    rows["order"] = [(rank[left][a], rank[right][b]) for a, b in zip(rows[left], rows[right], strict=True)]
    x0 = list(STEPS).index(left) + _WIDTH
    for row in rows.sort_values("order").to_dict("records"):
        y0, y1 = tops[left][row[left]], tops[right][row[right]]
        h0, h1 = row["n"] * scale[left], row["n"] * scale[right]
        tops[left][row[left]], tops[right][row[right]] = y0 - h0, y1 - h1
        ax.add_patch(_band((x0, y0, h0), (x0 + 1 - 2 * _WIDTH, y1, h1), colours[row["answer"]]))


def _band(start: tuple[float, float, float], end: tuple[float, float, float], colour: str) -> PathPatch:
    """Return one stream; `start`, `end`: x, top and height."""
    (x0, y0, h0), (x1, y1, h1) = start, end
    mid = (x0 + x1) / 2
    points = [(x0, y0), (mid, y0), (mid, y1), (x1, y1), (x1, y1 - h1), (mid, y1 - h1), (mid, y0 - h0), (x0, y0 - h0), (x0, y0)]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    return PathPatch(Path(points, codes), facecolor=colour, alpha=0.32, linewidth=0)


def _blocks(ax: Axes, x: int, spans: dict[str, tuple[float, float]], total: int) -> None:
    """Draw the blocks of step number `x` with name, number and share of each; `total`: complaints drawn."""
    room = 1.0 - _GAP * (len(spans) - 1)
    for name, (low, high) in spans.items():
        ax.add_patch(Rectangle((x - _WIDTH, low), 2 * _WIDTH, high - low, facecolor=style.INK, linewidth=0))
        n = round((high - low) / room * total)
        words = f"{style.drawable(name)}{chr(10) if x == 1 else ' '}{count(n)}（{percent(n / total)}）"
        side = -1 if x == 0 else 1
        ax.text(x + side * (_WIDTH + 0.015), (low + high) / 2, words, ha="right" if x == 0 else "left", va="center", fontsize=8.5,
                bbox={"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 1.0} if x == 1 else None)


def flow_finding(table: pd.DataFrame) -> str:
    """Return the finding of a table of streams: how many ended confirmed by the consumer, and the most frequent ending."""
    total = int(table["n"].sum())
    if total < 30:
        return "从投诉到了结：样本不足"
    ends = table.groupby("end")["n"].sum().sort_values(ascending=False)
    confirmed = int(ends.get("消费者确认解决", 0))
    most = f"最多的是“{ends.index[0]}”，{percent(ends.iloc[0] / total)}"
    return f"{count(total)} 件投诉中，经消费者确认解决的 {count(confirmed)} 件（{percent(confirmed / total)}）；{most}"
