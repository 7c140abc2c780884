"""A group of parts to its files, one of each table: made, checked, written."""

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
# The columns of posts that are read to say it anew.
_SEEN = [*tables.CAPTURE, "post_type", "in_scope", "is_synthetic"]

Given = dict[str, Any]
"""What the manifest needs of a group: `files` (name → SHA-256), `rows`, counts, what people overruled."""


@dataclass(frozen=True)
class Settings:
    """What decides the tables beside parts: the directory of platforms, the codebook's version, what people have coded."""

    known: platforms.Directory
    version: str
    gold: people.Gold

    def digest(self) -> str:
        """Return one digest of it all."""
        # Made from sets, which every process orders anew.
        known = (self.known.entities, sorted(self.known.suffixes), sorted(self.known.by_name.items()))
        return digests.joined(repr(known), self.version, repr(sorted(self.gold.codes.items())), repr(sorted(self.gold.texts.items())))


def write(group: Group, settings: Settings, folder: Path) -> Given:
    """Write a group's four files below `folder`."""
    posts, rows = tables.posts(group, settings.known)
    labels, overruled = _settled(tables.labels(group, posts, rows, settings.version), posts, settings)
    made = {"posts": posts, "events": tables.events(group, posts, rows), "labels": labels, "rejected": tables.rejected(group, posts)}
    _refuse(posts)
    return {"files": dict(_file(folder, table, group.name, _packed(table, data)) for table, data in made.items()),
            "rows": {name: len(table) for name, table in made.items()}, **_counts(posts, made["rejected"]),
            "overruled": dataclasses.asdict(overruled)}


def write_copies(group: Group, published: Path, given: Given, folder: Path) -> Given:
    """Write of a group in which other posts are copies now the files that say so; it is in `published` as it was when it gave `given`."""
    before, lost_before = (published / table / f"{group.name}.parquet" for table in COPIES)
    was = pq.ParquetFile(before).read(_SEEN, use_threads=False)
    at = pc.index_in(pa.array(group.dup["post_id"], pa.string()), was["post_id"].combine_chunks()).to_numpy()
    posts = tables.decided(was, at, group.dup)
    lost = tables.rejected_again(pq.ParquetFile(lost_before).read(use_threads=False), posts)
    try:
        changed = splice.replaced(before.read_bytes(), checked_columns("posts", posts.select(tables.DECIDED)))
    except splice.UnfitError:  # of another pyarrow
        whole = tables.decided(pq.ParquetFile(before).read(use_threads=False), at, group.dup)
        changed = splice.written(checked("posts", whole))
    files = dict((_file(folder, "posts", group.name, changed), _file(folder, "rejected", group.name, _packed("rejected", lost))))
    return {**given, "files": given["files"] | files, "rows": given["rows"] | {"rejected": len(lost)}, **_counts(posts, lost)}


def _packed(table: str, data: pa.Table) -> bytes:
    return splice.written(checked(table, data))


def _file(folder: Path, table: str, name: str, content: bytes) -> tuple[str, str]:
    """Write one file and return its name and its SHA-256."""
    path = folder / table / f"{name}.parquet"
    # On a cluster a slow worker and the one that took over from it may both be writing.
    fresh = path.with_name(f".{uuid.uuid4().hex}")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())  # here, where it costs nobody's time: other threads go on
    fresh.replace(path)
    return f"{table}/{path.name}", hashlib.sha256(content).hexdigest()


def _settled(labels: pa.Table, posts: pa.Table, settings: Settings) -> tuple[pa.Table, people.Overruled]:
    """Return the labels with what people settled in place of the machine's."""
    coded = pa.array(settings.gold.codes, pa.string())
    read = posts.select(["post_id", "title", "body"]).filter(pc.is_in(posts["post_id"], coded)) if len(coded) else posts.slice(0, 0)
    if not len(read):
        return labels, people.Overruled()
    found, overruled = people.apply(labels.to_pandas(), read.to_pandas(), settings.gold, settings.version)
    found = found.sort_values(["post_id", "field", "start", "code"], kind="stable")
    return pa.Table.from_pandas(found, labels.schema, preserve_index=False).replace_schema_metadata(), overruled


def _refuse(posts: pa.Table) -> None:
    # What stands in the parts was searched when they were made; the brand names are new.
    brands = pc.unique(posts["platform"].filter(pc.not_equal(posts["platform"], posts["target"]).fill_null(False)))
    if len(brands):
        refuse_if_personal("posts", pd.DataFrame({"platform": brands.to_pandas()}))


def _counts(posts: pa.Table, rejected: pa.Table) -> dict[str, Any]:
    lost: dict[str, dict[str, int]] = {}
    for (stage, reason), n in Counter(zip(rejected["stage"].to_pylist(), rejected["reason"].to_pylist(), strict=True)).items():
        lost.setdefault(stage, {})[reason] = n
    used = posts["is_used"].combine_chunks()
    return {
        "complaints": pc.sum(pc.equal(posts["post_type"], "complaint")).as_py() or 0, "used": used.true_count,
        "virtual": pc.and_(used, posts["in_scope"].combine_chunks()).true_count,
        "is_synthetic": posts["is_synthetic"].combine_chunks().true_count > 0,
        "sources": {row["values"]: row["counts"] for row in pc.value_counts(posts["source"]).to_pylist()}, "rejected": lost,
    }
