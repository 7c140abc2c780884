"""Interval dot plots: one row a category, a dot for the share, a line for its 95% interval, the number beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from kamen_analysis.charts import style
from kamen_analysis.charts.words import percent


def dots(ax: Axes, rows: pd.DataFrame, names: Sequence[str], colours: Sequence[str] | None = None,
         markers: Sequence[str] | None = None) -> None:
    """Draw `rows` (share, low, high, n, of), first row on top, labelled `names` on the left and with share and n on the right."""
    y = np.arange(len(rows))[::-1]
    share, low, high = (rows[key].to_numpy(float) for key in ("share", "low", "high"))
    shades, shapes = colours or [style.COLOURS[0]] * len(rows), markers or ["o"] * len(rows)
    for i in range(len(rows)):
        ax.plot([low[i], high[i]], [y[i], y[i]], color=shades[i], linewidth=2.2, alpha=0.55, solid_capstyle="butt")
        ax.plot(share[i], y[i], shapes[i], color=shades[i], markersize=7)
    top = float(np.nanmax(np.append(high, share))) if len(rows) else 1.0
    ax.set_xlim(0, top * 1.03 if top > 0 else 1.0)
    ax.set_ylim(*row_limits(len(rows)))
    ax.set_yticks(y, [style.drawable(name) for name in names])
    right = ax.secondary_yaxis("right")
    right.set_yticks(y, [f"{percent(s)}  {n}/{of}" for s, n, of in zip(share, counts(rows["n"]), counts(rows["of"]), strict=True)])
    right.spines[:].set_visible(False)
    right.tick_params(labelsize=8.5, labelcolor=style.QUIET)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.grid(axis="y", visible=False)
    ax.spines["left"].set_visible(False)


def row_limits(rows: int) -> tuple[float, float]:
    """Return the y limits for `rows` rows at 0, 1, …: few rows stand in the middle, not blown up."""
    room = 0.6 + max(0, 3 - rows) / 2
    return -room, rows - 1 + room


def counts(values: pd.Series) -> list[str]:
    """Return counts with thousands marks; a withheld one as "<5"."""
    return ["<5" if pd.isna(value) else f"{int(value):,}" for value in values]


def height(rows: int) -> float:
    """Return the figure height in inches for a dot plot of `rows`."""
    return 1.7 + 0.33 * max(rows, 3)
