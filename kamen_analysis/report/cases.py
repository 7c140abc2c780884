"""The drill-down from a figure to its complaints: redacted text, deciding words, rule, source and digest of the capture."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from kamen_analysis.charts import numbers
from kamen_analysis.charts.style import drawable
from kamen_analysis.redact.door import refuse_if_personal
from kamen_analysis.report import behind
from kamen_analysis.report.gate import refuse_unfit_captures
from kamen_analysis.report.marks import UNSEEN as _UNSEEN
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.rules import rule_name

BODY_CHARACTERS = 400
BUDGET_BYTES = 4_000_000
PER_CELL = (12, 6, 3, 1)  # examples per cell: the first of these numbers that keeps the file within the budget
_HEAD = 1 << 14  # first bytes of a mask, which mostly contain enough examples
Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]
Bits = np.ndarray[tuple[int], np.dtype[np.uint8]]


class Cases:
    """Finds the posts behind the cells of tables, and remembers the cells; `payload` is what the HTML file contains.

    A set of posts is a bit mask, packed into bytes, over the posts in one fixed order: hundreds of masks are kept.
    """

    def __init__(self, measures: Measures) -> None:
        self._measures, self._posts = measures, measures.whole
        # The order has nothing to do with date or content, and is the same for every cell, so that cells share their examples.
        self._order = np.argsort(measures.blind_order, kind="stable")
        self._place = np.empty_like(self._order)
        self._place[self._order] = np.arange(len(self._order))
        self._ordered: dict[str, Any] = {}
        self._every = self._bits(np.ones(len(self._posts), dtype=bool))
        self._used, self._filed = self._bits(_as_mask(measures.is_used)), self._bits(_as_mask(measures.is_filed))
        self._asked: dict[str, tuple[str, int, Any]] = {}
        self._masks: dict[tuple[str, Any], Bits] = {}

    def select(self, wanted: dict[str, Any]) -> pd.Series:
        """Return the ids of the counted posts that match the filter `wanted`, as returned by `Column.cases`.

        Keys: any column of posts (a list of values: any of them); `month`, `months` (first, last); `code`, `code_b` (labels); `event`
        (kind of an event); `has`, `lacks` (a column that is filled or empty); `not_source`; `ids`; `set` (see `behind.ids`). With `every`
        uncounted posts match too; with `platform` or `filed` also filings of one text against further platforms.
        """
        return self._posts["id"].iloc[self._order[np.flatnonzero(np.unpackbits(self._mask(wanted)))]]

    def _mask(self, wanted: dict[str, Any]) -> Bits:
        counted = self._filed if "platform" in wanted or wanted.get("filed") else self._used
        conditions = [(key, tuple(value) if isinstance(value, list) else value) for key, value in wanted.items()
                      if key not in ("every", "filed")]
        mask: Bits = np.bitwise_and.reduce([self._every if wanted.get("every") else counted, *(self._matching(*one) for one in conditions)])
        return mask

    def _matching(self, key: str, value: Any) -> Bits:
        """Return the posts that match one condition of a filter, computed once."""
        key = "code" if key == "code_b" else key
        if (key, value) not in self._masks:
            self._masks[key, value] = self._match(key, value)
        return self._masks[key, value]

    def _bits(self, mask: Mask) -> Bits:
        """Return `mask` (by row) in the fixed order, packed."""
        return np.packbits(mask[self._order])

    def _first(self, mask: Bits, most: int) -> Any:
        """Return the rows of the first `most` posts of `mask`, in the fixed order."""
        filled = np.flatnonzero(mask[:_HEAD])[:most]  # bytes with at least one post
        filled = filled if len(filled) == most else np.flatnonzero(mask)[:most]
        return self._order[(8 * filled[:, None] + np.arange(8))[np.unpackbits(mask[filled]).astype(bool).reshape(-1, 8)][:most]]

    def _match(self, key: str, value: Any) -> Bits:
        if key in ("code", "event"):
            return self._in_table(key, value)
        if key == "set":
            return self._of_rows(behind.ids(self._measures, value).to_numpy())
        if key in ("month", "months"):
            first, last = value if key == "months" else (value, value)
            return self._of_categories("months", self._measures.months, lambda names: (names >= first) & (names <= last))
        column = self._posts["id" if key == "ids" else "source" if key == "not_source" else value if key in ("has", "lacks") else key]
        if key in ("has", "lacks"):
            return self._bits(_as_mask(column.notna() == (key == "has")))
        values = [*value] if isinstance(value, tuple) else [value]
        if isinstance(column.dtype, pd.CategoricalDtype):
            return self._of_categories(str(column.name), column, lambda names: names.isin(values) ^ (key == "not_source"))
        return self._bits(_as_mask(column.isin(values)))

    def _of_categories(self, name: str, column: pd.Series, are_wanted: Callable[[pd.Index], Any]) -> Bits:
        """Return the posts whose category in `column` is wanted, testing each category once and not each post."""
        if name not in self._ordered:
            self._ordered[name] = column.cat.codes.to_numpy()[self._order]
        return np.packbits(np.append(are_wanted(column.cat.categories), False)[self._ordered[name]])

    def _in_table(self, key: str, value: str) -> Bits:
        table, column = (self._measures.labels, "code") if key == "code" else (self._measures.events, "kind")
        return self._of_rows(table.loc[table[column] == value, "post_id"].to_numpy())

    def _of_rows(self, rows: Any) -> Bits:
        mask = np.zeros(len(self._posts), dtype=bool)
        mask[self._place[rows]] = True
        return np.packbits(mask)

    def key(self, wanted: dict[str, Any], count: int | None = None) -> str | None:
        """Return the key of the cell of posts that match `wanted`; None if there are none or, given `count`, not exactly that many."""
        name = json.dumps(wanted, ensure_ascii=False, sort_keys=True)
        if name not in self._asked:
            mask = self._mask(wanted)
            self._asked[name] = (f"c{len(self._asked)}", int(np.bitwise_count(mask).sum()), self._first(mask, PER_CELL[0]))
        key, n, _ = self._asked[name]
        return key if n and count in (None, n) else None

    def payload(self) -> dict[str, Any]:
        """Return {cells: {key: {n, ids}}, posts: {id: case}}, with as many examples per cell as BUDGET_BYTES allows."""
        shown: dict[str, Any] = {"cells": {}, "posts": {}}
        rows = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *(examples for _, _, examples in self._asked.values())]))
        ids_of = dict(zip(rows.tolist(), self._posts["id"].iloc[rows], strict=True))
        cells = [(key, n, [ids_of[row] for row in examples.tolist()]) for key, n, examples in self._asked.values() if n]
        cases = self._describe(np.array(sorted(ids_of, key=ids_of.__getitem__), dtype=np.int64))
        for most in PER_CELL:
            kept = {key: {"n": n, "ids": ids[:most]} for key, n, ids in cells}
            wanted = {post_id for _, _, ids in cells for post_id in ids[:most]}
            shown = {"cells": kept, "posts": {post_id: case for post_id, case in cases.items() if post_id in wanted}}
            if len(json.dumps(shown, ensure_ascii=False).encode()) <= BUDGET_BYTES:
                break
        return shown

    def _describe(self, wanted: Any) -> dict[str, dict[str, Any]]:
        posts = self._measures.worded(wanted)
        home = self._measures.home
        refuse_unfit_captures(posts, home)
        refuse_if_personal("posts", posts[["title", "body"]], home.processed)
        spans: dict[int, list[Evidence]] = defaultdict(list)
        labels = self._measures.labels
        for row in labels[labels["post_id"].isin(posts["post_id"])].to_dict("records"):
            by = DECIDED_ZH.get(row["decided_by"], row["decided_by"])
            spans[row["post_id"]].append(Evidence(row["start"], row["end"], row["field"], row["code"], rule_name(row["rule"]), by))
        rows = self._measures.named(posts).to_dict("records")
        return {str(row["id"]): _case(row, spans[row["post_id"]]) for row in rows}


def _as_mask(column: Any) -> Mask:
    mask: Mask = column.to_numpy(bool)
    return mask


DECIDED_ZH = {"human": "人工", "rule": "规则", "model": "模型", "vote": "规则与模型一致", "llm": "大模型"}


class Evidence(NamedTuple):
    """The words that decided a label: offsets in a field of the redacted text, reason, Chinese names of the rule and of who decided."""

    start: int
    end: int
    field: str
    code: str
    rule: str
    by: str


def parts(text: str, spans: list[Evidence], at: int, until: int) -> list[list[str]]:
    """Cut text[at:until] into pieces [words, rule whose evidence they are, or ""]; of overlapping spans only the first is marked.

    Characters that cannot be seen or drawn are replaced as by `style.drawable`.
    """
    pieces, here = [], at
    for span in sorted(spans):
        if here <= span.start < span.end <= min(until, len(text)):
            pieces += [[text[here: span.start], ""], [text[span.start: span.end], span.rule]]
            here = span.end
    legible = [[drawable(_UNSEEN.sub("", words)), rule] for words, rule in (*pieces, [text[here: until], ""])]
    return [piece for piece in legible if piece[0]]


def _case(row: dict[Hashable, Any], spans: list[Evidence]) -> dict[str, Any]:
    # Of a long body the part around the first deciding words is shown.
    start = min((s.start for s in spans if s.field == "body"), default=0)
    at = max(0, min(start - BODY_CHARACTERS // 4, len(row["body"]) - BODY_CHARACTERS))
    until = at + BODY_CHARACTERS
    body = parts(row["body"], [s for s in spans if s.field == "body"], at, until)
    return {
        "title": parts(row["title"], [s for s in spans if s.field == "title"], 0, len(row["title"])),
        "body": [*([["…", ""]] if at else []), *body, *([["…", ""]] if until < len(row["body"]) else [])],
        "rules": [[s.code, s.rule, s.by] for s in spans], "source": row["source_zh"],
        "platform": None if numbers.is_missing(row["platform"]) else row["platform"],
        "date": numbers.date(row["posted_at"]), "capture": f"{row['capture_file']}:{row['capture_offset']}",
        "digest": row["capture_digest"],
    }
