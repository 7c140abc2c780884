"""Turn one capture file into a part: read, parse, clean, redact. The part depends on the file alone, so any machine may make it.

A part is a folder: `posts`, `events`, `rejected` (Arrow files; `posts` without the columns decided later), `index.npy` (the numbers that
merging and deduplication read instead of text) and `counts.json`. It is made in batches: memory does not grow with the file.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from kamen_analysis import clean, records, sources, times
from kamen_analysis.captures import warc
from kamen_analysis.captures.members import Damage
from kamen_analysis.captures.page import Page
from kamen_analysis.dedupe import essences
from kamen_analysis.pipeline import broken, free_text
from kamen_analysis.sources import audit, base, columns

TABLES = ("posts", "events", "rejected")
COUNTS = ("pages", "readable", "records", "cleaned")
GONE = frozenset({"gone", "no_such_page"})
CODED = ("post_type", "gate_rule", "in_scope", "product", "outcome")
# Columns of the final tables that a part does not have: decided later, or replaced by another column (`row` for `post_id`).
LATER = {"posts": frozenset({*CODED, "platform", "platform_known", "dup_group", "dup_kind", "dup_size", "is_used"}),
         "events": frozenset({"post_id"}), "rejected": frozenset[str]()}
BATCH = 16_384  # posts
# The rows of index.npy, all unsigned 64-bit: digest of post_id, digest of the text, posted_at in microseconds, length of body, and
# from BAND on the bands of the text's fingerprint (see `dedupe.essences`).
ID, ESSENCE, AT, LENGTH, BAND = range(5)
NO_DATE = np.uint64(np.iinfo(np.uint64).max)

Rows = list[dict[str, Any]]
Columns = free_text.Columns


@dataclass
class Facts:
    """The content of a part's counts.json.

    warnings: [kind, name, times, example]. gone: [address, seen at] of each page whose post is deleted. filled: column → number of
    posts that have it, for the columns the source promises. damaged: [bytes, capture time of the page before, of the page after] of
    each stretch of the file that cannot be read.
    """

    source: str
    capture: str
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    warnings: list[list[Any]] = field(default_factory=list)
    last_capture: str | None = None
    gone: list[list[str]] = field(default_factory=list)
    filled: dict[str, int] = field(default_factory=dict)
    damaged: list[list[Any]] = field(default_factory=list)


@dataclass
class _Batch:
    first: int = 0  # the number of its first post in the part
    posts: Rows = field(default_factory=list)
    events: Rows = field(default_factory=list)
    event_rows: list[int] = field(default_factory=list)  # for each event, the number of its post in the part
    rejected: Rows = field(default_factory=list)


def make(capture: Path, raw: Path, folder: Path, on_batch: Callable[[Columns], object] = lambda posts: None, size: int = 0) -> None:
    """Write the part of one capture file into a fresh folder; every text is redacted before it is written.

    `on_batch` is called with the redacted columns of `posts` of each batch of `size` posts (0: BATCH).
    """
    module = sources.registry()[capture.parent.name]
    facts, warnings, index = Facts(module.KEY, capture.name), audit.Warnings(), []
    facts.filled = dict.fromkeys(module.FILL, 0)
    with ExitStack() as stack:
        writers = {name: stack.enter_context(writer(folder, name, schema(name))) for name in TABLES}
        for batch in _batches(capture, raw, facts, warnings, size or BATCH):
            redacted = {name: _redacted(name, batch, f"data/raw/{module.KEY}/{capture.name}") for name in TABLES}
            tables = {name: records.typed(name, columns) for name, columns in redacted.items()}
            tables["events"] = tables["events"].add_column(0, "row", pa.array(batch.event_rows, pa.int64()))
            for name, table in tables.items():
                writers[name].write_table(table)
            on_batch(redacted["posts"])
            index.append(_index(redacted["posts"], tables["posts"]["posted_at"]))
            for column in facts.filled:
                facts.filled[column] += sum(bool(post[column]) for post in batch.posts)
    np.save(folder / "index.npy", np.concatenate(index, axis=1))
    facts.warnings = listed(warnings)
    (folder / "counts.json").write_text(json.dumps(vars(facts), ensure_ascii=False, sort_keys=True), encoding="utf-8")


def writer(folder: Path, table: str, schema: pa.Schema) -> pa.RecordBatchFileWriter:
    """Open a table in the cache for writing. The format is Arrow's own, which is read at least twice as fast as Parquet."""
    return pa.ipc.new_file(str(folder / f"{table}.arrow"), schema, options=pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False))


