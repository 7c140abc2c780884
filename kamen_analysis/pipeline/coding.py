"""Code a part: what kind of post each is, what it is about, how it ended, and the reasons for refusal with their evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kamen_analysis import records
from kamen_analysis.pipeline.partition import CODED, writer

TEXTS = ["title", "body", "target"]
SAMPLE = {"title": [""], "body": ["点卡买来用不了，商家说已激活，概不退换，我要求退款。"], "target": [""]}
"""A post (columns by TEXTS) whose coding loads every rule and model: a process that has coded it is warmed up."""

CODED_SCHEMA = pa.schema([records.arrow_schema("posts").field(name) for name in CODED])
_SPAN = ("code", "decided_by", "rule", "field", "start", "end", "score")
SPAN_SCHEMA = pa.schema([records.arrow_schema("labels").field(name) for name in _SPAN])
LABELS_SCHEMA = SPAN_SCHEMA.insert(0, pa.field("row", pa.int64()))


class Coded(NamedTuple):
    """The codes of some posts: `posts` has one row a post, `labels` one a reason, its `row` being the post's number among these posts."""

    posts: pa.Table
    labels: pa.Table


def code(part: Path, folder: Path) -> None:
    """Code the part in the folder `part` and write its codes (see `write`) into a fresh folder."""
    posts = pa.ipc.open_file(str(part / "posts.arrow"))
    write((coded(posts.get_batch(number).select(TEXTS).to_pydict()) for number in range(posts.num_record_batches)), folder)


def coded(posts: Mapping[str, list[Any]]) -> Coded:
    """Return the codes of posts given as columns (TEXTS)."""
    from kamen_analysis.label.posts import label_posts  # slow to load; a build with nothing new does not label

    labelled = label_posts(dict(zip(TEXTS, row, strict=True)) for row in zip(*(posts[name] for name in TEXTS), strict=True))
    row = np.repeat(np.arange(len(labelled)), [len(post.reasons) for post in labelled])
    labels = _columns(SPAN_SCHEMA, [reason for post in labelled for reason in post.reasons])
    return Coded(_columns(CODED_SCHEMA, labelled), labels.add_column(0, LABELS_SCHEMA.field(0), pa.array(row, pa.int64())))


def write(batches: Iterable[Coded], folder: Path) -> None:
    """Write the codes of a part, given in batches, as `coded` (one row a post) and `labels` (`row`: the post's number in the part)."""
    done = 0
    with writer(folder, "coded", CODED_SCHEMA) as posts, writer(folder, "labels", LABELS_SCHEMA) as labels:
        for batch in batches:
            posts.write_table(batch.posts)
            labels.write_table(batch.labels.set_column(0, LABELS_SCHEMA.field(0), pc.add(batch.labels["row"], done)))
            done += len(batch.posts)


def _columns(schema: pa.Schema, rows: Sequence[Any]) -> pa.Table:
    """Return a table of the schema's columns, read from the fields of named tuples."""
    columns = dict(zip(rows[0]._fields, zip(*rows, strict=True), strict=True)) if rows else {}
    return pa.table([pa.array(columns.get(field.name, ()), field.type) for field in schema], schema=schema)
