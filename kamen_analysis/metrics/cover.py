"""Suppression in grids of counts whose row and column totals are published: cells of 1–4 are withheld, and further cells so that
subtraction from a total does not reveal them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamen_analysis.metrics.shares import SMALL

Grid = np.ndarray[tuple[int, int], np.dtype[np.float64]]
Mask = np.ndarray[tuple[int, int], np.dtype[np.bool_]]


def withheld_grid(table: pd.DataFrame, row: str, column: str) -> pd.DataFrame:
    """Return `table` (long: counts n by `row` and `column`) with n missing in the cells to withhold; see `covered`."""
    if table.empty:
        return table
    wide = table.pivot(index=row, columns=column, values="n")
    hide = covered(wide.astype("Float64").to_numpy(float, na_value=np.nan))
    cells = wide.index.get_indexer(pd.Index(table[row])), wide.columns.get_indexer(pd.Index(table[column]))
    hidden = table.assign(n=table["n"].mask(hide[cells]))
    hidden.attrs.update(table.attrs)
    return hidden


def covered(grid: Grid) -> Mask:
    """Return which cells of a grid of counts (NaN: none) to hide: those of 1–4 and, in each row and column, enough others to cover them."""
    hide: Mask = (grid > 0) & (grid < SMALL)
    while True:
        more = _one_more(grid, hide) | _one_more(grid.T, hide.T).T
        if not (more & ~hide).any():
            return hide
        hide |= more


def _one_more(grid: Grid, hide: Mask) -> Mask:
    """Mark, in each row with a single hidden cell or with hidden cells that add up to under 5, the smallest positive cell still shown."""
    marked = np.zeros_like(hide)
    if grid.shape[1] < 2:
        return marked
    exposed = (np.where(hide, grid, 0).sum(axis=1) < SMALL) | (hide.sum(axis=1) == 1)
    for i in np.flatnonzero(exposed & hide.any(axis=1)):
        shown = np.flatnonzero(~hide[i] & (grid[i] > 0))
        if shown.size:
            marked[i, shown[int(np.argmin(grid[i, shown]))]] = True
    return marked
