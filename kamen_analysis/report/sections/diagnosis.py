"""Tables of section 3 on the categoriser: use and precision of each rule, scores of each code, and the worst mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.charts import numbers
from kamen_analysis.metrics import diagnostics
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.rules import rule_name
from kamen_analysis.report.sections.columns import everyone
from kamen_analysis.report.tables import Column, Table
from kamen_analysis.report.trial import Trial

SHOWN = 25
SEEN = "随程序附带的已编码文句，写规则、训练模型时都看过：成绩偏高，只用来查改规则有没有弄坏什么。"


def tables(m: Measures) -> list[Table]:
    """Return the tables of rule use, scores by code, precision of rules, and mistakes."""
    return [_use(m), _scores(m), _precision(m.tried), _mistakes(m.tried)]


def _use(m: Measures) -> Table:
    frame = diagnostics.rule_use(m.posts, m.labels, scope=m.scope)
    frame = frame.assign(rule_zh=[rule_name(rule) for rule in frame["rule"]])
    frame = frame.sort_values(["n", "rule"], ascending=[False, True], na_position="last", ignore_index=True)
    columns = (Column("rule_zh", "规则"), Column("n", "给出依据（件）", "count", cases=_of),
               Column("of", "投诉（件）", "count", cases=everyone),
               Column("share", "覆盖", "share", cases=_of), Column("low", "95% 区间（%）", "share", high="high"),
               Column("overlap", "重叠", "share"), Column("conflict", "冲突", "share"))
    note = "重叠：同帖另有别的理由；冲突：同时问过的线性模型认为不到一半可能。两者都只在该规则给出 30 件以上时列出。"
    return Table("rule_use", "每条规则的覆盖、重叠与冲突", frame, columns, note, metrics.caption(diagnostics.rule_use), SHOWN)


def _of(row: Any) -> dict[str, Any]:
    return {"set": f"rule:{row['rule']}"}


def _scores(m: Measures) -> Table:
    frame = m.code_scores
    heads = {"precision": "查准率", "recall": "查全率", "f1": "F1"}
    rates = [column for key, head in heads.items() for column in (
        Column(key, head, "share"), Column(f"{key}_low", "95% 区间（%）", "share", high=f"{key}_high"))]
    columns = (Column("name_zh", "拒退理由"), Column("human", "人判有（句）", "count"),
               Column("machine", "机器判有（句）", "count"), *rates)
    note = f"{numbers.count(len(m.tried.texts))} 句{SEEN}"
    return Table("code_scores", "各编码在附带文句上的查准率、查全率与 F1", frame, columns, note, metrics.caption(diagnostics.code_scores))


def _precision(tried: Trial) -> Table:
    frame = diagnostics.rule_precision(tried.hits, tried.gold)
    frame = frame.assign(rule_zh=[rule_name(rule) for rule in frame["rule"]], order=np.where(frame["n"] >= 5, frame["precision"], 2.0))
    frame = frame.sort_values(["order", "rule"], ignore_index=True)
    columns = (Column("rule_zh", "规则"), Column("found", "命中（句）", "count"),
               Column("dropped", "其中按上下文排除", "count"),
               Column("n", "采用（句）", "count"), Column("right", "人也判有（句）", "count"), Column("precision", "查准率", "share"),
               Column("low", "95% 区间（%）", "share", high="high"))
    note = f"查准率低的在前（采用不足 5 句的排在最后）。{SEEN}"
    return Table("rule_precision", "每条规则在附带文句上的查准率", frame, columns, note, metrics.caption(diagnostics.rule_precision), SHOWN)


def _mistakes(tried: Trial) -> Table:
    frame: pd.DataFrame = diagnostics.mistakes(tried.said, tried.gold, tried.texts, most=1)
    columns = (Column("name_zh", "编码"), Column("kind", "错法"), Column("text", "文句（自编）"), Column("human", "人判"),
               Column("machine", "机器判"))
    return Table("mistakes", "错得最明显的例子（每个编码、每种错法一句，最短的）", frame, columns,
                 "文句是为编码手册自编的，不是真实投诉。误判：机器判有而人判无；漏判：相反。", limit=30)
