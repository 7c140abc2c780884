"""Tables of section 4: changes of shares, alerts, and the nowcast."""

from __future__ import annotations

from typing import Any

import kamen_analysis.metrics as metrics
from kamen_analysis.charts import numbers
from kamen_analysis.metrics.alert import backtest_zh
from kamen_analysis.metrics.shares import SMALL
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.small import withheld
from kamen_analysis.report.tables import Column, Table


def tables(m: Measures) -> list[Table]:
    """Return the tables of changes (环比 and 同比), of alerts, and of the nowcast."""
    return [_changes(m), _alerts(m), _nowcast(m)]


def _changes(m: Measures) -> Table:
    columns = (
        Column("base_zh", "比法"), Column("name_zh", "拒退理由"), Column("month_zh", "本月"),
        Column("share", "本月比例", "share", cases=_now),
        Column("against_zh", "对照月"), Column("share_base", "对照比例", "share", cases=_then),
        Column("value", "变动（百分点）", "points", cases=_now),
        Column("low", "95% 区间", "points", high="high"), Column("verdict", "判断"),
    )
    frame = m.changes[m.changes["value"].notna()].reset_index(drop=True)
    return Table("changes", "拒退理由占比的环比与同比", frame, columns, definition=metrics.caption(metrics.changes))


def _alerts(m: Measures) -> Table:
    tested = metrics.alerts(m.by_platform, scope=m.scope)
    frame = tested[tested["is_alert"].astype(bool)].sort_values(["period", "platform"], ascending=[False, True], ignore_index=True)
    small = int((frame["n"] < SMALL).sum())
    frame = frame[frame["n"] >= SMALL].reset_index(drop=True)
    columns = (Column("period_zh", "周"), Column("platform", "平台"), Column("n", "投诉（件）", "count", cases=_burst),
               Column("expected", "按基线应有", "ratio"), Column("value", "标准化超出", "ratio"), Column("note", "说明"))
    raised = numbers.count(len(frame) + small)
    note = (f"共检验 {numbers.count(len(tested))} 个“平台×周”，报警 {raised} 个（其中 {small} 个不足 {SMALL} 件，不列）；"
            f"每周各平台之间的错误发现率控制在 5%。{backtest_zh()}。")
    return Table("alerts", "投诉突增的周", frame, columns, note, metrics.caption(metrics.alerts), 20)


def _nowcast(m: Measures) -> Table:
    frame = withheld(m.nowcast[m.nowcast["value"].notna()].reset_index(drop=True), adds_up=False)
    frame[["value", "low", "high"]] = frame[["value", "low", "high"]].mask(frame["n"].isna())
    columns = (Column("period_zh", "周"), Column("n", "已抓到（件）", "count", cases=_seen), Column("value", "估计最终（件）", "count"),
               Column("low", "95% 下限", "count"), Column("high", "95% 上限", "count"))
    return Table("nowcast", "最近各周：补上迟到的投诉以后", frame, columns, definition=metrics.caption(metrics.nowcast), limit=-8)


def _seen(row: Any) -> dict[str, Any]:
    return {"set": f"seen_week:{row['period_zh']}"}


def _now(row: Any) -> dict[str, Any]:
    return {"month": row["month_zh"], "code": row["code"]}


def _then(row: Any) -> dict[str, Any]:
    return {"month": row["against_zh"], "code": row["code"]}


def _burst(row: Any) -> dict[str, Any]:
    return {"set": f"week:{row['period_zh']}", "platform": row["platform"]}
