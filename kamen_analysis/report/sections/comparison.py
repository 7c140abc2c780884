"""Section 10: what moved since the period before, and how much the headlines hang on choices made."""

from __future__ import annotations

from typing import Any

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.data import Data
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.sections.columns import wide
from kamen_analysis.report.strict import leads
from kamen_analysis.report.tables import Column, Table
from kamen_analysis.stats import newcombe

TOP = 8
CHOICES_MOST = 20_000  # posts whose copies are looked for anew


def tables(m: Measures) -> list[Table]:
    """Return the reasons against the period before, and the headlines under other choices: those of the tables, and those of the text."""
    return [_moved(m), _sensitivity(m), _choices(m)]


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
    # The complaints of a period before this report's are in that period's report.
    return {"months": row["then"].split(" 至 ")} if row["then"] else None


def _sensitivity(m: Measures) -> Table:
    rows = [{**_headline(name, posts, m, scope), "wanted": wanted} for name, posts, scope, wanted in _variants(m)]
    columns = (
        Column("variant", "做法"), Column("n", "计入（件）", "count", cases=_counted), Column("name", "最常见理由"),
        Column("share", "占比", "share", cases=_first),
        Column("low", "95% 区间（%）", "share", high="high"), Column("replied", "回复率", "share", cases=_answered),
        Column("replied_low", "95% 区间（%）", "share", high="replied_high"),
    )
    note = "换一种做法，头条数字变多少：差得多的数字不宜单独引用。"
    return Table("sensitivity", "换一种做法，头条数字怎样变", pd.DataFrame(rows), columns, note)


def _choices(m: Measures) -> Table:
    """Return the headlines under a stricter gate and other thresholds of copies; empty where there are too many posts to look again."""
    title, columns = "闸门更严、重复另判，头条数字怎样变", (Column("variant", "做法"), Column("used", "计入（件）", "count"))
    if len(m.whole) > CHOICES_MOST:
        return Table("choices", title, pd.DataFrame(), columns)
    posts = m.whole.assign(post_id=m.whole["id"])
    labels = m.labels.assign(post_id=posts["id"].iloc[m.labels["post_id"]].to_numpy())
    found = metrics.sensitivity(Data(posts, m.events, labels, pd.DataFrame(), m.manifest, m.home), leads(posts), scope=m.scope)
    heads = found.drop_duplicates("headline").set_index("headline")["headline_zh"].drop("used")
    frame = wide(found, ["variant"], "headline", "value")
    frame["used"] = frame["used"].astype("Int64")
    shares = tuple(Column(str(key), str(name), "share") for key, name in heads.items())
    return Table("choices", title, frame, (*columns, *shares), found.attrs["reading"], metrics.caption(metrics.sensitivity))


def _counted(row: Any) -> dict[str, Any]:
    wanted: dict[str, Any] = row["wanted"]
    return wanted


def _first(row: Any) -> dict[str, Any]:
    return {**row["wanted"], "code": row["code"]}


def _answered(row: Any) -> dict[str, Any]:
    return {**row["wanted"], "event": "merchant_replied"}


def _variants(m: Measures) -> list[tuple[str, pd.DataFrame, str, dict[str, Any]]]:
    # Labels and gate are kept as built: these are the choices that can be turned without coding the posts anew.
    whole = m.posts.assign(is_used=m.posts["post_type"] == "complaint")
    other = ("all", "连实物与线下服务的投诉也计入") if m.scope == "virtual" else ("virtual", "只计虚拟商品的投诉")
    each = {"every": True, "post_type": "complaint", **({"in_scope": True} if m.scope == "virtual" else {})}
    found = [("本报告的做法", m.posts, m.scope, {}), ("重复帖每条都计", whole, m.scope, each),
             (other[1], m.posts, other[0], {"every": True, "set": f"scope:{other[0]}"})]
    sources = sorted(m.posts["source"].unique())
    if len(sources) > 1:
        found += [(f"去掉来源：{m.names.get(key, key)}", m.posts[m.posts["source"] != key], m.scope, {"not_source": key})
                  for key in sources]
    return found


def _headline(name: str, posts: pd.DataFrame, m: Measures, scope: str) -> dict[str, Any]:
    first = metrics.reasons(posts, m.labels, scope=scope).iloc[0]
    reply = metrics.replies(posts, m.events, scope=scope).iloc[0]
    return {"variant": name, "n": first["of"], "name": first["name_zh"] if first["n"] else "—", "code": first["code"],
            "share": first["share"], "low": first["low"], "high": first["high"], "replied": reply["share"], "replied_low": reply["low"],
            "replied_high": reply["high"]}
