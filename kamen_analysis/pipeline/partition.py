"""One capture file to rows: read, parse, clean, redact, label. A pure function of the file, so any machine may run it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kamen_analysis import clean, records, sources
from kamen_analysis.captures import warc
from kamen_analysis.label.posts import Labelled, label_posts
from kamen_analysis.redact import redact_many
from kamen_analysis.sources import audit, base, columns

TABLES = ("posts", "events", "labels", "rejected")
COUNTS = ("pages", "readable", "records", "cleaned")
GONE = frozenset({"gone", "no_such_page"})
CODED = ("post_type", "gate_rule", "in_scope", "product", "outcome")
FREE_TEXT = ("title", "body", "target", "appeal", "status", "detail")


@dataclass
class Part:
    """What one capture file gave; `posts` and `labels` carry `row`, the record's number within the file.

    warnings: [kind, name, times, example]. gone: [address, seen at] of pages that say their post is deleted. shortfall: why
    the run is withheld, set by the build.
    """

    source: str
    capture: str
    posts: pd.DataFrame
    events: pd.DataFrame
    labels: pd.DataFrame
    rejected: pd.DataFrame
    counts: dict[str, int]
    warnings: list[list[Any]]
    last_capture: str | None
    gone: list[list[str]]
    shortfall: str | None = None


def process(capture: Path, raw: Path) -> Part:
    """Return the rows of one capture file: personal data is gone from every text before this returns."""
    module = sources.registry()[capture.parent.name]
    posts: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    rejected: list[dict[str, Any]] = []
    gone: list[list[str]] = []
    counts: Counter[str] = Counter()
    warnings = audit.Warnings()
    last = None
    mapping = None
    for page in warc.read(capture, raw):
        if (stated := columns.of_page(page)) is not None:
            mapping = stated
            continue
        counts["pages"] += 1
        last = max(last or page.fetched_at, page.fetched_at)
        where = {"source": module.KEY, "capture_file": page.file, "capture_offset": page.offset, "capture_digest": page.digest}
        result = base.read_page(module, page, mapping)
        warnings.update(result.warnings)
        if result.unreadable:
            reason, detail = result.unreadable
            rejected.append({"stage": "read", "reason": reason, "detail": detail, **where})
            if reason in GONE:
                gone.append([clean.address(page.url) or "", page.fetched_at.isoformat()])
            continue
        counts["readable"] += 1
        counts["records"] += len(result.rejected)
        rejected.extend({"stage": "clean", "reason": reason, "detail": detail, **where} for reason, detail in result.rejected)
        for post in result.posts:
            counts["records"] += 1
            try:
                cleaned = clean.clean(post, page, module)
            except base.Reject as reject:
                rejected.append({"stage": "clean", "reason": reject.reason, "detail": reject.detail, "post_id": reject.post_id, **where})
                continue
            warnings.add(cleaned.notes)
            posts.append(cleaned.post)
            events.extend(cleaned.events)
    counts["cleaned"] = len(posts)
    _redact(posts)
    _redact(rejected)
    labels = _label(posts)
    tables = _posts(posts), records.frame("events", events), _labels(labels), records.frame("rejected", rejected)
    counted = {name: counts[name] for name in COUNTS}
    return Part(module.KEY, capture.name, *tables, counted, listed(warnings), last.isoformat() if last else None, gone)


def _redact(found: list[dict[str, Any]]) -> None:
    for name in FREE_TEXT:
        rows = [row for row in found if row.get(name)]
        for row, redacted in zip(rows, redact_many([row[name] for row in rows]), strict=True):
            row[name] = redacted.text


def _label(posts: list[dict[str, Any]]) -> list[Labelled]:
    asked = [{"id": str(row), **{name: post.get(name) for name in ("title", "body", "target")}} for row, post in enumerate(posts)]
    labelled = label_posts(asked)
    for post, found in zip(posts, labelled, strict=True):
        post.update({name: getattr(found, name) for name in CODED})
    return labelled


def _posts(rows: list[dict[str, Any]]) -> pd.DataFrame:
    later = {"platform": None, "platform_known": False, "dup_group": "", "dup_kind": "first", "dup_size": 1, "is_used": False}
    frame = records.frame("posts", [row | later for row in rows])
    frame["row"] = range(len(frame))
    return frame


def _labels(labelled: list[Labelled]) -> pd.DataFrame:
    types = {"string": "str", "integer": "int64", "float": "float64"}
    columns = {c.name: types[c.type] for c in records.TABLES["labels"] if c.name not in ("post_id", "rule_version")}
    rows = [{"row": row, **{name: getattr(r, name) for name in columns}} for row, found in enumerate(labelled) for r in found.reasons]
    return pd.DataFrame(rows, columns=["row", *columns]).astype({"row": "int64", **columns})


def listed(warnings: audit.Warnings) -> list[list[Any]]:
    """Return [kind, name, times, example] for each thing a source did not know, sorted."""
    return [[kind, name, n, warnings.examples.get((kind, name), "")] for (kind, name), n in sorted(warnings.counts.items())]


def store(part: Part, folder: Path) -> None:
    """Write a part into a fresh folder."""
    for table in TABLES:
        pq.write_table(pa.Table.from_pandas(getattr(part, table), preserve_index=False), folder / f"{table}.parquet")
    kept = {name: getattr(part, name) for name in ("source", "capture", "counts", "warnings", "last_capture", "gone")}
    (folder / "counts.json").write_text(json.dumps(kept, ensure_ascii=False, sort_keys=True), encoding="utf-8")


def recall(folder: Path) -> Part:
    """Return the part stored in `folder`."""
    tables = {table: pq.read_table(folder / f"{table}.parquet").to_pandas() for table in TABLES}
    return Part(**tables, **json.loads((folder / "counts.json").read_text(encoding="utf-8")))
