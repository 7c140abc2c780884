"""Table of section 5: changes of the reasons since the period before."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamen_analysis.report.measures import Measures
from kamen_analysis.report.tables import Column, Table
from kamen_analysis.stats import newcombe

TOP = 8


def tables(m: Measures) -> list[Table]:
    """Return the table of the reasons compared with the period before."""
    return [_moved(m)]


def _moved(m: Measures) -> Table:
    columns = (
        Column("name_zh", "拒退理由"), Column("n", "本期（件）", "count", cases=_now), Column("of", "本期分母", "count", cases=_all_now),
        Column("share", "本期比例", "share", cases=_now), Column("n_before", "上期（件）", "count", cases=_then),
        Column("of_before", "上期分母", "count", cases=_all_then), Column("before", "上期比例", "share", cases=_then),
        Column("gap", "变动（百分点）", "points", cases=_now),
        Column("low", "95% 区间", "points", high="high"), Column("verdict", "判断"),
    )
    note = "变动用 Newcombe 混合得分区间；区间含 0 的写“无法区分”。各行未作多重比较校正，偶有一两行“有别”可能出于巧合。"
    title = f"拒退理由与上期比较（{m.change.now_zh}，上期为{m.change.before_zh}）" if m.change else "拒退理由与上期比较"
    return Table("moved", title, _differences(m), columns, note)


def _differences(m: Measures) -> pd.DataFrame:
    if m.change is None:
        return pd.DataFrame()
    before = m.change.before[["code", "n", "of", "share"]].rename(columns={"n": "n_before", "of": "of_before", "share": "before"})
    both = m.change.now.merge(before, on="code")
    both = both[both["share"].notna() & both["before"].notna()].head(TOP).reset_index(drop=True)
    gap, low, high = newcombe(both["n"], both["of"], both["n_before"], both["of_before"])
    verdict = ["无法区分" if down <= 0 <= up else "上升" if down > 0 else "下降" for down, up in zip(low, high, strict=True)]
    return both.assign(gap=gap, low=low, high=high, verdict=verdict, now=m.change.now_span, then=m.change.before_span)


def _now(row: Any) -> dict[str, Any]:
    return {**_all_now(row), "code": row["code"]}


def _all_now(row: Any) -> dict[str, Any]:
    return {"months": row["now"].split(" 至 ")} if row["now"] else {}


def _then(row: Any) -> dict[str, Any] | None:
    base = _all_then(row)
    return None if base is None else {**base, "code": row["code"]}


def _all_then(row: Any) -> dict[str, Any] | None:
    # The complaints of an earlier period are not in this report's data, so they cannot be shown.
    return {"months": row["then"].split(" 至 ")} if row["then"] else None
