"""Tables of section 7: replies, outcomes, and statutory time limits."""

from __future__ import annotations

from typing import Any

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.charts import numbers
from kamen_analysis.metrics.resolution import ANY, CLAIM
from kamen_analysis.report.benchmark import halves
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.sections.columns import rate
from kamen_analysis.report.small import NOTE, withheld
from kamen_analysis.report.tables import Column, Table


def tables(m: Measures) -> list[Table]:
    """Return the tables of replies, outcomes, "resolved" ratios, national figures, self-reported outcomes and time limits."""
    return [_reply(m), _resolved(m), _naive(m), _national(), _reported(m), _clocks(m)]


def _reply(m: Measures) -> Table:
    share = m.replies.assign(what="已见商家回复的比例")
    median = m.median_reply.rename(columns={"low": "day_low", "high": "day_high"}).assign(what="半数投诉得到首次回复所需天数")
    frame = pd.concat([share, median], ignore_index=True)
    frame["behind"] = ["", *["timed"] * len(median)][: len(frame)]
    columns = (Column("what", "指标"), Column("n", "件数", "count", cases=_replied), Column("of", "分母（件）", "count", cases=_watched),
               Column("share", "比例", "share", cases=_replied),
               Column("low", "95% 区间（%）", "share", high="high"), Column("value", "天数", "days", cases=_replied),
               Column("note", "说明"))
    return Table("replies", "商家回复", frame, columns, definition=metrics.caption(metrics.median_reply))


def _replied(row: Any) -> dict[str, Any]:
    return {"set": "timed:replied"} if row["behind"] else {"event": "merchant_replied"}


def _watched(row: Any) -> dict[str, Any]:
    return {"set": "timed:reply" if row["behind"] else "followed"}


def _resolved(m: Measures) -> Table:
    frame = withheld(m.resolved_by, adds_up=False).assign(when=[f"{day} 日内" for day in m.resolved_by["day"]])
    ends = rate(lambda row: {"set": f"ended:{row['kind']}:{row['day']}"}, base=_timed)
    columns = (Column("kind_zh", "处理结果"), Column("when", "发布后"), *ends)
    return Table("resolved", "发布后 7、30、60 日内的处理结果（累计比例）", frame, columns, NOTE, metrics.caption(metrics.resolved_by))


def _timed(row: Any) -> dict[str, Any]:
    return {"set": "timed:claim" if row["kind"] in (CLAIM, ANY) else "timed:end"}


def _naive(m: Measures) -> Table:
    columns = (Column("ratio_zh", "口径"), *rate(lambda row: {"set": f"ratio:{row['ratio']}"}, base=lambda row: {"set": "followed"}))
    return Table("naive", "换一种口径，“解决率”差多少（仅供对照，不应引用）", withheld(m.naive_ratio, adds_up=False), columns,
                 definition=metrics.caption(metrics.naive_ratio))


def _national() -> Table:
    rows = [{"period": h.period, "accepted": h.accepted, "resolved": h.resolved, "rate": h.rate, "money": h.recovered_yuan,
             "source": h.source,
             "natures": "、".join(f"{name} {numbers.percent(share)}" for name, share in h.natures.items())} for h in halves()]
    columns = (Column("period", "期间"), Column("accepted", "受理（件）", "count"), Column("resolved", "解决（件）", "count"),
               Column("rate", "解决率", "share"), Column("money", "挽回损失", "yuan"),
               Column("natures", "主要性质"), Column("source", "出处"))
    note = ("分母不同，不能与本报告的比例直接相比：消协以本期受理的全部商品和服务投诉为分母，经工作人员调解，解决与否由消协记录；"
            "本报告以公开发帖的虚拟商品投诉为分母，消费者自己确认才算解决。")
    return Table("national", "参照：全国消协组织受理投诉的解决率", pd.DataFrame(rows), columns, note)


def _reported(m: Measures) -> Table:
    columns = (Column("outcome_zh", "帖子自述的结果"), *rate(lambda row: {"outcome": row["outcome"]}))
    return Table("self_reported", "投诉人自述的结果", withheld(m.self_reported), columns, definition=metrics.caption(metrics.self_reported))


def _clocks(m: Measures) -> Table:
    limit = [f"{days} {unit}" for days, unit in zip(m.clocks["days"], m.clocks["unit"], strict=True)]
    frame = withheld(m.clocks, adds_up=False).assign(limit=limit)
    columns = (Column("clock_zh", "对照的动作"), Column("limit", "期限"), Column("basis", "依据"),
               *rate(lambda row: {"set": f"clock:{row['clock']}:late"}, share="超过期限的比例",
                     base=lambda row: {"set": f"clock:{row['clock']}:judged"}))
    note = m.clocks.attrs.get("why", "")
    return Table("clocks", "与法定期限对照：超过期限仍未见动作的投诉", frame, columns, note, metrics.caption(metrics.clocks))
