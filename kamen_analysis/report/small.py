"""Suppression of small counts in the report's tables: counts of 1–4 are withheld, and others that would reveal them by subtraction."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamen_analysis.metrics.shares import SMALL, suppress

Grid = np.ndarray[tuple[int, int], np.dtype[np.float64]]
Rows = np.ndarray[tuple[int], np.dtype[np.bool_]]
ROUNDED = "约数"
ABOUT = f"注“{ROUNDED}”的各行，件数约至 {SMALL}，免得与别的做法相减得出小数。"
NOTE = f"1–{SMALL - 1} 件的格子不给数，必要时连带隐去另一格，以免相减得出。"


def withheld(table: pd.DataFrame, adds_up: bool = True) -> pd.DataFrame:
    """Return `table` (n, note) with counts of 1–4 withheld (`metrics.shares.suppress`).

    `adds_up`: the rows add up to a total that is printed too, so that a single withheld count needs another to cover it.
    """
    if table.empty:
        return table
    hidden = suppress(table.assign(_total=""), within="_total" if adds_up else None).drop(columns="_total")
    hidden.attrs.update(table.attrs)
    return hidden


def near(counts: Grid) -> Rows:
    """Return which rows differ by 1–4 from another in some column, so that printing both would reveal a small count; never the first."""
    gap = np.abs(counts[:, None, :] - counts[None, :, :])
    close = np.asarray(((gap > 0) & (gap < SMALL)).any(axis=(1, 2)))
    close[:1] = False
    return close


def blurred(count: pd.Series) -> pd.Series:
    """Return counts rounded to multiples of SMALL, so that the difference from an exact count reveals no small count."""
    return (count.astype(float) / SMALL).round() * SMALL
