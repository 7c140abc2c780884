"""The processed tables as pandas frames: what notebooks and the report start from."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kamen_analysis import records
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, demo_home, home, settle

RECURRING = frozenset({"source", "capture_file", "capture_digest", "posted_precision", "platform", "target", "status", "post_type",
                       "gate_rule", "product", "outcome", "dup_kind",
                       "kind", "actor", "code", "decided_by", "rule", "rule_version", "field"})
# What no metric asks of all posts at once: what they say, and where it was found.
WORDS = ("url", "capture_file", "capture_offset", "capture_digest", "title", "body", "truncated", "appeal", "gate_rule")


@dataclass(frozen=True)
class Data:
    """One build's tables (columns as in `records.TABLES`) and its manifest."""

    posts: pd.DataFrame
    events: pd.DataFrame
    labels: pd.DataFrame
    rejected: pd.DataFrame
    manifest: dict[str, Any]
    home: Home

    @property
    def is_synthetic(self) -> bool:
        """Whether any post is demonstration data; everything shown from it must then carry the mark 演示数据."""
        return bool(self.posts["is_synthetic"].any())

    def __repr__(self) -> str:
        mark = "（演示数据）" if self.is_synthetic else ""
        used = int(self.posts["is_used"].sum())
        return f"<Data{mark} 帖子 {len(self.posts):,}，计入 {used:,}，标签 {len(self.labels):,}，{self.home.processed}>"


def read_table(folder: Path, table: str, is_compact: bool = False, without: Collection[str] = ()) -> pd.DataFrame:
    """Return one table of a processed folder, `compact` if asked, and without some columns; a file that cannot be read is named."""
    names = [name for name in records.arrow_schema(table).names if name not in without]
    coded = [name for name in names if is_compact and name in RECURRING]
    parts = []
    for path in sorted((folder / table).glob("*.parquet")):
        with _named(path):
            # `pq.read_table` goes by way of pyarrow.dataset, which looks up each word of a coded column anew.
            parts.append(pq.ParquetFile(path, read_dictionary=coded).read(names).select(names))
    data: pd.DataFrame = _joined(parts).to_pandas() if parts else records.empty(table)
    return compact(data) if is_compact else data


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, OSError, KeyError) as error:
        raise KamenError(f"读不了 {path}：文件损坏或不完整，请重新运行 kamen build（{type(error).__name__}）") from None


def _joined(parts: list[pa.Table]) -> pa.Table:
    """Return the parts as one table, each column in one piece: to take a few rows of a column in pieces Arrow copies all of it."""
    whole = pa.concat_tables(parts).unify_dictionaries()
    parts.clear()
    for at, name in enumerate(whole.column_names):
        whole = whole.set_column(at, whole.schema.field(name), whole.column(name).combine_chunks())
    return whole


def compact(table: pd.DataFrame) -> pd.DataFrame:
    """Return `table` with the columns whose words recur (RECURRING) as categories in alphabetical order: a number a row, not a text."""
    found = {name: table[name].astype("category") for name in table if name in RECURRING}
    return table.assign(**{name: words.cat.set_categories(words.cat.categories.sort_values()) for name, words in found.items()})


def _count(folder: Path) -> int:
    n = 0
    for path in sorted((folder / "posts").glob("*.parquet")):
        with _named(path):
            n += pq.read_metadata(path).num_rows
    return n


def read_manifest(where: Home) -> dict[str, Any]:
    """Return the manifest of the last build; clear errors when there is none or it is damaged."""
    path = where.processed / "manifest.json"
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise KamenError(f"还没有处理好的数据：{path} 不存在，请先运行 kamen import / kamen fetch，再运行 kamen build") from None
    except ValueError:
        raise KamenError(f"读不了 {path}：文件损坏，请重新运行 kamen build") from None
    return manifest


def load(root: str | Path | Home | None = None, is_compact: bool = False, worded: int | None = None) -> Data:
    """Return the processed tables at `root` (see `paths.home`), or the demonstration's where only those exist; `compact` if asked.

    Of more than `worded` posts the columns WORDS are left out.

    `posts.attrs["source_names"]` holds the Chinese name of each source: charts name it in their foot.
    """
    where = root if isinstance(root, Home) else home(root)
    settle(where.processed)
    if not (where.processed / "manifest.json").exists() and (demo_home(where).processed / "manifest.json").exists():
        where = demo_home(where)
    manifest = read_manifest(where)
    names = ("posts", "events", "labels", "rejected")
    without = WORDS if worded is not None and _count(where.processed) > worded else ()
    posts, events, labels, rejected = (read_table(where.processed, name, is_compact, without if name == "posts" else ()) for name in names)
    posts.attrs["source_names"] = manifest.get("sources", {})
    return Data(posts, events, labels, rejected, manifest, where)
