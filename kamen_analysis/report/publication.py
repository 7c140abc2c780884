"""What a publication needs besides the report: an anonymised aggregate data set, how to cite it, and the terms of use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from kamen_analysis.charts import numbers
from kamen_analysis.metrics import reason_names
from kamen_analysis.metrics.cover import covered
from kamen_analysis.metrics.refusal import code_matrix, counts_by
from kamen_analysis.records import PRODUCTS
from kamen_analysis.report.facts import Facts
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.small import NOTE
from kamen_analysis.report.tables import Column, Table
from kamen_analysis.report.text import environment

ALL = "全部投诉"
LICENCE = {"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/", "title": "Creative Commons Attribution 4.0"}


def aggregate(m: Measures) -> Table:
    """Return the numbers of complaints by month, goods and reason (ALL: with any or none) as one long table.

    No row describes a person: the finest cell is one reason in a month of one kind of goods, and cells of 1–4 have no number, nor have
    the cells from which these could be computed.
    """
    posts, names = m.counted, reason_names()
    months, goods = m.months.reindex(posts.index), posts["product"].map(PRODUCTS)
    known = posts[months.notna()]
    groups = known.groupby([months[known.index], goods[known.index]], observed=True)
    n, seen = groups.size(), code_matrix(known, m.labels, list(names))
    counts = pd.DataFrame(counts_by(groups.ngroup().to_numpy(), len(n), seen), n.index, [*names.values()]).assign(**{ALL: n})
    counts.index = pd.MultiIndex.from_frame(counts.index.to_frame(index=False).astype("str"))
    parts = [_cube(counts[name].unstack(fill_value=0), name) for name in (ALL, *names.values())]
    frame = pd.concat(parts, ignore_index=True)
    columns = (Column("month", "月份"), Column("product", "商品类别"), Column("reason", "拒退理由"), Column("n", "投诉（件）", "count"),
               Column("note", "说明"))
    note = f"匿名汇总：没有发布时间的投诉不在内；一帖可有多个理由，各理由相加不等于全部。{NOTE}"
    return Table("aggregate", "匿名汇总数据：各月、各类商品、各理由的投诉件数", frame, columns, note)


def _cube(counts: pd.DataFrame, reason: str) -> pd.DataFrame:
    """Return the rows of one reason from its counts by month (rows) and goods (columns), small cells withheld."""
    grid = counts.loc[counts.any(axis=1), counts.any(axis=0)]
    if grid.empty:
        return pd.DataFrame(columns=["month", "product", "reason", "n", "note"])
    hide = covered(grid.to_numpy(float))
    n = grid.astype("Int64").mask(hide).melt(ignore_index=False, var_name="product", value_name="n")
    long = n.reset_index(names="month").assign(reason=reason, note=np.where(hide.T.ravel(), "隐去", ""))
    return long[(long["n"] != 0) | long["n"].isna()][["month", "product", "reason", "n", "note"]]


def write_terms(folder: Path, title: str, known: Facts) -> list[Path]:
    """Write CITATION.cff (how to cite the report) and LICENSE.md (the terms of its parts) into `folder`; return their paths."""
    given = {"title": title, "facts": known, "date": numbers.date(known.last_capture), "licence": LICENCE}
    written = []
    for name in ("CITATION.cff", "LICENSE.md"):
        path = folder / name
        path.write_text(environment().overlay(finalize=lambda value: value).get_template(f"{name}.jinja").render(given), encoding="utf-8")
        written.append(path)
    return written
