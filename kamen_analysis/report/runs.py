"""The report beside earlier ones: the report before it in the same folder, and that of the period before; why each headline moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from kamen_analysis.report import why
from kamen_analysis.report.tables import Table

KEYS = ("run", "period")


def tables(now: dict[str, Any], earlier: Sequence[dict[str, Any]]) -> dict[str, Table]:
    """Return "moves_run" (another run of this period) and "moves_period" (the period before); empty where there is nothing to compare.

    A run of the very same tables is not compared: nothing can have moved.
    """
    found = {f"moves_{key}": Table(f"moves_{key}", "头条数字的变动和原因", pd.DataFrame(), why.MOVES) for key in KEYS}
    for old in earlier:
        same = old["period"] == now["period"]
        if old["scope"] != now["scope"] or (same and old["manifest"] == now["manifest"]):
            continue
        key = "moves_run" if same else "moves_period"
        title = f"与上一次生成的本期报告相比（数据截至 {old['last_capture']}）" if same else f"与{old['period']}的报告相比"
        found[key] = replace(why.headlines(old, now, key), title=f"{title}：头条数字的变动和原因")
    return found
