"""Why a headline changed between two reports: other posts, another composition of them, other rules, or chance alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.charts import numbers
from kamen_analysis.data import Data
from kamen_analysis.metrics.explain import PARTS
from kamen_analysis.report.rules import rule_name
from kamen_analysis.report.tables import Column, Table
from kamen_analysis.stats import newcombe

ALIKE = "无法区分"
MOVES = (Column("name", "头条数字"), Column("old", "前一份"), Column("new", "后一份"), Column("change", "变动"),
         Column("interval", "95% 区间"), Column("verdict", "判断"), Column("why", "为什么变"))
_WRITE = {"count": numbers.count, "share": numbers.percent, "curve": numbers.percent, "days": numbers.days, "yuan": numbers.yuan}


def named(rules: pd.Series) -> pd.Series:
    """Return the Chinese name of each rule id; "" for a missing one."""
    return pd.Series(["" if numbers.is_missing(rule) else rule_name(str(rule)) for rule in rules], rules.index, dtype="str")


def headlines(old: dict[str, Any], new: dict[str, Any], key: str = "moves") -> Table:
    """Return each headline that both have, its change with interval, whether the change is more than chance, and why.

    `old`, `new`: contents of figures.json (see `record.figures`).
    """
    was = {line["key"]: line for line in old["headlines"]}
    rows = [_change(was[line["key"]], line, old, new) for line in new["headlines"] if line["key"] in was]
    note = "两份报告用了同一批投诉的，估计并不独立，区间偏宽；区间含 0 的写“无法区分”。比例的变动单位是百分点。"
    return Table(key, "每个头条数字的变动和原因", pd.DataFrame(rows), MOVES, note, limit=60)


def _change(was: dict[str, Any], now: dict[str, Any], old: dict[str, Any], new: dict[str, Any]) -> dict[str, str]:
    """Return one row of `headlines`; `was`, `now`: the headline in the reports `old` and `new`."""
    write = _WRITE[now["kind"]]
    values = {"name": now["name"], "old": write(was["value"]), "new": write(now["value"])}
    if was["value"] is None or now["value"] is None:
        return {**values, "change": "—", "interval": "—", "verdict": "不可比", "why": "至少一份样本不足或件数过少，不给数。"}
    gap, low, high = _gap(was, now)
    verdict = ("增加" if gap > 0 else "减少" if gap < 0 else "不变") if now["kind"] == "count" else \
        ALIKE if low <= 0 <= high else "上升" if gap > 0 else "下降"
    return {**values, "change": _signed(gap, now["kind"]), "interval": "—" if now["kind"] == "count" else _span(low, high, now["kind"]),
            "verdict": verdict, "why": _why(now, verdict, old, new)}


def _gap(was: dict[str, Any], now: dict[str, Any]) -> tuple[float, float, float]:
    """Return the difference and its interval: Newcombe's for shares of counts, else from the two intervals (MOVER); none for counts."""
    gap = float(now["value"]) - float(was["value"])
    if now["kind"] == "count":
        return gap, gap, gap
    if now["kind"] == "share" and None not in (now["n"], was["n"]):
        difference, low, high = newcombe(now["n"], now["of"], was["n"], was["of"])
        return float(difference), float(low), float(high)
    if None in (now["low"], now["high"], was["low"], was["high"]):
        return gap, -np.inf, np.inf
    down = np.hypot(now["value"] - now["low"], was["high"] - was["value"])
    up = np.hypot(now["high"] - now["value"], was["value"] - was["low"])
    return gap, gap - float(down), gap + float(up)


def _signed(gap: float, kind: str) -> str:
    if kind in ("share", "curve"):
        return numbers.signed(gap)
    return numbers.signed_count(gap) if kind == "count" else numbers.signed_tenth(gap)


def _span(low: float, high: float, kind: str) -> str:
    return "—" if not np.isfinite([low, high]).all() else f"{_signed(low, kind)} 至 {_signed(high, kind)}"


