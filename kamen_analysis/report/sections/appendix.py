"""Tables of section 12: the codebook used, and the meaning of the columns of the data."""

from __future__ import annotations

import pandas as pd

import kamen_analysis.codebook as codebook
from kamen_analysis.records import TABLES
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.tables import Column, Table

TYPES_ZH = {"string": "文本", "float": "小数", "integer": "整数", "boolean": "是否", "instant": "时刻（北京时间）"}


def tables(m: Measures) -> list[Table]:
    """Return the refusal reasons with their definitions, and the columns of the data."""
    return [_codebook(), _dictionary()]


def _codebook() -> Table:
    rules = codebook.load().reasons.values()
    rows = [{"code": r.code, "name_zh": r.name_zh, "counts_when": r.counts_when, "not_when": r.not_when} for r in rules]
    columns = (Column("name_zh", "拒退理由"), Column("code", "编码"), Column("counts_when", "编"), Column("not_when", "不编"))
    frame = pd.DataFrame(rows, columns=["name_zh", "code", "counts_when", "not_when"])
    return Table("codebook", "编码手册：拒退理由", frame, columns)


def _dictionary() -> Table:
    rows = [{"table": table, "name": c.name, "type": TYPES_ZH[c.type], "empty": "可缺失" if c.nullable else "必有",
             "about": c.about.replace("演示数据（合成）", "合成数据")}
            for table, found in TABLES.items() for c in found]
    columns = (Column("table", "表"), Column("name", "列"), Column("type", "类型"), Column("empty", "缺失"), Column("about", "含义"))
    return Table("dictionary", "数据字典：处理后各表的列", pd.DataFrame(rows), columns, "取值范围见 data_dictionary.csv。", limit=100)
