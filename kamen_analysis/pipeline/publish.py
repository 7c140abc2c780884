"""Write a group of parts as files, one of each table, after checking them."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import uuid
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kamen_analysis import platforms, records
from kamen_analysis.pipeline import digests, splice, tables
from kamen_analysis.pipeline import gold as people
from kamen_analysis.pipeline.checks import checked, checked_columns
from kamen_analysis.pipeline.groups import Group
from kamen_analysis.redact.door import refuse_if_personal

TABLES = tuple(records.TABLES)
COPIES = ("posts", "rejected")  # the tables that say which posts are copies
# The columns of posts that must be read to write those tables anew.
_COPIES_FROM = [*tables.CAPTURE, "post_type", "in_scope", "is_synthetic"]
_REPETITIVE = ["source", "capture_file", "capture_digest", "post_type"]  # of them, those with few distinct values

Given = dict[str, Any]
"""A group's entry in the manifest: `files` (name → SHA-256), `rows` (table → number), counts, what people overruled."""


@dataclass(frozen=True)
class Settings:
    """What the tables depend on besides the parts: the directory of platforms, the codebook's version, what people have coded."""

    known: platforms.Directory
    version: str
    gold: people.Gold

    def digest(self) -> str:
        """Return one digest of it all."""
        # Sorted because the suffixes and names come from sets, whose order differs from process to process.
        known = (self.known.entities, sorted(self.known.suffixes), sorted(self.known.by_name.items()))
        return digests.joined(repr(known), self.version, repr(sorted(self.gold.codes.items())), repr(sorted(self.gold.texts.items())))


def write(group: Group, settings: Settings, folder: Path) -> Given:
    """Write a group's four files below `folder`; raise TableError or PublishRefused if a table is not fit to be published."""
    posts, rows = tables.posts(group, settings.known)
    labels, overruled = _with_gold(tables.labels(group, posts, rows, settings.version), posts, settings)
    made = {"posts": posts, "events": tables.events(group, posts, rows), "labels": labels, "rejected": tables.rejected(group, posts)}
    _refuse_personal_brands(posts, group.name)
    return {"files": dict(_write_file(folder, table, group.name, _parquet(table, data)) for table, data in made.items()),
            "rows": {name: len(table) for name, table in made.items()}, **_counts(posts, made["rejected"]),
            "overruled": dataclasses.asdict(overruled)}


def write_copies(group: Group, published: Path, given: Given, folder: Path) -> Given:
    """Write anew only the COPIES of a group in which nothing changed but which posts are copies; return its new entry.

    `published` holds the group's files as they are, `given` is its entry in their manifest.
    """
    posts_path, rejected_path = (published / table / f"{group.name}.parquet" for table in COPIES)
    whole = posts_path.read_bytes()
    before = pq.ParquetFile(pa.BufferReader(whole), read_dictionary=_REPETITIVE).read(_COPIES_FROM, use_threads=False)
    at = pc.index_in(pa.array(group.dup["post_id"], pa.string()), before["post_id"].combine_chunks()).to_numpy()
    posts = tables.decided(before, at, group.dup)
    rejected = tables.rejected_again(pq.ParquetFile(rejected_path).read(use_threads=False), posts)
    try:
        content = splice.replaced(whole, checked_columns("posts", posts.select(tables.DECIDED)))
    except splice.UnfitError:  # for example a file of another version of pyarrow
        table = tables.decided(pq.ParquetFile(pa.BufferReader(whole)).read(use_threads=False), at, group.dup)
        content = splice.written(checked("posts", table))
    files = dict((_write_file(folder, "posts", group.name, content),
                  _write_file(folder, "rejected", group.name, _parquet("rejected", rejected))))
    return {**given, "files": given["files"] | files, "rows": given["rows"] | {"rejected": len(rejected)}, **_counts(posts, rejected)}


def _parquet(table: str, data: pa.Table) -> bytes:
    return splice.written(checked(table, data))


def _write_file(folder: Path, table: str, name: str, content: bytes) -> tuple[str, str]:
    """Write one file and return its name and its SHA-256."""
    path = folder / table / f"{name}.parquet"
    # A temporary name of its own: on a cluster a slow worker and its replacement may both be writing this file.
    fresh = path.with_name(f".{uuid.uuid4().hex}")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())  # here, since on a cluster only the machine that wrote it can
    fresh.replace(path)
    return f"{table}/{path.name}", hashlib.sha256(content).hexdigest()


def _with_gold(labels: pa.Table, posts: pa.Table, settings: Settings) -> tuple[pa.Table, people.Overruled]:
    """Return the labels, those of posts that people have coded replaced by the people's, and what was replaced."""
    coded = pa.array(settings.gold.codes, pa.string())
    here = posts.select(["post_id", "title", "body"]).filter(pc.is_in(posts["post_id"], coded)) if len(coded) else posts.slice(0, 0)
    if not len(here):
        return labels, people.Overruled()
    settled, overruled = people.apply(labels.to_pandas(), here.to_pandas(), settings.gold, settings.version)
    settled = settled.sort_values(["post_id", "field", "start", "code"], kind="stable")
    return pa.Table.from_pandas(settled, labels.schema, preserve_index=False).replace_schema_metadata(), overruled


def _refuse_personal_brands(posts: pa.Table, group: str) -> None:
    # All other texts were searched for personal data when the parts were made; only brand names are new here.
    brands = pc.unique(posts["platform"].filter(pc.not_equal(posts["platform"], posts["target"]).fill_null(False)))
    if len(brands):
        refuse_if_personal("posts", pd.DataFrame({"platform": brands.to_pandas()}), f"data/processed/posts/{group}.parquet")


def _counts(posts: pa.Table, rejected: pa.Table) -> dict[str, Any]:
    by_stage: dict[str, dict[str, int]] = {}
    for (stage, reason), n in Counter(zip(rejected["stage"].to_pylist(), rejected["reason"].to_pylist(), strict=True)).items():
        by_stage.setdefault(stage, {})[reason] = n
    used = posts["is_used"].combine_chunks()
    return {
        "complaints": pc.sum(pc.equal(posts["post_type"], "complaint")).as_py() or 0, "used": used.true_count,
        "virtual": pc.and_(used, posts["in_scope"].combine_chunks()).true_count,
        "is_synthetic": posts["is_synthetic"].combine_chunks().true_count > 0,
        "sources": {row["values"]: row["counts"] for row in pc.value_counts(posts["source"]).to_pylist()}, "rejected": by_stage,
    }
