"""From a figure back to its complaints: redacted text, the deciding words, the rule, the source and the capture's digest."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Hashable
from typing import Any

import pandas as pd

from kamen_analysis.report import numbers
from kamen_analysis.report.measures import Measures

BODY_CHARACTERS = 400
BUDGET_BYTES = 4_000_000
PER_CELL = (12, 6, 3, 1)


class Cases:
    """Finds the complaints behind a cell and remembers which cells asked; `payload` is what the HTML file carries."""

    def __init__(self, measures: Measures) -> None:
        self._labels = measures.labels
        self._events = measures.events
        posts = measures.named(measures.used)
        posts["month"] = posts["posted_at"].dt.strftime("%Y-%m")
        # One fixed order for every cell, unrelated to date or content: the cells then share their examples.
        posts["order"] = pd.util.hash_pandas_object(posts["post_id"], index=False)
        self._posts = posts.sort_values("order", ignore_index=True)
        self._row = pd.Index(self._posts["post_id"])
        self._asked: dict[str, tuple[str, pd.Series]] = {}
        self._masks: dict[tuple[str, Any], pd.Series] = {}

    def select(self, wanted: dict[str, Any]) -> pd.Series:
        """Return the ids of the used posts that meet `wanted`: `code`, `code_b` (labels), `event` (a kind seen), or any column of posts."""
        mask = pd.Series(True, self._posts.index)
        for key, value in wanted.items():
            mask &= self._mask(key, value)
        return self._posts.loc[mask, "post_id"]

    def _mask(self, key: str, value: Any) -> pd.Series:
        key = "code" if key == "code_b" else key
        if (key, value) not in self._masks:
            if key in ("code", "event"):
                table, column = (self._labels, "code") if key == "code" else (self._events, "kind")
                rows = self._row.get_indexer(table.loc[table[column] == value, "post_id"])
                found = pd.Series(False, self._posts.index)
                found.iloc[rows[rows >= 0]] = True
            else:
                found = self._posts[key] == value
            self._masks[key, value] = found
        return self._masks[key, value]

    def key(self, wanted: dict[str, Any]) -> str | None:
        """Return the key under which the complaints meeting `wanted` are embedded; None when there are none."""
        name = json.dumps(wanted, ensure_ascii=False, sort_keys=True)
        if name not in self._asked:
            ids = self.select(wanted)
            if ids.empty:
                return None
            self._asked[name] = (f"c{len(self._asked)}", ids)
        return self._asked[name][0]

    def payload(self) -> dict[str, Any]:
        """Return {cells: {key: {n, ids}}, posts: {id: case}}, with as many examples a cell as the file's budget allows."""
        shown: dict[str, Any] = {"cells": {}, "posts": {}}
        for most in PER_CELL:
            chosen = {key: ids.head(most).tolist() for key, ids in self._asked.values()}
            cells = {key: {"n": len(ids), "ids": chosen[key]} for key, ids in self._asked.values()}
            shown = {"cells": cells, "posts": self._describe({post_id for ids in chosen.values() for post_id in ids})}
            if len(json.dumps(shown, ensure_ascii=False).encode()) <= BUDGET_BYTES:
                break
        return shown

    def _describe(self, wanted: set[str]) -> dict[str, dict[str, Any]]:
        spans: dict[str, list[list[Any]]] = defaultdict(list)
        labels = self._labels[self._labels["post_id"].isin(wanted)]
        columns = ("code", "field", "start", "end", "rule", "decided_by")
        for row in labels.to_dict("records"):
            spans[str(row["post_id"])].append([row[name] for name in columns])
        rows = self._posts[self._posts["post_id"].isin(wanted)].to_dict("records")
        return {str(row["post_id"]): _case(row, spans[str(row["post_id"])]) for row in rows}


def _case(row: dict[Hashable, Any], spans: list[list[Any]]) -> dict[str, Any]:
    # The shown part of a long body must hold its deciding words.
    start = min((s[2] for s in spans if s[1] == "body"), default=0)
    at = max(0, min(start - BODY_CHARACTERS // 4, len(row["body"]) - BODY_CHARACTERS))
    return {
        "title": row["title"], "body": row["body"][at: at + BODY_CHARACTERS], "at": at, "cut": at + BODY_CHARACTERS < len(row["body"]),
        "spans": sorted(spans), "source": row["source_zh"], "platform": None if numbers.is_missing(row["platform"]) else row["platform"],
        "date": numbers.date(row["posted_at"]), "capture": f"{row['capture_file']}:{row['capture_offset']}",
        "digest": row["capture_digest"],
    }
