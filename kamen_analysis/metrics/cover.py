"""Grids of counts whose line totals are told elsewhere: 1–4 is withheld, and so much more that subtraction does not bring it back."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamen_analysis.metrics.shares import SMALL

Grid = np.ndarray[tuple[int, int], np.dtype[np.float64]]
Mask = np.ndarray[tuple[int, int], np.dtype[np.bool_]]


def withheld_grid(table: pd.DataFrame, row: str, column: str) -> pd.DataFrame:
    """Return a long table of counts n by `row` and `column` with cells withheld so that neither line totals nor the sum give one back."""
    if table.empty:
        return table
    wide = table.pivot(index=row, columns=column, values="n")
    hide = covered(wide.astype("Float64").to_numpy(float, na_value=np.nan))
    at = wide.index.get_indexer(pd.Index(table[row])), wide.columns.get_indexer(pd.Index(table[column]))
    hidden = table.assign(n=table["n"].mask(hide[at]))
    hidden.attrs.update(table.attrs)
    return hidden


def covered(grid: Grid) -> Mask:
    """Return which cells of a grid of counts (NaN: none) to hide: those of 1–4 and, in every line, enough others to cover them."""
    hide: Mask = (grid > 0) & (grid < SMALL)
    while True:
        more = _one_more(grid, hide) | _one_more(grid.T, hide.T).T
        if not (more & ~hide).any():
            return hide
        hide |= more


def _one_more(grid: Grid, hide: Mask) -> Mask:
    """Return, for each row with a single hidden cell, or hidden ones adding to under 5, its smallest that still shows (0 stays)."""
    found = np.zeros_like(hide)
    if grid.shape[1] < 2:
        return found
    bare = (np.where(hide, grid, 0).sum(axis=1) < SMALL) | (hide.sum(axis=1) == 1)
    for i in np.flatnonzero(bare & hide.any(axis=1)):
        open_cells = np.flatnonzero(~hide[i] & (grid[i] > 0))
        if open_cells.size:
            found[i, open_cells[int(np.argmin(grid[i, open_cells]))]] = True
    return found
