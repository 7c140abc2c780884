"""A part to its codes: what kind of post each is, what it is about, how it ended, and the refusal reasons with their evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kamen_analysis import records
from kamen_analysis.pipeline.partition import CODED

TEXTS = ["title", "body", "target"]
SAMPLE = {"title": [""], "body": ["点卡买来用不了，商家说已激活，概不退换，我要求退款。"], "target": [""]}
"""A post that asks for all that coding needs: who has coded it is ready."""

CODED_SCHEMA = pa.schema([records.arrow_schema("posts").field(name) for name in CODED])
_SPAN = ("code", "decided_by", "rule", "field", "start", "end", "score")
SPAN_SCHEMA = pa.schema([records.arrow_schema("labels").field(name) for name in _SPAN])
LABELS_SCHEMA = SPAN_SCHEMA.insert(0, pa.field("row", pa.int64()))


class Coded(NamedTuple):
    """What some posts in a row are: `posts`, a row a post, and `labels` (`row` is the post's number among them)."""

    posts: pa.Table
    labels: pa.Table


def code(part: Path, folder: Path) -> None:
    """Write `coded` (a row a post, in the part's order) and `labels` (`row` is the post's number in the part) into a fresh folder."""
    posts = pq.ParquetFile(part / "posts.parquet")
    write((coded(posts.read_row_group(group, columns=TEXTS).to_pydict()) for group in range(posts.num_row_groups)), folder)


def coded(posts: Mapping[str, list[Any]]) -> Coded:
    """Return the codes of posts by their TEXTS, given as columns."""
    from kamen_analysis.label.posts import label_posts  # slow to load; a build with nothing new does not label

    found = label_posts([dict(zip(TEXTS, row, strict=True)) for row in zip(*(posts[name] for name in TEXTS), strict=True)])
    row = np.repeat(np.arange(len(found)), [len(one.reasons) for one in found])
    labels = _columns(SPAN_SCHEMA, [reason for one in found for reason in one.reasons])
    return Coded(_columns(CODED_SCHEMA, found), labels.add_column(0, LABELS_SCHEMA.field(0), pa.array(row, pa.int64())))


def write(found: Iterable[Coded], folder: Path) -> None:
    """Write the codes of a part, which come piece by piece, as `code` does."""
    done = 0
    at, labels_at = folder / "coded.parquet", folder / "labels.parquet"
    with pq.ParquetWriter(at, CODED_SCHEMA) as posts, pq.ParquetWriter(labels_at, LABELS_SCHEMA) as labels:
        for piece in found:
            posts.write_table(piece.posts)
            labels.write_table(piece.labels.set_column(0, LABELS_SCHEMA.field(0), pc.add(piece.labels["row"], done)))
            done += len(piece.posts)


def _columns(schema: pa.Schema, rows: Sequence[object]) -> pa.Table:
    return pa.table([pa.array(list(map(attrgetter(field.name), rows)), field.type) for field in schema], schema=schema)
