"""Section 12: the codebook as the report used it."""

from __future__ import annotations

import pandas as pd

import kamen_analysis.codebook as codebook
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.tables import Column, Table


def tables(m: Measures) -> list[Table]:
    """Return the refusal reasons with their definitions."""
    rules = codebook.load().reasons.values()
    rows = [{"code": r.code, "name_zh": r.name_zh, "counts_when": r.counts_when, "not_when": r.not_when} for r in rules]
    columns = (Column("name_zh", "拒退理由"), Column("code", "编码"), Column("counts_when", "编"), Column("not_when", "不编"))
    return [Table("codebook", "编码手册：拒退理由", pd.DataFrame(rows, columns=["name_zh", "code", "counts_when", "not_when"]), columns)]
