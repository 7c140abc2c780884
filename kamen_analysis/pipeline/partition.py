"""Turn one capture file into a part: read, parse, clean, redact. The part depends on the file alone, so any machine may make it.

A part is a folder: `posts`, `events`, `rejected` (Arrow files; `posts` without the columns decided later), `index.npy` (the numbers that
merging and deduplication read instead of text) and `counts.json`. It is made in batches: memory does not grow with the file.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kamen_analysis import clean, records, sources
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
    raws: list[base.RawPost] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)  # the page of each post
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
        for cleaned, rejected in _pieces(capture, raw, facts, warnings, size or BATCH):
            columns = {"posts": cleaned.posts, "events": cleaned.events, "rejected": records.columns("rejected", rejected)}
            for name, table in columns.items():
                free_text.refuse(name, table, free_text.redact(table), f"data/raw/{module.KEY}/{capture.name}")
            tables = {name: records.typed(name, table) for name, table in columns.items()}
            row = pa.array(cleaned.events["row"] + facts.counts["cleaned"], pa.int64())
            tables["events"] = tables["events"].add_column(0, "row", row)
            for name, table in tables.items():
                writers[name].write_table(table)
            on_batch(columns["posts"])
            index.append(_index(columns["posts"], tables["posts"]["posted_at"]))
            facts.counts["cleaned"] += len(tables["posts"])
            for column in facts.filled:
                facts.filled[column] += _filled(tables["posts"][column])
    np.save(folder / "index.npy", np.ascontiguousarray(np.concatenate(index, axis=1)))  # it is read row by row
    facts.warnings = listed(warnings)
    (folder / "counts.json").write_text(json.dumps(vars(facts), ensure_ascii=False, sort_keys=True), encoding="utf-8")


def writer(folder: Path, table: str, schema: pa.Schema) -> pa.RecordBatchFileWriter:
    """Open a table in the cache for writing. The format is Arrow's own, which is read at least twice as fast as Parquet."""
    return pa.ipc.new_file(str(folder / f"{table}.arrow"), schema, options=pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False))


def schema(table: str) -> pa.Schema:
    """Return the schema of a part's table; `row` of an event is the number of its post in the part."""
    columns = [column.with_nullable(True) for column in records.arrow_schema(table) if column.name not in LATER[table]]
    return pa.schema([pa.field("row", pa.int64()), *columns] if table == "events" else columns)


def _filled(column: pa.ChunkedArray) -> int:
    """Return how many values of a column are there; a text without characters is not."""
    there = pc.not_equal(column, "") if pa.types.is_string(column.type) else column.is_valid()
    return pc.sum(there).as_py() or 0


def _pieces(capture: Path, raw: Path, facts: Facts, warnings: audit.Warnings, size: int) -> Iterator[tuple[clean.Cleaned, Rows]]:
    """Yield the capture's posts, at most `size` at a time, and the rows of `rejected` that belong to them."""
    module = sources.registry()[capture.parent.name]
    for batch in _batches(capture, raw, facts, warnings, size):
        rejected = batch.rejected
        for cleaned in _cleaned(batch.raws, batch.pages, module):
            rejected += [{"stage": "clean", "reason": reject.reason, "detail": reject.detail, "post_id": reject.post_id,
                          **_capture_columns(page, module.KEY)} for page, reject in cleaned.rejected]
            warnings.add(cleaned.notes)
            yield cleaned, rejected
            rejected = []


def _cleaned(raws: list[base.RawPost], pages: list[Page], module: base.Source) -> Iterator[clean.Cleaned]:
    """Yield the posts cleaned, nearly always all at once: a post of unforeseen form is lost alone, not with the whole build."""
    try:
        cleaned = clean.clean(raws, pages, module)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        if len(raws) > 1:
            half = len(raws) // 2
            yield from _cleaned(raws[:half], pages[:half], module)
            yield from _cleaned(raws[half:], pages[half:], module)
            return
        cleaned = clean.clean([], [], module)
        cleaned.rejected.append((pages[0], base.Reject("parser_failed", type(error).__name__)))
    yield cleaned


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
        for post in _posts(result, page, facts, batch.rejected):
            batch.raws.append(post)
            batch.pages.append(page)
            if len(batch.raws) == size:
                yield batch
                batch = _Batch()
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


def _index(posts: Columns, at: pa.ChunkedArray) -> essences.U64:
    """Return the columns of index.npy for some posts: a row each for ID, ESSENCE, AT, LENGTH and the bands."""
    signed = essences.sign(list(map(operator.add, posts["title"], posts["body"])))
    ids = essences.digests(map(str.encode, posts["post_id"]))
    moments = at.cast(pa.int64()).fill_null(-1).to_numpy().view(np.uint64)  # no date becomes NO_DATE, the largest number
    return np.vstack([ids, signed.essence, moments, np.array(list(map(len, posts["body"])), np.uint64), signed.bands])


def listed(warnings: audit.Warnings) -> list[list[Any]]:
    """Return the warnings as [kind, name, times, example], sorted."""
    return [[kind, name, n, warnings.examples.get((kind, name), "")] for (kind, name), n in sorted(warnings.counts.items())]
