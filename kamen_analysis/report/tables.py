"""The tables of the report: a frame, the kinds of its columns, and its rendering as Markdown; Excel and CSV use the same object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from kamen_analysis.charts import numbers
from kamen_analysis.metrics.captions import LINES
from kamen_analysis.report.marks import Md, escape, plain, span

Kind = Literal["text", "count", "share", "points", "yuan", "days", "ratio", "date", "digest"]
WRITE: dict[str, Callable[[Any], str]] = {
    "count": numbers.count, "share": numbers.percent, "points": numbers.signed, "yuan": numbers.yuan, "days": numbers.days,
    "ratio": numbers.ratio, "date": numbers.date,
}


@dataclass(frozen=True)
class Column:
    """One column: key in the frame, Chinese heading, kind; if `key` is the lower end of an interval, `high` is the key of its upper end.

    `cases` returns for a row the filter (see `cases.Cases.select`) of the complaints behind the figure, or None.
    """

    key: str
    head: str
    kind: Kind = "text"
    high: str | None = None
    cases: Callable[[Any], dict[str, Any] | None] | None = None

    @property
    def is_number(self) -> bool:
        """Whether the column is numeric and so aligned right."""
        return self.kind not in ("text", "date", "digest")

    def write(self, row: Any) -> str:
        """Return the text of the cell in `row` (a mapping)."""
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
    """A table: key (its file name and anchor), title, frame, columns, note, and definitions as returned by `metrics.caption`.

    `limit`: how many rows are shown in a document, counted from the end if negative; CSV and Excel have all.
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
        """Return the rows that are shown in a document."""
        return self.rows()[: self.limit] if self.limit > 0 else self.rows()[self.limit:]

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows as dicts."""
        return [{str(key): value for key, value in row.items()} for row in self.frame.to_dict("records")]


LABELS = tuple(LINES.items())


def defined(table: Table, labels: tuple[tuple[str, str], ...] = LABELS) -> str:
    """Return the definitions of a table as Chinese sentences, each starting with its label."""
    return "".join(f"{name}：{table.definition[key]}。" for key, name in labels if table.definition.get(key))


Opener = Callable[[dict[str, Any], int | None], str | None]


def markdown(table: Table, number: str, opens: Opener) -> Md:
    """Return `table` as a Markdown pipe table with the caption "`number` title".

    `opens` returns the key under which the drill-down has the complaints of a filter (and of a count), or None.
    """
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
    # A count is a link only if its filter finds exactly that many complaints.
    key = opens(wanted, int(row[column.key]) if column.kind == "count" else None) if wanted is not None else None
    return span(text, "cases", cases=key) if key else escape(text) or Md("\u00a0")


def _is_idle(table: Table, column: Column) -> bool:
    """Return whether the column of notes is the same in every row; a single note is then printed below the table."""
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
