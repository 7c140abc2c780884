"""The report's tables as Excel and CSV: all rows, typed, with notes; no cell can be read as a formula."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from kamen_analysis.charts import numbers
from kamen_analysis.report.marks import plain
from kamen_analysis.report.tables import Column, Table, defined
from kamen_analysis.tabular.guard import guarded

FORMATS = {"count": "#,##0", "share": "0.0%", "points": "+0.0;-0.0;0.0", "yuan": '#,##0.00" 元"', "days": '0.0" 日"', "ratio": "0.00",
           "date": "yyyy-mm-dd"}
_ADDED = re.compile("[：（]")
_MEASURED = re.compile(r"[+-]?[\d,]+(\.\d+)?\s*(%|个?百分点|元|件|日)?")
_SHEET = re.compile(r"[\[\]:*?/\\'：“”，]")


def heads(table: Table) -> list[tuple[Column, str, str]]:
    """Return (column, key in the frame, heading) of each exported column; an interval is exported as two columns, its ends."""
    exported: list[tuple[Column, str, str]] = []
    for before, column in zip((None, *table.columns), table.columns, strict=False):
        if column.high:
            # An interval is named after the column before it, other bounds by their own heading ("敏感性上下限（%）").
            name = f"{before.head if before else ''} 95% " if "95%" in column.head else column.head.partition("上下限")[0]
            exported += [(column, column.key, f"{name}下限"), (column, column.high, f"{name}上限")]
        else:
            exported.append((column, column.key, column.head))
    return exported


def write_csv(table: Table, path: Path) -> None:
    """Write all rows of `table` as CSV: UTF-8 with the byte-order mark that Excel needs, numbers unrounded, missing values empty."""
    columns = heads(table)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow([head for _, _, head in columns])
        out.writerows([_plain(column, row[key]) for column, key, _ in columns] for row in table.rows())


def _plain(column: Column, value: Any) -> Any:
    if numbers.is_missing(value):
        return ""
    if column.kind == "date":
        return numbers.date(value)
    if column.is_number:
        return _number(column, value)
    words = plain(value)
    # A cell that is only a number with its unit ("-3.1 个百分点") cannot be a formula and stays as it is.
    return words if _MEASURED.fullmatch(words) else guarded(words)


def _number(column: Column, value: Any) -> Any:
    # A difference of shares is exported in percentage points, as its heading says.
    if column.kind == "count":
        return round(value)
    return round(100 * value, 6) if column.kind == "points" else value


def write_workbook(tables: Sequence[Table], path: Path, about: list[str], mark: str, created: pd.Timestamp | None = None,
                   numbered: dict[str, str] | None = None) -> Path:
    """Write a workbook with a sheet of notes and definitions and one sheet per table; `mark` stands on every sheet and printed page.

    `numbered`: the number of each table in the report (tables without one are called 附表); None: tables are numbered in their order.
    """
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "nan_inf_to_errors": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        # Not the present time, so that the same data gives the same file.
        at = pd.Timestamp(2000, 1, 1) if created is None or pd.isna(created) else created.tz_localize(None)
        book.set_properties({"title": about[0], "created": at.to_pydatetime()})
        names = _names(tables, numbered)
        _notes(book, about, tables, names, mark)
        styles = {kind: book.add_format({"num_format": code, "valign": "top"}) for kind, code in FORMATS.items()}
        styles["text"] = book.add_format({"text_wrap": True, "valign": "top"})
        for table in tables:
            _sheet(book, names[table.key], table, styles, mark)
    return path


def _names(tables: Sequence[Table], numbered: dict[str, str] | None) -> dict[str, str]:
    # Excel allows 31 characters: the part of a title after a colon or in brackets is left out, unless two titles are equal without it.
    short = [_ADDED.split(table.title)[0] for table in tables]
    names: dict[str, str] = {}
    for table, head in zip(tables, short, strict=True):
        extra = len(names) + 1 - len(numbered or {})
        number = f"{extra:02d}" if numbered is None else numbered.get(table.key, f"附表{extra}").replace(" ", "")
        words = head if short.count(head) == 1 else table.title.replace("：", "·")
        names[table.key] = f"{number} {_SHEET.sub('', words)}"[:31]
    return names


def _notes(book: Any, about: list[str], tables: Sequence[Table], names: dict[str, str], mark: str) -> None:
    sheet, bold, wrap = book.add_worksheet("说明"), book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    link = book.add_format({"bold": True, "font_color": "#0B4F8A", "underline": 1, "valign": "top"})
    sheet.set_column(0, 0, 46)
    sheet.set_column(1, 1, 100)
    lines = [(mark, "合成帖子，不反映任何真实平台，不得引用。")] if mark else []
    lines += [("报告", about[0]), *(("", line) for line in about[1:]), ("", "")]
    for table in tables:
        lines.append((names[table.key], f"{table.title}。{table.note.rstrip('。')}{'。' if table.note else ''}{defined(table)}"))
    for i, (left, right) in enumerate(lines):
        if left in names.values():
            sheet.write_url(i, 0, f"internal:'{left}'!A1", link, left)
        else:
            sheet.write_string(i, 0, left, bold)
        sheet.write_string(i, 1, plain(right), wrap)
    _paper(sheet)


def _sheet(book: Any, name: str, table: Table, styles: dict[str, Any], mark: str) -> None:
    sheet, columns = book.add_worksheet(name), heads(table)
    head_style = {"bold": True, "bottom": 1, "bg_color": "#E9F1F8", "text_wrap": True, "valign": "top"}
    bold, right = book.add_format(head_style), book.add_format({**head_style, "align": "right"})
    sheet.write_string(0, 0, f"{mark}　{table.title}" if mark else table.title, book.add_format({"bold": True, "font_size": 13}))
    sheet.write_string(1, 0, plain(table.note), book.add_format({"font_color": "#4A5663"}))
    for j, (column, _, head) in enumerate(columns):
        sheet.write_string(2, j, head, right if column.is_number else bold)
        sheet.set_column(j, j, 14 if column.is_number or column.kind == "date" else _width(table, column))
    for i, row in enumerate(table.rows(), 3):
        for j, (column, key, _) in enumerate(columns):
            _write(sheet, i, j, column, row[key], styles)
    if table.frame.empty:
        sheet.write_string(3, 0, "本期没有可列的数据。")
    sheet.freeze_panes(3, 1)
    if len(table.frame):
        sheet.autofilter(2, 0, 2 + len(table.frame), len(columns) - 1)
    sheet.set_landscape()
    _paper(sheet)
    sheet.repeat_rows(2)
    sheet.set_footer(f"&L{mark}&C{name}&R第 &P 页，共 &N 页")


def _paper(sheet: Any) -> None:
    """Set a sheet to print on A4, one page wide."""
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _width(table: Table, column: Column) -> int:
    """Return the width of a text column in characters, by its longest cell."""
    longest = max((len(str(value)) for value in table.frame[column.key]), default=0) if column.key in table.frame else 0
    return min(max(24, 2 * longest), 60)


def _write(sheet: Any, i: int, j: int, column: Column, value: Any, styles: dict[str, Any]) -> None:
    if numbers.is_missing(value):
        return
    style = styles.get(column.kind)
    if column.kind == "date":
        sheet.write_datetime(i, j, pd.Timestamp(value).to_pydatetime().replace(tzinfo=None), style)
    elif column.is_number:
        sheet.write_number(i, j, float(_number(column, value)), style)
    else:
        sheet.write_string(i, j, plain(value), style)