def schema(table: str) -> pa.Schema:
    """Return the schema of a part's table; `row` of an event is the number of its post in the part."""
    columns = [column.with_nullable(True) for column in records.arrow_schema(table) if column.name not in LATER[table]]
    return pa.schema([pa.field("row", pa.int64()), *columns] if table == "events" else columns)


def _redacted(name: str, batch: _Batch, capture: str) -> Columns:
    """Return one table of a batch of a capture as redacted columns; raise PublishRefused if personal data is left in them."""
    columns = records.columns(name, getattr(batch, name), schema(name).names)
    free_text.refuse(name, columns, free_text.redact(columns), capture)
    return columns


def _batches(capture: Path, raw: Path, facts: Facts, warnings: audit.Warnings, size: int) -> Iterator[_Batch]:
    """Yield the capture's content in batches of `size` posts, the last of which may be empty; fill `facts` and `warnings` on the way."""
    batch, mapping, module = _Batch(), None, sources.registry()[capture.parent.name]
    for page in warc.readable(capture, raw):
        if isinstance(page, Damage):
            batch.rejected.append(broken.noted(page, capture.relative_to(raw), facts))
            continue
        if (stated := columns.of_page(page)) is not None:
            mapping = stated
            continue
        facts.counts["pages"] += 1
        broken.dated(page, facts)
        result = broken.read(module, page, mapping, facts)
        warnings.update(result.warnings)
        posts = _posts(result, page, facts, batch.rejected)
        page = replace(page, fetched_at=times.beijing(page.fetched_at))  # once, not for each post
        for post in posts:
            _add_post(post, page, module, batch, warnings)
            if len(batch.posts) >= size:
                facts.counts["cleaned"] += len(batch.posts)
                yield batch
                batch = _Batch(facts.counts["cleaned"])
    facts.counts["cleaned"] += len(batch.posts)
    yield batch


def _posts(result: base.PageResult, page: Page, facts: Facts, rejected: Rows) -> list[base.RawPost]:
    """Return the posts of a page and count them; an unreadable page or record becomes a row of `rejected`."""
    if result.unreadable:
        reason, detail = result.unreadable
        rejected.append({"stage": "read", "reason": reason, "detail": detail, **_capture_columns(page, facts.source)})
        if reason in GONE:
            facts.gone.append([clean.address(page.url) or "", page.fetched_at.isoformat()])
        return []
    facts.counts["readable"] += 1
    facts.counts["records"] += len(result.rejected) + len(result.posts)
    rejected += [{"stage": "clean", "reason": reason, "detail": detail, **_capture_columns(page, facts.source)}
                 for reason, detail in result.rejected]
    return result.posts


def _capture_columns(page: Page, source: str) -> dict[str, Any]:
    return {"source": source, "capture_file": page.file, "capture_offset": page.offset, "capture_digest": page.digest}


def _add_post(raw_post: base.RawPost, page: Page, module: base.Source, batch: _Batch, warnings: audit.Warnings) -> None:
    """Clean one post and add it to the batch with its events, or as a row of `rejected`."""
    try:
        cleaned = clean.clean(raw_post, page, module)
    except (base.Reject, LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        # A post of unforeseen form is lost alone, not with the whole build.
        reject = error if isinstance(error, base.Reject) else base.Reject("parser_failed", type(error).__name__)
        batch.rejected.append({"stage": "clean", "reason": reject.reason, "detail": reject.detail, "post_id": reject.post_id,
                               **_capture_columns(page, module.KEY)})
        return
    if cleaned.notes:
        warnings.add(cleaned.notes)
    batch.event_rows += [batch.first + len(batch.posts)] * len(cleaned.events)
    batch.posts.append(cleaned.post)
    batch.events += cleaned.events


def _index(posts: Columns, at: pa.ChunkedArray) -> essences.U64:
    """Return the columns of index.npy for some posts: a row each for ID, ESSENCE, AT, LENGTH and the bands."""
    signed = essences.sign(list(map(operator.add, posts["title"], posts["body"])))
    ids = essences.digests(map(str.encode, posts["post_id"]))
    moments = at.cast(pa.int64()).fill_null(-1).to_numpy().view(np.uint64)  # no date becomes NO_DATE, the largest number
    return np.vstack([ids, signed.essence, moments, np.array(list(map(len, posts["body"])), np.uint64), signed.bands])


def listed(warnings: audit.Warnings) -> list[list[Any]]:
    """Return the warnings as [kind, name, times, example], sorted."""
    return [[kind, name, n, warnings.examples.get((kind, name), "")] for (kind, name), n in sorted(warnings.counts.items())]