def _why(now: dict[str, Any], verdict: str, old: dict[str, Any], new: dict[str, Any]) -> str:
    """Return the explanation in words: chance, or else the data, its composition, and the rules."""
    if verdict in (ALIKE, "不变"):
        return "变动在偶然范围之内，不必另找原因。" if verdict == ALIKE else "没有变。"
    parts = [_data(old, new)]
    if now["key"].startswith("reason:"):
        within, across = kitagawa(old["cells"], new["cells"], now["key"].partition(":")[2])
        if within is not None and across is not None:
            parts.append(f"来源与商品的构成变化带来 {numbers.points(across)}，同类投诉内的比例变化带来 {numbers.points(within)}")
    parts.append(_rules(old, new) if now["key"] not in ("captured", "median_reply", "amount") else "")
    return "；".join(part for part in parts if part) + "。"


def _data(old: dict[str, Any], new: dict[str, Any]) -> str:
    late, fresh, gone = arrivals(old, new)
    if old["period"] != new["period"]:
        return f"期间不同（{old['period']} 对 {new['period']}），比的是不同的投诉"
    counts = {"新发布": fresh, "迟到或补抓": late, "不再计入": gone}
    parts = [f"{what} {numbers.count(n)} 件" for what, n in counts.items() if n]
    return f"数据：{'、'.join(parts)}" if parts else "投诉件数没有变"


def _rules(old: dict[str, Any], new: dict[str, Any]) -> str:
    if old["codebook"]["digest"] == new["codebook"]["digest"]:
        return "编码手册没有变"
    was, now = old["codebook"]["version"], new["codebook"]["version"]
    how = f"由 {was} 改为 {now}" if was != now else f"版本号同为 {now} 而内容有改"
    return f"编码手册{how}（摘要不同），其中有规则改动的影响"


def arrivals(old: dict[str, Any], new: dict[str, Any]) -> tuple[int, int, int]:
    """Return how many complaints the newer report counts more in months that the older one has (late), how many in later months (fresh),
    and how many fewer (gone)."""
    known = {month: n for month, n in old["months"].items() if n is not None}
    last = max(known, default="")
    now = {month: n for month, n in new["months"].items() if n is not None and (month in known or month > last)}
    gaps = {month: n - known.get(month, 0) for month, n in now.items()}
    late = sum(gap for month, gap in gaps.items() if month <= last and gap > 0)
    fresh = sum(gap for month, gap in gaps.items() if month > last)
    return late, fresh, -sum(gap for month, gap in gaps.items() if gap < 0)


def kitagawa(old: list[dict[str, Any]], new: list[dict[str, Any]], code: str) -> tuple[float | None, float | None]:
    """Decompose the change of a reason's share into that of the shares within groups and that of the groups' sizes; return both parts.

    Kitagawa EM, J Am Stat Assoc 1955;50:1168. Both are None if the groups known in both reports hold under 90% of either's complaints.
    """
    was, now = ({cell["group"]: cell for cell in cells if cell["n"] and code in cell["codes"]} for cells in (old, new))
    both = [group for group in now if group in was]
    totals = [sum(cell["n"] for cell in cells if cell["n"]) for cells in (old, new)]
    covered = [sum(cells[group]["n"] for group in both) for cells in (was, now)]
    if not both or min(c / t for c, t in zip(covered, totals, strict=True)) < 0.9:
        return None, None
    weight = [np.array([cells[group]["n"] for group in both]) / c for cells, c in zip((was, now), covered, strict=True)]
    rate = [np.array([cells[group]["codes"][code] / cells[group]["n"] for group in both]) for cells in (was, now)]
    within = float(((weight[0] + weight[1]) / 2 * (rate[1] - rate[0])).sum())
    return within, float(((rate[0] + rate[1]) / 2 * (weight[1] - weight[0])).sum())


