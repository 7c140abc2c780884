"""A table of the report: one frame, its columns with their kinds, and its rendering as Markdown; Excel and CSV read the same object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from kamen_analysis.charts import numbers
from kamen_analysis.report.marks import Md, escape, plain, span

Kind = Literal["text", "count", "share", "points", "yuan", "days", "ratio", "date", "digest"]
WRITE: dict[str, Callable[[Any], str]] = {
    "count": numbers.count, "share": numbers.percent, "points": numbers.signed, "yuan": numbers.yuan, "days": numbers.days,
    "ratio": numbers.ratio, "date": numbers.date,
}


@dataclass(frozen=True)
class Column:
    """One column: its key in the frame, its Chinese head, its kind; `high` names the upper end where `key` is the lower end of an interval.

    `cases` gives, for a row, the filter (see `cases.Cases.select`) that finds the complaints behind the figure.
    """

    key: str
    head: str
    kind: Kind = "text"
    high: str | None = None
    cases: Callable[[Any], dict[str, Any] | None] | None = None

    @property
    def is_number(self) -> bool:
        """Whether the column is set flush right."""
        return self.kind not in ("text", "date", "digest")

    def write(self, row: Any) -> str:
        """Return the cell of `row` (a mapping) as the reader sees it."""
        value = row[self.key]
        if self.high:
            return (numbers.signed_interval if self.kind == "points" else numbers.interval)(value, row[self.high])
        if self.kind in WRITE:
            return WRITE[self.kind](value)
        if numbers.is_missing(value):
            return numbers.NOTHING
        return value if isinstance(value, Md) else plain(value)


@dataclass(frozen=True)
class Table:
    """A numbered table: key (its file name and anchor), title, frame, columns, note and definitions.

    `limit`: how many rows a document shows; where it is negative, how many of the last.
    """

    key: str
    title: str
    frame: pd.DataFrame
    columns: tuple[Column, ...]
    note: str = ""
    definition: dict[str, str] = field(default_factory=dict)
    limit: int = 40

    @property
    def anchor(self) -> str:
        """The table's anchor in the documents."""
        return f"tbl-{self.key}"

    def shown(self) -> list[dict[str, Any]]:
        """Return the rows a document shows."""
        return self.rows()[: self.limit] if self.limit > 0 else self.rows()[self.limit:]

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows as dicts."""
        return [{str(key): value for key, value in row.items()} for row in self.frame.to_dict("records")]


LABELS = (("Counts", "数什么"), ("Out of", "分母"), ("Leaves out", "不计"), ("Read with care", "读法"))


def defined(table: Table, labels: tuple[tuple[str, str], ...] = LABELS) -> str:
    """Return the definitions of a table as sentences, each begun by what it defines."""
    return "".join(f"{name}：{table.definition[key]}。" for key, name in labels if table.definition.get(key))


Opener = Callable[[dict[str, Any], int | None], str | None]


def markdown(table: Table, number: str, opens: Opener) -> Md:
    """Return `table` as a pipe table with caption `number title`; `opens` turns a case filter into the key of its complaints, if any."""
    if table.frame.empty:
        return Md(f"\n{escape(f'{table.title}：本期没有可列的数据。')}\n")
    columns = [column for column in table.columns if not _is_idle(table, column)]
    lines = [_line(escape(c.head) for c in columns), _line("---:" if c.is_number else ":---" for c in columns)]
    lines += [_line(_cell(column, row, opens) for column in columns) for row in table.shown()]
    caption = f": {escape(f'{number} {table.title}')} {{#{table.anchor} .data data-file=\"{table.key}\"}}"
    return Md("\n".join([*lines, "", caption, "", *_notes(table)]))


def _line(cells: Any) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(column: Column, row: dict[str, Any], opens: Opener) -> Md:
    text = column.write(row)
    wanted = column.cases(row) if column.cases and not numbers.is_missing(row[column.key]) else None
    # A count opens as many complaints as it says, or none: any other number would not be its own.
    key = opens(wanted, int(row[column.key]) if column.kind == "count" else None) if wanted is not None else None
    return span(text, "cases", cases=key) if key else escape(text) or Md("\u00a0")


def _is_idle(table: Table, column: Column) -> bool:
    """Return whether a column of remarks says nothing, or the same in every row (it then stands below the table)."""
    return column.key == "note" and table.frame["note"].nunique(dropna=False) == 1


def _notes(table: Table) -> list[str]:
    parts = [table.note] if table.note else []
    remarks: Any = table.frame["note"].dropna().unique() if "note" in table.frame else []
    if len(remarks) == 1 and len(table.frame["note"].dropna()) == len(table.frame) and remarks[0]:
        parts.append(f"{remarks[0]}。")
    if len(table.frame) > abs(table.limit):
        which = "前" if table.limit > 0 else "最近"
        parts.append(f"共 {numbers.count(len(table.frame))} 行，此处列{which} {abs(table.limit)} 行，全表见 tables/{table.key}.csv。")
    words = "".join([*parts, defined(table, LABELS[1:])])
    return ["::: {.note}", escape(words), ":::", ""] if words else []
