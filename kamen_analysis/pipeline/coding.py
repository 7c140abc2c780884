"""A part to its codes: what kind of post each is, what it is about, how it ended, and the refusal reasons with their evidence."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kamen_analysis import records
from kamen_analysis.pipeline.partition import CODED

if TYPE_CHECKING:
    from kamen_analysis.label.posts import Labelled

CODED_SCHEMA = pa.schema([records.arrow_schema("posts").field(name) for name in CODED])
_SPAN = ("code", "decided_by", "rule", "field", "start", "end", "score")
SPAN_SCHEMA = pa.schema([records.arrow_schema("labels").field(name) for name in _SPAN])
LABELS_SCHEMA = SPAN_SCHEMA.insert(0, pa.field("row", pa.int64()))


def code(part: Path, folder: Path) -> None:
    """Write `coded` (a row a post, in the part's order) and `labels` (`row` is the post's number in the part) into a fresh folder."""
    from kamen_analysis.label.posts import label_posts  # slow to load; a build with nothing new does not label

    done = 0
    at, labels_at = folder / "coded.parquet", folder / "labels.parquet"
    with pq.ParquetWriter(at, CODED_SCHEMA) as coded, pq.ParquetWriter(labels_at, LABELS_SCHEMA) as labels:
        posts = pq.ParquetFile(part / "posts.parquet")
        for group in range(posts.num_row_groups):
            texts = posts.read_row_group(group, columns=["title", "body", "target"]).to_pydict()
            found = label_posts([dict(zip(texts, row, strict=True)) for row in zip(*texts.values(), strict=True)])
            coded.write_table(_columns(CODED_SCHEMA, found))
            labels.write_table(_reasons(found, done))
            done += len(found)


def _reasons(found: list[Labelled], first: int) -> pa.Table:
    row = np.repeat(np.arange(first, first + len(found)), [len(one.reasons) for one in found])
    table = _columns(SPAN_SCHEMA, [reason for one in found for reason in one.reasons])
    return table.add_column(0, LABELS_SCHEMA.field(0), pa.array(row, pa.int64()))


def _columns(schema: pa.Schema, rows: Sequence[object]) -> pa.Table:
    return pa.table([pa.array(list(map(attrgetter(field.name), rows)), field.type) for field in schema], schema=schema)
