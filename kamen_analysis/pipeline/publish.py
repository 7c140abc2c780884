"""A group of parts to its files, one of each table: made, checked, written."""

from __future__ import annotations

import dataclasses
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kamen_analysis import platforms, records
from kamen_analysis.paths import sha256
from kamen_analysis.pipeline import digests, tables
from kamen_analysis.pipeline import gold as people
from kamen_analysis.pipeline.checks import checked
from kamen_analysis.pipeline.groups import Group
from kamen_analysis.redact.door import refuse_if_personal

TABLES = tuple(records.TABLES)


@dataclass(frozen=True)
class Settings:
    """What decides the tables beside parts: the directory of platforms, the codebook's version, what people have coded."""

    known: platforms.Directory
    version: str
    gold: people.Gold

    def digest(self) -> str:
        """Return one digest of it all."""
        return digests.joined(repr(self.known), self.version, repr(sorted(self.gold.codes.items())), repr(sorted(self.gold.texts.items())))


def write(group: Group, settings: Settings, folder: Path) -> dict[str, Any]:
    """Write a group's four files below `folder`; return what the manifest needs: `files` (name → SHA-256), `rows`, counts."""
    posts, rows = tables.posts(group, settings.known)
    labels, overruled = _settled(tables.labels(group, posts, rows, settings.version), posts, settings)
    made = {"posts": posts, "events": tables.events(group, posts, rows), "labels": labels, "rejected": tables.rejected(group, posts)}
    _refuse(posts)
    files = {}
    for name, table in made.items():
        path = folder / name / f"{group.name}.parquet"
        # On a cluster a slow worker and the one that took over from it may both be writing.
        fresh = path.with_name(f".{uuid.uuid4().hex}")
        pq.write_table(checked(name, table), fresh, compression="zstd")
        files[f"{name}/{path.name}"] = sha256(fresh)
        fresh.replace(path)
    return {"files": files, "rows": {name: len(table) for name, table in made.items()}, **_counts(posts, made["rejected"]),
            "overruled": dataclasses.asdict(overruled)}


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
    for row in rejected.group_by(["stage", "reason"]).aggregate([([], "count_all")]).to_pylist():
        lost.setdefault(row["stage"], {})[row["reason"]] = row["count_all"]
    used = posts["is_used"].combine_chunks()
    return {
        "complaints": pc.sum(pc.equal(posts["post_type"], "complaint")).as_py() or 0, "used": used.true_count,
        "virtual": pc.and_(used, posts["in_scope"].combine_chunks()).true_count,
        "is_synthetic": posts["is_synthetic"].combine_chunks().true_count > 0,
        "sources": {row["values"]: row["counts"] for row in pc.value_counts(posts["source"]).to_pylist()}, "rejected": lost,
    }
