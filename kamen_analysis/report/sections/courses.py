"""Tables of sections 6, 7 and 9: waiting times, platforms compared with all others, buck-passing, reasons by a platform's age."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.charts import numbers
from kamen_analysis.metrics.chains import PASSING
from kamen_analysis.metrics.contrast import ALL
from kamen_analysis.metrics.resolution import CLAIM
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.part import told
from kamen_analysis.report.sections.columns import limits, rate
from kamen_analysis.report.small import NOTE, withheld
from kamen_analysis.report.tables import Column, Table


def tables(m: Measures) -> list[Table]:
    """Return the tables of waiting times, contrasts, chains and their lengths, and reasons by age."""
    return [_waiting(m), _contrasts(m), *_chains(m), _ages(m)]


def _happened(row: Any) -> str:
    return "timed:replied" if row["measure"] == "replied" else f"ended:{row['measure']}:inf"


def _watched(row: Any) -> str:
    return {"replied": "timed:reply", CLAIM: "timed:claim"}.get(row["measure"], "timed:end")


def _waiting(m: Measures) -> Table:
    frame = withheld(metrics.waiting(m.posts, m.events, scope=m.scope), adds_up=False)
    columns = (Column("measure_zh", "等什么"), Column("until", "期限（日）", "count"),
               Column("value", "平均等待", "days", cases=lambda row: {"set": _watched(row)}), *limits("days"),
               Column("n", "等到的（件）", "count", cases=lambda row: {"set": _happened(row)}),
               Column("of", "分母（件）", "count", cases=lambda row: {"set": _watched(row)}), Column("note", "说明"))
    return Table("waiting", "平均要等多久（限制平均）", frame, columns, definition=metrics.caption(metrics.waiting))


def _contrasts(m: Measures) -> Table:
    table = m.contrasts
    differs = table["verdict"].isin(["高于其余", "低于其余", "平台之间有差异"])
    frame = table[differs | (table["platform"] == ALL)].reset_index(drop=True)
    # The overall test covers only the platforms that are large enough to have a row of their own.
    large = {key: rows["platform"].tolist() for key, rows in table[table["platform"] != ALL].groupby("measure")}
    columns = (Column("measure_zh", "比什么"), Column("platform", "平台"),
               Column("n", "件数", "count", cases=_of_platform(large, _happened)),
               Column("of", "分母（件）", "count", cases=_of_platform(large, _watched)), Column("share", "30 日累计比例", "share"),
               Column("value", "与其余之差（百分点）", "points"), Column("low", "95% 区间", "points", high="high"),
               Column("verdict", "判断"), Column("note", "说明"))
    single = table["platform"] != ALL
    tested = int((single & table["p"].notna()).sum())
    note = f"共检验 {numbers.count(tested)} 个“平台×结果”，此处只列全体检验与有别的；其余都无法区分。"
    return Table("contrasts", "各平台与其余全部平台相比", frame, columns, note, metrics.caption(metrics.contrasts), 30)


def _of_platform(large: dict[Any, list[str]], which: Callable[[Any], str]) -> Callable[[Any], dict[str, Any]]:
    return lambda row: {"platform": large.get(row["measure"], []) if row["platform"] == ALL else row["platform"], "set": which(row)}


def _chains(m: Measures) -> list[Table]:
    """Return the tables of handoffs and of chain lengths, over the posts read (see `Told.passed`)."""
    labels = pd.DataFrame({"post_id": m.passed["post_id"], "code": PASSING})
    lengths = metrics.chain_lengths(m.passed, labels, m.handoffs, scope="all")
    note = told(len(m.passed), len(m.all_passed), "固定抽取的", "“踢皮球”投诉")
    pairs = (Column("source_zh", "推的一方"), Column("target_zh", "推给"),
             *rate(lambda row: {"set": f"chain:{row['source']}:{row['target']}"}, base=_all_passed))
    steps = (Column("length_zh", "手数"), *rate(lambda row: {"set": f"passed:{row['length']}"}, base=_all_passed))
    return [Table("chains", "踢皮球：谁把消费者推给谁", m.chains, pairs, note + NOTE, metrics.caption(metrics.chains), 15),
            Table("chain_lengths", "踢皮球：推了几手", lengths if len(m.passed) else lengths.head(0), steps, note + NOTE,
                  metrics.caption(metrics.chain_lengths))]


def _all_passed(row: Any) -> dict[str, Any]:
    return {"set": "passed"}


def _ages(m: Measures) -> Table:
    frame = m.ages[m.ages["share"].notna()].groupby("age", sort=True).head(3).reset_index(drop=True)
    columns = (Column("age_zh", "平台季龄"), Column("platforms", "平台数", "count"), Column("name_zh", "拒退理由"),
               *rate(lambda row: {**_of_age(row), "code": row["code"]}, base=_of_age))
    title = "平台的头几季与后来，最常见的三种理由"
    return Table("tactics_by_age", title, frame, columns, definition=metrics.caption(metrics.tactics_by_age))


def _of_age(row: Any) -> dict[str, Any]:
    return {"filed": True, "set": f"age:{row['age']}"}
