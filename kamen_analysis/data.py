"""The processed tables as pandas frames: what notebooks and the report start from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kamen_analysis import records
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, demo_home, home, settle


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


def read_table(folder: Path, table: str) -> pd.DataFrame:
    """Return one table of a processed folder; a file that cannot be read is named in the error."""
    schema = records.arrow_schema(table)
    parts = []
    for path in sorted((folder / table).glob("*.parquet")):
        try:
            parts.append(pq.read_table(path, schema=schema))
        except (pa.ArrowInvalid, OSError) as error:
            raise KamenError(f"读不了 {path}：文件损坏或不完整，请重新运行 kamen build（{type(error).__name__}）") from None
    data: pd.DataFrame = pa.concat_tables(parts).to_pandas() if parts else records.empty(table)
    return data


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


def load(root: str | Path | Home | None = None) -> Data:
    """Return the processed tables at `root` (see `paths.home`), or the demonstration's where only those exist.

    `posts.attrs["source_names"]` holds the Chinese name of each source: charts name it in their foot.
    """
    where = root if isinstance(root, Home) else home(root)
    settle(where.processed)
    if not (where.processed / "manifest.json").exists() and (demo_home(where).processed / "manifest.json").exists():
        where = demo_home(where)
    manifest = read_manifest(where)
    posts, events, labels, rejected = (read_table(where.processed, table) for table in ("posts", "events", "labels", "rejected"))
    posts.attrs["source_names"] = manifest.get("sources", {})
    return Data(posts, events, labels, rejected, manifest, where)
