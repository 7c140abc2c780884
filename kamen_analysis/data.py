"""Load the processed tables as pandas frames, for notebooks and the report."""

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
# Columns of posts that no metric needs of all posts at once: their texts, and where they were found.
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
    """Return one table of a processed folder, without the columns `without`; `is_compact`: see `compact`.

    Raises KamenError naming a file that cannot be read.
    """
    names = [name for name in records.arrow_schema(table).names if name not in without]
    coded = [name for name in names if is_compact and name in RECURRING]
    parts = []
    for path in sorted((folder / table).glob("*.parquet")):
        with _named(path):
            # `pq.read_table` goes through pyarrow.dataset, which looks up every value of a dictionary column anew.
            parts.append(pq.ParquetFile(path, read_dictionary=coded).read(names).select(names))
    data: pd.DataFrame = _joined(parts).to_pandas() if parts else records.empty(table)
    return compact(data) if is_compact else data


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Raise an error of reading as a KamenError that names the file."""
    try:
        yield
    except (pa.ArrowInvalid, OSError, KeyError) as error:
        raise KamenError(f"读不了 {path}：文件损坏或不完整，请重新运行 kamen build（{type(error).__name__}）") from None


def _joined(parts: list[pa.Table]) -> pa.Table:
    """Return the parts as one table with contiguous columns: taking a few rows of a chunked column makes Arrow copy all of it."""
    whole = pa.concat_tables(parts).unify_dictionaries()
    parts.clear()
    for at, name in enumerate(whole.column_names):
        whole = whole.set_column(at, whole.schema.field(name), whole.column(name).combine_chunks())
    return whole


def compact(table: pd.DataFrame) -> pd.DataFrame:
    """Return `table` with the columns RECURRING, whose values repeat often, as categories in alphabetical order, to save memory."""
    coded = {name: table[name].astype("category") for name in table if name in RECURRING}
    return table.assign(**{name: values.cat.set_categories(values.cat.categories.sort_values()) for name, values in coded.items()})


def _count(folder: Path) -> int:
    n = 0
    for path in sorted((folder / "posts").glob("*.parquet")):
        with _named(path):
            n += pq.read_metadata(path).num_rows
    return n


def read_manifest(where: Home) -> dict[str, Any]:
    """Return the manifest of the last build; raise KamenError if there is none or it is damaged."""
    path = where.processed / "manifest.json"
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise KamenError(f"还没有处理好的数据：{path} 不存在，请先运行 kamen import / kamen fetch，再运行 kamen build") from None
    except ValueError:
        manifest = {}
    if not isinstance(manifest, dict) or "stages" not in manifest:
        raise KamenError(f"读不了 {path}：文件损坏，请重新运行 kamen build")
    return manifest


def load(root: str | Path | Home | None = None, is_compact: bool = False, worded: int | None = None) -> Data:
    """Return the processed tables at `root` (see `paths.home`), or the demonstration's if only those exist.

    is_compact: see `compact`. worded: the number of posts above which the columns WORDS are left out.
    `posts.attrs["source_names"]` holds the Chinese name of each source, for the footers of charts.
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
