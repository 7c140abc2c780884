"""Columns that many tables share, and the reshaping of a long table to one with a column per group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from kamen_analysis.report.tables import Column, Kind

Filter = Callable[[Any], dict[str, Any] | None]


def everyone(row: Any) -> dict[str, Any]:
    """Return the filter of all counted complaints."""
    return {}


def rate(cases: Filter | None = None, of: str = "分母（件）", n: str = "件数", share: str = "比例",
         base: Filter = everyone) -> tuple[Column, ...]:
    """Return the columns n, of, share, interval and note with which every share is shown.

    `cases`, `base`: filters of the complaints in the numerator and in the denominator; `of`, `n`, `share`: headings.
    """
    return (
        Column("n", n, "count", cases=cases), Column("of", of, "count", cases=base), Column("share", share, "share", cases=cases),
        Column("low", "95% 区间（%）", "share", high="high"), Column("note", "说明"),
    )


def limits(kind: Kind) -> tuple[Column, Column]:
    """Return the two ends of an interval as separate columns."""
    return Column("low", "95% 下限", kind), Column("high", "95% 上限", kind)


def wide(table: pd.DataFrame, index: list[str], across: str, value: str = "share") -> pd.DataFrame:
    """Return `table` with one row per value of `index` and one column per value of `across`, both in order of appearance."""
    rows, heads = table[index].drop_duplicates(), table[across].drop_duplicates().tolist()
    cells = table.pivot(index=index, columns=across, values=value).reindex(columns=heads)
    return rows.merge(cells.reset_index(), on=index, how="left")
