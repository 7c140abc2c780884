"""A part to its codes: what kind of post each is, what it is about, how it ended, and the refusal reasons with their evidence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from kamen_analysis import records
from kamen_analysis.label.posts import Labelled, label_posts
from kamen_analysis.pipeline.partition import CODED

CODED_SCHEMA = pa.schema([records.arrow_schema("posts").field(name) for name in CODED])
_SPAN = ("code", "decided_by", "rule", "field", "start", "end", "score")
LABELS_SCHEMA = pa.schema([pa.field("row", pa.int64()), *(records.arrow_schema("labels").field(name) for name in _SPAN)])


def code(part: Path, folder: Path) -> None:
    """Write `coded` (a row a post, in the part's order) and `labels` (`row` is the post's number in the part) into a fresh folder."""
    done = 0
    at, labels_at = folder / "coded.parquet", folder / "labels.parquet"
    with pq.ParquetWriter(at, CODED_SCHEMA) as coded, pq.ParquetWriter(labels_at, LABELS_SCHEMA) as labels:
        posts = pq.ParquetFile(part / "posts.parquet")
        for group in range(posts.num_row_groups):
            texts = posts.read_row_group(group, columns=["title", "body", "target"]).to_pylist()
            found = label_posts([{"id": str(row), **text} for row, text in enumerate(texts)])
            coded.write_table(_columns(CODED_SCHEMA, [vars(one) for one in found]))
            labels.write_table(_columns(LABELS_SCHEMA, _reasons(found, done)))
            done += len(texts)


def _reasons(found: list[Labelled], first: int) -> list[Mapping[str, Any]]:
    return [{"row": row, **vars(reason)} for row, one in enumerate(found, first) for reason in one.reasons]


def _columns(schema: pa.Schema, rows: list[Mapping[str, Any]]) -> pa.Table:
    return pa.table([pa.array([row[field.name] for row in rows], field.type) for field in schema], schema=schema)
