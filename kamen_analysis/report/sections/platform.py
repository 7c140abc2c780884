"""Tables of section 6: comparison of platforms, and their brands, entities and domains."""

from __future__ import annotations

from typing import Any

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.charts import numbers
from kamen_analysis.metrics.resolution import confirmed_by
from kamen_analysis.metrics.shares import MINIMUM, SMALL
from kamen_analysis.metrics.timeline import TERMINAL, is_vague
from kamen_analysis.platforms import directory
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.sections.columns import wide
from kamen_analysis.report.tables import Column, Table

DAYS, TOP = (7, 30, 60), 6
NAMES = ["platform", "n", "entity", "domains", "aliases"]


def tables(m: Measures) -> list[Table]:
    """Return the tables of replies, outcomes, reasons and names of platforms."""
    return [_replies(m), _conduct(m), _mix(m), _entities(m)]


def _of(row: Any) -> dict[str, Any]:
    return {"platform": row["platform"]}


def _rank(row: Any) -> str:
    if pd.isna(row.rank_low):
        return numbers.NOTHING
    low, high = numbers.count(row.rank_low), numbers.count(row.rank_high)
    return low if low == high else f"{low}–{high}"


def _replies(m: Measures) -> Table:
    frame = m.platforms.assign(rank=[_rank(row) for row in m.platforms.itertuples()])
    columns = (
        Column("platform", "平台"), Column("n", "投诉（件）", "count", cases=_of),
        Column("of_replied", "给出状态（件）", "count", cases=_followed), Column("replied", "回复率", "share", cases=_replied),
        Column("replied_low", "95% 区间（%）", "share", high="replied_high"),
        Column("median_reply_days", "首次回复中位", "days", cases=_replied),
        Column("rank", "回复率名次区间"), Column("verdict", "与其余平台比"), Column("note", "说明"),
    )
    note = "回复率的分母是来源给出状态的投诉，少于 30 件的不给比例，也不排名。名次区间重叠的平台不分先后。"
    return Table("platforms", "各平台的投诉量与回复", frame, columns, note, metrics.caption(metrics.platforms), 30)


def _replied(row: Any) -> dict[str, Any]:
    return {**_of(row), "event": "merchant_replied"}


def _followed(row: Any) -> dict[str, Any]:
    return {**_of(row), "set": "followed"}


def _timed(row: Any) -> dict[str, Any]:
    return {**_of(row), "set": "timed:end"}


def _conduct(m: Measures) -> Table:
    frame = m.platforms[m.platforms["replied"].notna() | m.platforms["transfer"].notna() | m.platforms["top_reason_share"].notna()]
    frame = frame.merge(_confirmed(m, frame["platform"].tolist()), on="platform", how="left")
    ends = [column for day in DAYS for column in (
        Column(f"day_{day}", f"{day} 日内确认解决", "share", cases=_ended(day)),
        Column(f"day_{day}_low", "95% 区间（%）", "share", high=f"day_{day}_high"))]
    columns = (
        Column("platform", "平台"), Column("of_resolved_30", "时间可用（件）", "count", cases=_timed), *ends,
        Column("n", "投诉（件）", "count", cases=_of), Column("transfer", "私下转账", "share", cases=_reason("private_transfer")),
        Column("transfer_low", "95% 区间（%）", "share", high="transfer_high"))
    note = "解决：消费者确认的，时间可用的投诉中的累计比例，计入右删失（Aalen–Johansen）。转账：引导私下转账的，全部投诉中的比例。" \
           "解决或转账为 1–4 件的不给比例（写作“—”）。"
    return Table("platforms_conduct", "各平台的处理结果与站外付款（投诉 30 件及以上）", frame, columns, note, limit=30)


def _ended(day: int) -> Any:
    return lambda row: {**_of(row), "set": f"ended:consumer_confirmed:{day}"}


def _reason(code: str) -> Any:
    return lambda row: {**_of(row), "code": code}


def _confirmed(m: Measures, names: list[str]) -> pd.DataFrame:
    """Return the cumulative share of each platform's complaints confirmed as resolved by each of DAYS; withheld for 1–4 such posts."""
    table = m.durations(tuple(TERMINAL))
    rows: list[dict[str, Any]] = []
    for name, group in table.groupby(m.filed["platform"]):
        enough = name in names and group["is_timed"].sum() >= MINIMUM and not is_vague(group)
        rows.append({"platform": name, **(_by_days(group) if enough else {})})
    columns = ["platform", *(f"day_{day}{end}" for day in DAYS for end in ("", "_low", "_high"))]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[1:], float) | {"platform": "str"})


def _by_days(group: pd.DataFrame) -> dict[str, float]:
    shares: dict[str, float] = {}
    for day, ends in zip(DAYS, confirmed_by(group, DAYS), strict=True):
        confirmed = group["is_timed"] & (group["kind"] == "consumer_confirmed") & (group["time"] <= day)
        if not 0 < int(confirmed.sum()) < SMALL:
            shares |= dict(zip((f"day_{day}", f"day_{day}_low", f"day_{day}_high"), ends, strict=True))
    return shares


def _mix(m: Measures) -> Table:
    long = metrics.reasons(m.by_platform, m.labels, by="platform", scope=m.scope)
    top = m.reasons.loc[m.reasons["n"].fillna(0) > 0, ["code", "name_zh"]].head(TOP)
    kept = long[long["code"].isin(top["code"]) & (long["of"] >= MINIMUM)]
    frame = wide(kept, ["platform", "of"], "code") if len(kept) else pd.DataFrame()
    frame = frame.sort_values(["of", "platform"], ascending=[False, True], ignore_index=True) if len(frame) else frame
    shares = tuple(Column(code, name, "share", cases=_reason(code)) for code, name in top.itertuples(index=False) if code in frame)
    note = "1–4 件的格子不给数。一帖可有多个理由；列出的是投诉反映的说法，不是对平台的认定。"
    columns = (Column("platform", "平台"), Column("of", "投诉（件）", "count", cases=_of), *shares)
    return Table("platforms_reasons", "各平台的拒退理由构成（投诉 30 件及以上）", frame, columns, note, limit=30)


def _entities(m: Measures) -> Table:
    """Return brand, legal entity, domains and aliases of the platforms with complaints, from the directory of platforms."""
    counts = dict(zip(m.platforms["platform"], m.platforms["n"], strict=True))
    own = m.home.root / "platforms.yaml"
    rows = [{"platform": e.brand, "n": counts[e.brand], "entity": e.entity or "未收录", "domains": "、".join(e.domains) or "未收录",
             "aliases": "、".join(e.aliases) or "无"} for e in directory(own).entities if e.brand in counts]
    frame = pd.DataFrame(rows, columns=NAMES)
    frame = frame.astype({"n": "Int64"}).sort_values(["n", "platform"], ascending=[False, True], ignore_index=True, na_position="last")
    columns = (Column("platform", "品牌"), Column("n", "投诉（件）", "count", cases=_of), Column("entity", "法律主体"),
               Column("domains", "域名"), Column("aliases", "别名"))
    note = "只列平台名录里有、且本期有投诉的；名录由人维护，主体与域名请以登记信息为准。"
    return Table("entities", "平台的品牌、主体、域名与别名", frame, columns, note, limit=30)
