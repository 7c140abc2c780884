"""Cut one post out of a captured page: an item of a JSON list, a row of a table; any other page about the post goes as a whole."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from kamen_analysis.captures.decode import BadBody
from kamen_analysis.captures.named import in_row, mentions, names, naming
from kamen_analysis.captures.page import Page
from kamen_analysis.errors import KamenError
from kamen_analysis.tabular import forms
from kamen_analysis.tabular.separated import rows_of

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet


def without(page: Page, number: str) -> bytes | None:
    """Return the body of `page` without the post `number` (or an address without its scheme).

    Empty if the page must go as a whole, None if the post is not in it. Raises BadBody if it is a table that is damaged.
    """
    if mentions(page.url, number) or mentions(page.requested, number):
        return b""
    suffix = next((suffix for part, suffix in _SUFFIXES.items() if part in page.content_type), "")
    if suffix == ".jsonp":
        return _json(page.text(), number)
    return _table(page, suffix, number) if suffix else _whole(page.text(), number)


def _table(page: Page, suffix: str, number: str) -> bytes | None:
    """Cut the post out of a table, which is told and decoded as at import."""
    try:
        kind, encoding = forms.form_of(io.BytesIO(page.body), page.url, suffix)
    except KamenError:
        return _whole(page.text(), number)
    if kind == "xlsx":
        return _sheet(page, number)
    if kind == "parquet":
        return _parquet(page, number)
    text = page.body.decode(encoding, "replace")
    if kind == "csv":
        return _rows(text, number)
    # A site's answer is JSON too, but one value over many lines.
    is_lines = kind == "jsonl" and (suffix == ".jsonl" or sum(map(_is_object, text.split("\n"))) > 1)
    return _lines(text, number) if is_lines else _json(page.text(), number)


def _is_object(line: str) -> bool:
    return line.startswith("{") and line.rstrip().endswith("}")


def _whole(text: str, number: str) -> bytes | None:
    return b"" if mentions(text, number) else None


def _drop(item: Any, number: str) -> Any:
    """Return a JSON value without the innermost records (objects in a list) that name the post."""
    if isinstance(item, dict):
        return {key: _drop(value, number) for key, value in item.items()}
    if not isinstance(item, list):
        return item
    kept = [(value, _drop(value, number) if names(value, number) else value) for value in item]
    # An item that still names the post, not inside a list of its own, is dropped from this list.
    return [after for _, after in kept if not names(after, number)]


def _json(text: str, number: str) -> bytes | None:
    """Cut the post out of JSON or JSONP; the text around the JSON (a callback, try and catch) stays."""
    text = text.strip()
    start, end = min((i for i in (text.find("{"), text.find("[")) if i >= 0), default=0), len(text)
    decoder = json.JSONDecoder()
    while start < end:
        try:
            whole, end = decoder.raw_decode(text, start)
            return _without_record(text[:start], whole, text[end:], number) if names(whole, number) else None
        except ValueError:
            # For example try{callback({…}: the first brace belongs to the script.
            start = min((i for i in (text.find("{", start + 1), text.find("[", start + 1)) if i >= 0), default=end)
            continue
        except RecursionError:
            break
    return _whole(text, number)


def _without_record(head: str, whole: Any, tail: str, number: str) -> bytes:
    kept = _drop(whole, number)
    # If the post is named outside any list, the whole page is about it.
    return b"" if names(kept, number) else _encode(head + json.dumps(kept, ensure_ascii=False) + tail)


def _lines(text: str, number: str) -> bytes | None:
    # Not splitlines, which breaks lines at characters that JSON has inside its strings, such as U+2028.
    lines = list(io.StringIO(text, newline="\n"))
    kept = [line for line in lines if not _line_names(line, number)]
    return _encode("".join(kept)) if len(kept) < len(lines) else None


def _line_names(line: str, number: str) -> bool:
    try:
        return names(json.loads(line), number)
    except (ValueError, RecursionError):
        return mentions(line, number)


def _rows(text: str, number: str) -> bytes | None:
    """Cut rows out of CSV or TSV, the others stay as they are written; a line against the form is looked at by itself."""
    lines = io.StringIO(text, newline="")
    first = lines.readline()
    start, is_whole = 0, True
    kept: list[str] = []
    places: list[int] = []
    while start < len(text):
        lines.seek(start)
        try:
            for row in rows_of(iter(lines.readline, ""), first):
                places, end = places or naming(row), lines.tell()
                # Behind a fault, what is read as one row can be parts of several.
                is_hit = in_row(row, number, places) or not is_whole and mentions(text[start:end], number)
                kept += [] if is_hit else [text[start:end]]
                start = end
        except csv.Error:
            lines.seek(start)
            line, is_whole = lines.readline(), False
            kept += [] if mentions(line, number) else [line]
            start += len(line)
    rest = "".join(kept)
    return _encode(rest) if len(rest) < len(text) else None


def _sheet(page: Page, number: str) -> bytes | None:
    import openpyxl

    out, found = io.BytesIO(), 0
    try:
        # Formulas as such are what is stored again; what they come to (="17350000001") is what is read at import.
        book, shown = (openpyxl.load_workbook(io.BytesIO(page.body), data_only=is_shown) for is_shown in (False, True))
    except forms.BAD_XLSX:
        raise BadBody("damaged") from None
    for sheet, values in zip(book.worksheets, shown.worksheets, strict=True):
        hits = sorted(_hits(sheet, number) | _hits(values, number))
        for row in reversed(hits):
            sheet.delete_rows(row)
        found += len(hits)
    book.save(out)
    return out.getvalue() if found else None


def _hits(sheet: Worksheet, number: str) -> set[int]:
    """Return the rows of a sheet that have the number, also inside a formula, as in =HYPERLINK("…")."""
    hits: set[int] = set()
    places: list[int] = []
    for row, cells in enumerate(sheet.iter_rows(values_only=True), sheet.min_row):
        places = places or naming(cells)
        is_spelt = any(isinstance(cell, str) and cell.startswith("=") and mentions(cell, number) for cell in cells)
        hits |= {row} if is_spelt or in_row(cells, number, places) else set()
    return hits


def _parquet(page: Page, number: str) -> bytes | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table, out = pq.read_table(pa.BufferReader(page.body)), io.BytesIO()
    except (pa.ArrowException, OSError):
        raise BadBody("damaged") from None
    keep = [not names(row, number) for row in table.to_pylist()]
    pq.write_table(table.filter(pa.array(keep, pa.bool_())), out)
    return None if all(keep) else out.getvalue()


def _encode(text: str) -> bytes:
    # With a byte order mark, which readers believe more than a header that still says GBK. Half an emoji goes back to its \ud83d.
    return text.removeprefix("\ufeff").encode("utf-8-sig", "backslashreplace")


# How a table of each content type was called when it was imported.
_SUFFIXES = {"ndjson": ".jsonl", "json": ".json", "javascript": ".jsonp", "csv": ".csv", "tab-separated": ".tsv",
             "spreadsheetml": ".xlsx", "parquet": ".parquet"}
