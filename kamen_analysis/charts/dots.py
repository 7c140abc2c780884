"""Interval dot plots: one row per category with a dot for the share, a line for its 95% interval, and the number on the right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from kamen_analysis.charts import style
from kamen_analysis.charts.numbers import count, percent

Look = tuple[str, str]
PLAIN: Look = (style.COLOURS[0], "o")
VERDICTS: dict[str, Look] = {"高于其余": (style.COLOURS[0], "^"), "低于其余": (style.COLOURS[1], "v"), "无法区分": ("#6e6e6e", "o")}


def dots(ax: Axes, rows: pd.DataFrame, names: Sequence[str], looks: Sequence[Look] | None = None) -> None:
    """Draw `rows` (share, low, high, n, of), first row on top: `names` on the left, the share and n/of on the right (n=of if n is missing).

    `looks`: colour and marker of each row.
    """
    y = np.arange(len(rows))[::-1]
    share, low, high = (rows[key].to_numpy(float) for key in ("share", "low", "high"))
    for i, (colour, marker) in enumerate(looks or [PLAIN] * len(rows)):
        ax.plot([low[i], high[i]], [y[i], y[i]], color=colour, linewidth=2.2, alpha=0.55, solid_capstyle="butt")
        ax.plot(share[i], y[i], marker, color=colour, markersize=7)
    top = float(np.nanmax(np.append(high, share))) if len(rows) else 1.0
    ax.set_xlim(0, top * 1.03 if top > 0 else 1.0)
    ax.set_ylim(*row_limits(len(rows)))
    ax.set_yticks(y, [style.drawable(name) for name in names])
    right = ax.secondary_yaxis("right")
    right.set_yticks(y, [f"{percent(s)}  {base}" for s, base in zip(share, _bases(rows), strict=True)])
    right.spines[:].set_visible(False)
    right.tick_params(labelsize=8.5, labelcolor=style.QUIET)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.grid(axis="y", visible=False)
    ax.spines["left"].set_visible(False)


def row_limits(rows: int) -> tuple[float, float]:
    """Return the y limits for `rows` rows at 0, 1, …; fewer than three rows get extra room, so that they do not spread over the height."""
    room = 0.6 + max(0, 3 - rows) / 2
    return -room, rows - 1 + room


def _bases(rows: pd.DataFrame) -> list[str]:
    pairs = zip(rows["n"], rows["of"], strict=True)
    return [f"n={count(of)}" if pd.isna(n) else f"{count(n)}/{count(of)}" for n, of in pairs]


def height(rows: int) -> float:
    """Return the figure height in inches for a dot plot of `rows`."""
    return 1.7 + 0.33 * max(rows, 3)


def withheld(number: int) -> str:
    """Return the remark that `number` platforms were compared whose share is withheld; empty for 0."""
    return f"（其中 {number} 个件数过少，不列比例）" if number else ""
