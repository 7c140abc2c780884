"""Table of section 3: texts copied over and over among posts that are not complaints."""

from __future__ import annotations

from typing import Any

import kamen_analysis.metrics as metrics
from kamen_analysis.metrics.campaigns import SHOWN
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.part import told
from kamen_analysis.report.sections.beyond import sources_named
from kamen_analysis.report.tables import Column, Table


def tables(m: Measures) -> list[Table]:
    """Return the table of template farms."""
    frame = sources_named(m.farms, m)
    columns = (Column("kinds", "是什么"), Column("n", "帖子", "count", cases=_evidence), Column("of", "非投诉帖子", "count"),
               Column("share", "占比", "share", cases=_evidence), Column("low", "95% 区间（%）", "share", high="high"),
               Column("first_at", "从", "date"), Column("last_at", "到", "date"), Column("sources", "来源"), Column("note", "说明"))
    note = told(len(m.others), int((m.posts["post_type"] != "complaint").sum()), "最近发布的", "非投诉帖子", "条")
    about = metrics.caption(metrics.template_farms)
    return [Table("template_farms", "非投诉里反复出现的同一套文字", frame, columns, note, about, limit=15)]


def _evidence(row: Any) -> dict[str, Any] | None:
    # The metric lists only the first SHOWN posts; a longer group cannot be shown completely.
    return {"every": True, "ids": row["evidence"].split("、")} if row["n"] <= SHOWN else None
