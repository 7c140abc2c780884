"""Cut one post out of a captured page: an item of a JSON list, a row of a table; any other page about the post goes as a whole."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

from kamen_analysis.captures.page import Page

# Characters; a shorter number would occur in running text by chance.
_UNMISTAKABLE = 6


def without(page: Page, number: str) -> bytes | None:
    """Return the body of `page` without the post `number` (or an address without its scheme).

    Empty if the page must go as a whole, None if the post is not in it.
    """
    is_unmistakable = len(number) >= _UNMISTAKABLE
    if is_unmistakable and (_within(page.url, number) or _within(page.requested, number)):
        return b""
    for part, cut in _CUTTERS.items():
        if part in page.content_type:
            return cut(page, number)
    return b"" if is_unmistakable and _within(page.text(), number) else None


def _within(text: str, number: str) -> bool:
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(number)}(?![A-Za-z0-9])", text) is not None


def _is(value: Any, number: str) -> bool:
    """Return whether a cell is the number, or an address that holds it."""
    text = str(value).strip()
    return text == number or ("/" in text and " " not in text and _within(text, number))


def _names(item: Any, number: str) -> bool:
    """Return whether a JSON value is the number, or holds it somewhere."""
    if isinstance(item, dict | list):
        return any(_names(value, number) for value in (item.values() if isinstance(item, dict) else item))
    return _is(item, number)


def _drop(item: Any, number: str) -> Any:
    """Return a JSON value without the innermost records (objects in a list) that name the post."""
    if isinstance(item, dict):
        return {key: _drop(value, number) for key, value in item.items()}
    if not isinstance(item, list):
        return item
    kept = [(value, _drop(value, number) if _names(value, number) else value) for value in item]
    # An item that still names the post, not inside a list of its own, is dropped from this list.
    return [after for _, after in kept if not _names(after, number)]


def _json(page: Page, number: str) -> bytes | None:
    """Cut the post out of JSON or JSONP; the text around the JSON (a callback, try and catch) stays."""
    text = page.text().strip()
    start, end = min((i for i in (text.find("{"), text.find("[")) if i >= 0), default=0), len(text)
    decoder = json.JSONDecoder()
    while start < end:
        try:
            whole, end = decoder.raw_decode(text, start)
        except ValueError:
            # For example try{callback({…}: the first brace belongs to the script.
            start = min((i for i in (text.find("{", start + 1), text.find("[", start + 1)) if i >= 0), default=end)
            continue
        return _without_record(text[:start], whole, text[end:], number) if _names(whole, number) else None
    return b"" if _within(text, number) else None


def _without_record(head: str, whole: Any, tail: str, number: str) -> bytes:
    kept = _drop(whole, number)
    # If the post is named outside any list, the whole page is about it.
    return b"" if _names(kept, number) else _encode(head + json.dumps(kept, ensure_ascii=False) + tail)


def _lines(page: Page, number: str) -> bytes | None:
    lines = page.text().splitlines(keepends=True)
    kept = [line for line in lines if not _line_names(line, number)]
    return _encode("".join(kept)) if len(kept) < len(lines) else None


def _line_names(line: str, number: str) -> bool:
    try:
        return _names(json.loads(line), number)
    except ValueError:
        return _within(line, number)


def _rows(page: Page, number: str) -> bytes | None:
    mark = "\t" if "tab" in page.content_type else ","
    rows = list(csv.reader(io.StringIO(page.text(), newline=""), delimiter=mark))
    kept = [row for row in rows if not any(_is(cell, number) for cell in row)]
    out = io.StringIO()
    csv.writer(out, delimiter=mark).writerows(kept)
    return _encode(out.getvalue()) if len(kept) < len(rows) else None


def _sheet(page: Page, number: str) -> bytes | None:
    import openpyxl

    book, out, found = openpyxl.load_workbook(io.BytesIO(page.body)), io.BytesIO(), 0
    for sheet in book.worksheets:
        hits = [cells[0].row for cells in sheet.iter_rows() if any(_is(cell.value, number) for cell in cells)]
        for row in reversed(hits):
            sheet.delete_rows(row)
        found += len(hits)
    book.save(out)
    return out.getvalue() if found else None


def _parquet(page: Page, number: str) -> bytes | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table, out = pq.read_table(pa.BufferReader(page.body)), io.BytesIO()
    keep = [not any(_is(value, number) for value in row.values()) for row in table.to_pylist()]
    pq.write_table(table.filter(pa.array(keep, pa.bool_())), out)
    return None if all(keep) else out.getvalue()


def _encode(text: str) -> bytes:
    # With a byte order mark, which readers believe more than a header that still says GBK.
    return text.encode("utf-8-sig")


_CUTTERS: dict[str, Callable[[Page, str], bytes | None]] = {
    "ndjson": _lines, "json": _json, "javascript": _json, "csv": _rows, "tab-separated": _rows, "spreadsheetml": _sheet,
    "parquet": _parquet,
}
