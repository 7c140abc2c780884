"""From a figure back to its complaints: redacted text, the deciding words, the rule, the source and the capture's digest."""

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
from kamen_analysis.report.marks import UNSEEN as _UNSEEN
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.rules import rule_name

BODY_CHARACTERS = 400
BUDGET_BYTES = 4_000_000
PER_CELL = (12, 6, 3, 1)
_SOON = 1 << 14  # bytes of a mask among which the first examples mostly are
Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]
Bits = np.ndarray[tuple[int], np.dtype[np.uint8]]


class Cases:
    """Finds the posts behind a cell and remembers which cells asked; `payload` is what the HTML file carries."""

    def __init__(self, measures: Measures) -> None:
        self._measures, self._posts = measures, measures.whole
        # One fixed order for every cell, unrelated to date or content: the cells then share their examples.
        self._order = np.argsort(measures.blind_order, kind="stable")
        self._place = np.empty_like(self._order)
        self._place[self._order] = np.arange(len(self._order))
        self._ordered: dict[str, Any] = {}
        self._every = self._bits(np.ones(len(self._posts), dtype=bool))
        self._used, self._filed = self._bits(_plain(measures.is_used)), self._bits(_plain(measures.is_filed))
        self._asked: dict[str, tuple[str, int, Any]] = {}
        self._masks: dict[tuple[str, Any], Bits] = {}

    def select(self, wanted: dict[str, Any]) -> pd.Series:
        """Return the ids of the counted posts that meet `wanted`, which is what `Column.cases` gives.

        Keys: any column of posts (a list: any of these); `month`, `months` (first, last); `code`, `code_b` (labels); `event` (a kind
        seen); `has`, `lacks` (a column filled, empty); `not_source`; `ids`; `set` (see `behind.ids`). With `every` posts that are not
        counted are looked at too; of a platform, or with `filed`, also the second filings of one text.
        """
        return self._posts["id"].iloc[self._order[np.flatnonzero(np.unpackbits(self._mask(wanted)))]]

    def _mask(self, wanted: dict[str, Any]) -> Bits:
        counted = self._filed if "platform" in wanted or wanted.get("filed") else self._used
        asked = [(key, tuple(value) if isinstance(value, list) else value) for key, value in wanted.items()
                 if key not in ("every", "filed")]
        found: Bits = np.bitwise_and.reduce([self._every if wanted.get("every") else counted, *(self._one(*one) for one in asked)])
        return found

    def _one(self, key: str, value: Any) -> Bits:
        key = "code" if key == "code_b" else key
        if (key, value) not in self._masks:
            self._masks[key, value] = self._found(key, value)
        return self._masks[key, value]

    def _bits(self, mask: Mask) -> Bits:
        """Return `mask` in the fixed order, a bit a post: hundreds of them have to stay."""
        return np.packbits(mask[self._order])

    def _first(self, mask: Bits, most: int) -> Any:
        """Return the rows of the first `most` posts of `mask`."""
        some = np.flatnonzero(mask[:_SOON])[:most]
        some = some if len(some) == most else np.flatnonzero(mask)[:most]
        return self._order[(8 * some[:, None] + np.arange(8))[np.unpackbits(mask[some]).astype(bool).reshape(-1, 8)][:most]]

    def _found(self, key: str, value: Any) -> Bits:
        if key in ("code", "event"):
            return self._of_table(key, value)
        if key == "set":
            return self._rowed(behind.ids(self._measures, value).to_numpy())
        if key in ("month", "months"):
            first, last = value if key == "months" else (value, value)
            return self._coded("months", self._measures.months, lambda names: (names >= first) & (names <= last))
        column = self._posts["id" if key == "ids" else "source" if key == "not_source" else value if key in ("has", "lacks") else key]
        if key in ("has", "lacks"):
            return self._bits(_plain(column.notna() == (key == "has")))
        values = [*value] if isinstance(value, tuple) else [value]
        if isinstance(column.dtype, pd.CategoricalDtype):
            return self._coded(str(column.name), column, lambda names: names.isin(values) ^ (key == "not_source"))
        return self._bits(_plain(column.isin(values)))

    def _coded(self, name: str, column: pd.Series, are_wanted: Callable[[pd.Index], Any]) -> Bits:
        """Return the posts whose category in `column` is wanted: each category is looked at once, a post only by its number."""
        if name not in self._ordered:
            self._ordered[name] = column.cat.codes.to_numpy()[self._order]
        return np.packbits(np.append(are_wanted(column.cat.categories), False)[self._ordered[name]])

    def _of_table(self, key: str, value: str) -> Bits:
        table, column = (self._measures.labels, "code") if key == "code" else (self._measures.events, "kind")
        return self._rowed(table.loc[table[column] == value, "post_id"].to_numpy())

    def _rowed(self, rows: Any) -> Bits:
        found = np.zeros(len(self._posts), dtype=bool)
        found[self._place[rows]] = True
        return np.packbits(found)

    def key(self, wanted: dict[str, Any], count: int | None = None) -> str | None:
        """Return the key under which the posts meeting `wanted` are embedded; None when there are none, or not `count` of them."""
        name = json.dumps(wanted, ensure_ascii=False, sort_keys=True)
        if name not in self._asked:
            mask = self._mask(wanted)
            self._asked[name] = (f"c{len(self._asked)}", int(np.bitwise_count(mask).sum()), self._first(mask, PER_CELL[0]))
        key, n, _ = self._asked[name]
        return key if n and count in (None, n) else None

    def payload(self) -> dict[str, Any]:
        """Return {cells: {key: {n, ids}}, posts: {id: case}}, with as many examples a cell as the file's budget allows."""
        shown: dict[str, Any] = {"cells": {}, "posts": {}}
        rows = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *(found for _, _, found in self._asked.values())]))
        names = dict(zip(rows.tolist(), self._posts["id"].iloc[rows], strict=True))
        asked = [(key, n, [names[row] for row in found.tolist()]) for key, n, found in self._asked.values() if n]
        known = self._describe(np.array(sorted(names, key=names.__getitem__), dtype=np.int64))
        for most in PER_CELL:
            kept = {key: {"n": n, "ids": ids[:most]} for key, n, ids in asked}
            wanted = {post_id for _, _, ids in asked for post_id in ids[:most]}
            shown = {"cells": kept, "posts": {post_id: case for post_id, case in known.items() if post_id in wanted}}
            if len(json.dumps(shown, ensure_ascii=False).encode()) <= BUDGET_BYTES:
                break
        return shown

    def _describe(self, wanted: Any) -> dict[str, dict[str, Any]]:
        posts = self._measures.worded(wanted)
        refuse_if_personal("posts", posts[["title", "body"]])
        spans: dict[int, list[Evidence]] = defaultdict(list)
        labels = self._measures.labels
        for row in labels[labels["post_id"].isin(posts["post_id"])].to_dict("records"):
            by = DECIDED_ZH.get(row["decided_by"], row["decided_by"])
            spans[row["post_id"]].append(Evidence(row["start"], row["end"], row["field"], row["code"], rule_name(row["rule"]), by))
        rows = self._measures.named(posts).to_dict("records")
        return {str(row["id"]): _case(row, spans[row["post_id"]]) for row in rows}


def _plain(mask: Any) -> Mask:
    found: Mask = mask.to_numpy(bool)
    return found


DECIDED_ZH = {"human": "人工", "rule": "规则", "model": "模型", "vote": "规则与模型一致", "llm": "大模型"}


class Evidence(NamedTuple):
    """One deciding span: offsets into a field of the redacted text, the reason, the rule's Chinese name and who decided."""

    start: int
    end: int
    field: str
    code: str
    rule: str
    by: str


def parts(text: str, spans: list[Evidence], at: int, until: int) -> list[list[str]]:
    """Return text[at:until] in pieces [words, rule that marks them or ""], legible; of overlapping spans the first counts."""
    found, here = [], at
    for span in sorted(spans):
        if here <= span.start < span.end <= min(until, len(text)):
            found += [[text[here: span.start], ""], [text[span.start: span.end], span.rule]]
            here = span.end
    pieces = [[drawable(_UNSEEN.sub("", words)), rule] for words, rule in (*found, [text[here: until], ""])]
    return [piece for piece in pieces if piece[0]]


def _case(row: dict[Hashable, Any], spans: list[Evidence]) -> dict[str, Any]:
    # The shown part of a long body must hold its deciding words.
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
