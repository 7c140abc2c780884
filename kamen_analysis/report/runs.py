"""Comparison with earlier reports: an earlier run on the same period, and the period before; why each headline changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from kamen_analysis.charts import numbers
from kamen_analysis.data import Data
from kamen_analysis.report import pastbuilds, why
from kamen_analysis.report.facts import SCOPES_ZH
from kamen_analysis.report.period import Period, select
from kamen_analysis.report.tables import Column, Table

KEYS = ("run", "period")


def tables(now: dict[str, Any], earlier: Sequence[dict[str, Any]]) -> dict[str, Table]:
    """Return the tables "moves_run" (an earlier run on this period) and "moves_period" (the period before), empty without such a report.

    `now`, `earlier`: contents of figures.json. An earlier run on the very same data is not compared.
    """
    made = {f"moves_{key}": Table(f"moves_{key}", "头条数字的变动和原因", pd.DataFrame(), why.MOVES) for key in KEYS}
    for old in earlier:
        same = old["period"] == now["period"]
        if old["scope"] != now["scope"] or (same and old["manifest"] == now["manifest"]):
            continue
        key = "moves_run" if same else "moves_period"
        title = f"与上一次生成的本期报告相比（数据截至 {old['last_capture']}）" if same else f"与{old['period']}的报告相比"
        made[key] = replace(why.headlines(old, now, key), title=f"{title}：头条数字的变动和原因")
    return made


def steps(now: dict[str, Any], earlier: Sequence[dict[str, Any]], data: Data, span: Period) -> Table:
    """Return the change of each headline since the earlier run on this period, in steps that add up; empty without a copy of its build."""
    empty = Table("steps_run", "头条数字的变动逐步拆开", pd.DataFrame(), (Column("name", "头条数字"),))
    runs = _runs(now, earlier)
    before = pastbuilds.recall(data.home, runs[0]["manifest"]) if runs and len(data.posts) <= pastbuilds.MOST else None
    if before is None:
        return empty
    after = pastbuilds.as_data(pastbuilds.slim(data), data.manifest, data.home)
    scope = "all" if now["scope"] == SCOPES_ZH["all"] else "virtual"
    return replace(why.steps(select(before, span), select(after, span), scope), key="steps_run",
                   title=f"与上一次生成的本期报告相比（数据截至 {runs[0]['last_capture']}）：变动逐步拆开，各步相加正好等于变动")


def _runs(now: dict[str, Any], earlier: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the earlier runs on this period and scope whose data were different."""
    same = [old for old in earlier if old["period"] == now["period"] and old["scope"] == now["scope"]]
    return [old for old in same if old["manifest"] != now["manifest"]]


def untold(now: dict[str, Any], earlier: Sequence[dict[str, Any]], shown: Table, posts: int) -> str:
    """Return a sentence on why `shown` (from `steps`) is empty; "" if it is not, or if there is no earlier run."""
    if not _runs(now, earlier) or not shown.frame.empty:
        return ""
    size = max(posts, *(_captured(old) for old in _runs(now, earlier)[:1]))
    if size > pastbuilds.MOST:
        most, whole = numbers.count(pastbuilds.MOST), numbers.count(size)
        return f"变动没有逐步拆开：本期或上一次有帖 {whole} 条，超过逐帖对照的 {most} 条；原因只说到上表为止。"
    return "变动没有逐步拆开：上一次所依据的表没有留存（缓存已清理或损坏，或编码有增减）；原因只说到上表为止。"


def _captured(old: dict[str, Any]) -> int:
    return int(next((line["value"] or 0 for line in old["headlines"] if line["key"] == "captured"), 0))
