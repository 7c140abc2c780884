"""A user's table: CSV, TSV, XLSX, JSON, JSONL or Parquet, one post per row, columns by a mapping (see `columns`).

Title rows above the header are skipped. A post's id is that of its row if it is long enough to be unique; otherwise it is made from the
row's text, so that the same row in another export, or with a newer status, is the same post.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from kamen_analysis import tabular
from kamen_analysis.captures.page import Page
from kamen_analysis.errors import KamenError
from kamen_analysis.records import EVENT_KINDS
from kamen_analysis.redact.checks import identifies
from kamen_analysis.sources import audit, columns
from kamen_analysis.sources.base import RawPost, Reject, Step, Unreadable
from kamen_analysis.tabular import forms

KEY = "table"
NAME_ZH = "用户表格"
HOME = ""
TERMS = "由使用者提供，来源与许可由使用者说明"
HOSTS: tuple[str, ...] = ()
PAUSE_S = 0.0
EXPECT = (1, 100_000_000)
FILL: dict[str, float] = {}
SYNTHETIC = False
FIELDS: dict[str, str] = {}  # given by the mapping
IGNORED: frozenset[str] = frozenset()
STATUS = {status: kind for mapping in columns.known() for status, kind in mapping.statuses.items()}
SITE = "(?!)"
STEPS = {f"{kind}$": kind for kind in EVENT_KINDS}

_SURE_ID = re.compile(r"[\w:-]{8,80}", re.ASCII)
_SHOWN_ID = re.compile(r"[\w:./#-]{1,80}", re.ASCII)  # characters of a number: a column of ids may hold names
_ROUNDED = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+")  # Excel's form of a long number, whose last digits are lost
_YES = frozenset({"true", "1", "是", "yes", "演示数据"})
_BAD = "\x00"  # the only column of a row that cannot be read; no real column has this name
_HEADER_WITHIN = 50  # rows


def pages(base: str = HOME) -> list[str]:
    """Return nothing: tables are imported."""
    return []


def links(page: Page) -> list[str]:
    """Return nothing: tables are imported."""
    return []


def parse(page: Page, mapping: columns.Mapping | None = None) -> Iterator[RawPost | Reject]:
    """Yield a post for each row of a table, by `mapping` or else by the known mapping that fits its header best."""
    finder = _Finder(mapping)
    ordinals: Counter[bytes] = Counter()
    try:
        for record in tabular.read_bytes(page.body, name_of(page), finder.is_header, lambda said: {_BAD: said}):
            layout = finder.layout(tuple(record))
            if layout.has_text:
                yield _post(record, layout, ordinals)
            elif _BAD in record:
                yield Reject("damaged_row", record[_BAD])
            else:
                yield Reject("unknown_columns", "没有认得出的标题列或正文列；可用 --mapping 指定")
    except KamenError as error:
        raise Unreadable("damaged", str(error)) from None
    if not finder.found:
        raise Unreadable("unknown_columns", "前 50 行里没有认得出的表头；可用 --mapping 指定")


def layout_of(path: Path, mapping: columns.Mapping | None = None) -> columns.Layout:
    """Return which column of a table is read as what; raise KamenError if its header cannot be found."""
    finder = _Finder(mapping)
    with path.open("rb") as file:
        first = next(forms.read(file, path.name, path.suffix.lower(), finder.is_header), None)
    if first is None or not finder.layout(tuple(first)).has_text:
        raise KamenError(f"{path.name}：没有认得出的标题列或正文列，请用 --mapping 指定列名对照")
    return finder.layout(tuple(first))


def header_finder(mapping: columns.Mapping | None = None) -> Callable[[list[str]], bool]:
    """Return a function that tells whether a row (its cells as text) is the header of a table."""
    return lambda cells: _Finder(mapping).is_header(cells)


def name_of(page: Page) -> str:
    """Return the name of the file a page was imported from."""
    return unquote(urlsplit(page.url).path).rpartition("/")[2]


class _Finder:
    """Finds the header among the first rows of a table, and the layout of its columns; rows of JSON may have different columns."""

    def __init__(self, mapping: columns.Mapping | None) -> None:
        self.mapping, self.rows, self.found = mapping, 0, False
        self.layouts: dict[tuple[str, ...], columns.Layout] = {}

    def layout(self, names: tuple[str, ...]) -> columns.Layout:
        self.found = True
        if names not in self.layouts:
            self.layouts[names] = columns.fit(self.mapping, names) if self.mapping else columns.guess(names)
        return self.layouts[names]

    def is_header(self, cells: list[str]) -> bool:
        self.rows += 1
        if self.rows > _HEADER_WITHIN:
            return False
        layout = columns.fit(self.mapping, cells) if self.mapping else columns.guess(cells)
        is_only_column = sum(bool(cell.strip()) for cell in cells) == 1
        self.found = layout.has_text and (is_only_column or len(layout.fields) >= 2)
        return self.found


def _post(record: dict[str, Any], layout: columns.Layout, ordinals: Counter[bytes]) -> RawPost:
    taken: dict[str, Any] = {}
    for header, name in layout.fields.items():
        cell = record[header]
        if cell := cell.strip() if type(cell) is str else as_written(cell):
            taken[name] = cell
    notes = [("unknown_field", audit.told(header, 40), audit.shape(cell)) for header in layout.unused
             if (cell := as_written(record[header])) is not None]
    given = taken.get("id")
    if given and _ROUNDED.fullmatch(given):
        notes.append(("damaged_id", "编号", audit.shape(given)))
        given = None
    if given and identifies(given) and given not in str(taken.get("url", "")):
        notes.append(("personal_id", "编号", audit.shape(given)))
        given = None
    taken["id"] = given if given and _SURE_ID.fullmatch(given) else _made_id(given, taken, ordinals)
    if "synthetic" in taken:
        taken["synthetic"] = taken["synthetic"].lower() in _YES
    if layout.times:
        times = ((kind, as_written(record[header])) for header, kind in layout.times.items())
        taken["steps"] = [Step(who="", what=kind, at=at, text="") for kind, at in times if at is not None]
    proved = layout.mapping.statuses.get(taken.get("status", ""))
    if proved:
        taken["proved"] = proved
    if notes:
        taken["notes"] = notes
    return cast(RawPost, taken)


def _made_id(given: str | None, taken: dict[str, Any], ordinals: Counter[bytes]) -> str:
    """Return an id made of the given one, a digest of the row's text, and, for a repeated row, its ordinal number."""
    words = "\x1f".join("".join(str(taken.get(name, "")).split()) for name in ("title", "body", "target", "appeal"))
    digest = hashlib.sha256(f"{given or ''}\x1f{words}".encode("utf-8", "replace")).digest()[:8]
    ordinals[digest] += 1
    shown = given if given and _SHOWN_ID.fullmatch(given) else ""
    return "-".join(filter(None, (shown, digest.hex(), str(ordinals[digest]) if ordinals[digest] > 1 else "")))


def as_written(value: object) -> str | None:
    """Return a cell as text (139.0 as 139, an Excel date as ISO), None for an empty cell."""
    if value is None or isinstance(value, str):
        return (value.strip() or None) if value else None
    if isinstance(value, float):
        return None if value != value else str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        whole = value.replace(microsecond=0)
        return whole.date().isoformat() if whole.time() == time() and not whole.tzinfo else whole.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, (int, bool)) or not hasattr(value, "__iter__") else None