def steps(before: Data, after: Data, scope: str = "virtual") -> Table:
    """Return the change of each headline between two builds as the sum of the steps of `metrics.explain`."""
    explained = metrics.explain(before, after, scope)
    lines = []
    for headline, rows in explained.groupby("headline", sort=False):
        kind = {"used": "count", "platforms": "count", "amount": "yuan"}.get(str(headline), "share")
        parts = {part: _step(value, kind) for part, value in zip(rows["part"], rows["value"], strict=True)}
        first = rows.iloc[0]
        total = _step(rows["value"].sum(skipna=False), kind)
        lines.append({"name": first["headline_zh"], "change": total, **parts, "note": first["note"]})
    columns = (Column("name", "头条数字"), Column("change", "变动"), *(Column(part, name) for part, name in PARTS.items()),
               Column("note", "说明"))
    return Table("steps", "头条数字的变动逐步拆开：各步相加正好等于变动", pd.DataFrame(lines), columns,
                 definition=metrics.caption(metrics.explain))


def _step(value: float, kind: str) -> str:
    return numbers.NOTHING if numbers.is_missing(value) else "0" if abs(value) < 1e-12 else _signed(float(value), kind)


def months(old: dict[str, Any], new: dict[str, Any]) -> Table:
    """Return the counts of every month in both reports, and their differences."""
    keys = sorted({*old["months"], *new["months"]})
    frame = pd.DataFrame({"month": keys, "old": [old["months"].get(k) for k in keys], "new": [new["months"].get(k) for k in keys]})
    frame = frame.astype({"old": "Int64", "new": "Int64"})
    columns = (Column("month", "月份"), Column("old", "前一份（件）", "count"), Column("new", "后一份（件）", "count"),
               Column("gap", "变动", "count"))
    return Table("months", "各月计入的投诉：迟到与新增", frame.assign(gap=frame["new"] - frame["old"]), columns, limit=-36)


def stages(old: dict[str, Any], new: dict[str, Any]) -> Table:
    """Return how many entered each stage, and how many it rejected, in both builds."""
    was = {one["name"]: one for one in old["stages"]}
    rows = [{"name": one["name"], "in_old": was[one["name"]]["in"], "in_new": one["in"],
             "aside_old": was[one["name"]]["in"] - was[one["name"]]["out"], "aside_new": one["in"] - one["out"]}
            for one in new["stages"] if one["name"] in was]
    columns = (Column("name", "环节"), Column("in_old", "前一份进入", "count"), Column("in_new", "后一份进入", "count"),
               Column("aside_old", "前一份剔除", "count"), Column("aside_new", "后一份剔除", "count"))
    return Table("stages", "各环节的进入与剔除（全部入库数据）", pd.DataFrame(rows, columns=[c.key for c in columns]), columns)


def mix(old: dict[str, Any], new: dict[str, Any]) -> Table:
    """Return the composition of both reports by source and goods."""
    was, now = ({cell["group"]: cell["n"] for cell in one["cells"]} for one in (old, new))
    total = [sum(n for n in one.values() if n) or 1 for one in (was, now)]
    keys = sorted({*was, *now}, key=lambda key: -(now.get(key) or 0))
    shares = [[None if one.get(key) is None else one[key] / whole for key in keys] for one, whole in zip((was, now), total, strict=True)]
    frame = pd.DataFrame({"group": keys, "n_old": [was.get(k) for k in keys], "old": shares[0], "n_new": [now.get(k) for k in keys],
                          "new": shares[1]}).astype({"n_old": "Int64", "n_new": "Int64", "old": "Float64", "new": "Float64"})
    columns = (Column("group", "来源·商品"), Column("n_old", "前一份（件）", "count"), Column("old", "占比", "share"),
               Column("n_new", "后一份（件）", "count"), Column("new", "占比", "share"), Column("gap", "变动（百分点）", "points"))
    return Table("mix", "投诉的构成（不足 30 件的并作“其他”）", frame.assign(gap=frame["new"] - frame["old"]), columns)
