"""A slim copy of each build that a report was made from, so that a later report can explain exactly why a headline changed.

`data/.cache/builds/<digest of the manifest>.parquet` holds for each post whether it counts, its codes, platform and times; its id,
address and text only as hashes. Copies are kept only of builds on which a report in the home still rests.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kamen_analysis.data import Data
from kamen_analysis.metrics import reason_names
from kamen_analysis.metrics.keys import places_of, rows_of
from kamen_analysis.paths import Home, atomic_write
from kamen_analysis.records import EVENT_KINDS, empty
from kamen_analysis.report import record

KINDS = [*EVENT_KINDS]
MOST = 200_000  # builds with more posts are not copied, and changes since then not explained post by post
PLAIN = ["source", "posted_at", "first_seen_at", "is_used", "in_scope", "post_type", "outcome", "dup_kind", "platform", "amount_yuan",
         "is_synthetic"]


def slim(data: Data) -> pd.DataFrame:
    """Return one row per post: PLAIN, hashes of its id, address and text, whether it has a status, and its codes and events as bits."""
    posts = data.posts.astype({name: "str" for name in data.posts if data.posts[name].dtype == "category"})
    whole, number = (_hashed(part) for part in (posts["post_id"], posts["post_id"].str.split(":", n=1).str[1].fillna("")))
    text = posts["title"].fillna("") + "\n" + posts["body"].fillna("") + "\n" + posts["target"].fillna("")
    # The hashed id keeps the form "…:number", because the withdrawal list may name a post by its whole id or by its number.
    return posts[PLAIN].assign(post_id=whole + ":" + number, url=_hashed(posts["url"].fillna("")), title=_hashed(text),
                               has_status=posts["status"].notna(), codes=_bits(posts, data.labels, "code", [*reason_names()]),
                               events=_bits(posts, data.events, "kind", KINDS))


def _bits(posts: pd.DataFrame, table: pd.DataFrame, column: str, values: list[str]) -> Any:
    """Return for each post an integer whose bit i tells whether `table` gives it the i-th of `values`."""
    rows, place = rows_of(posts, table["post_id"]), places_of(table[column], values)
    known = (rows >= 0) & (place >= 0)
    bits = np.zeros(len(posts), dtype=np.int64)
    np.bitwise_or.at(bits, rows[known], 1 << place[known])
    return bits


def _from_bits(table: pd.DataFrame, column: str, name: str, values: list[str]) -> pd.DataFrame:
    """Return one row per post and value (post_id, `name`) from a column made by `_bits`."""
    rows = [table.loc[(table[column] & (1 << bit)) > 0, ["post_id"]].assign(**{name: value}) for bit, value in enumerate(values)]
    return pd.concat(rows, ignore_index=True)


def _hashed(text: pd.Series) -> pd.Series:
    return pd.Series(pd.util.hash_array(text.to_numpy(object)).astype("U20"), text.index, dtype="str")


def _hashed_name(name: str) -> set[str]:
    """Return the hashed forms of an entry of the withdrawal list: as an address or number, and as a whole id."""
    whole, number = (str(pd.util.hash_array(np.array([part], dtype=object))[0]) for part in (name, name.partition(":")[2]))
    return {whole, f"{whole}:{number}"}


def as_data(table: pd.DataFrame, manifest: dict[str, Any], where: Home) -> Data:
    """Return a slim table in the form that `metrics.explain` takes."""
    posts = table.assign(body="", target="", status=table["has_status"].map({True: "有", False: None}))
    labels, events = _from_bits(table, "codes", "code", [*reason_names()]), _from_bits(table, "events", "kind", KINDS)
    withdrawn = sorted(set[str]().union(*(_hashed_name(name) for name in manifest.get("withdrawn") or ())))
    return Data(posts, events, labels, pd.DataFrame(), {**manifest, "withdrawn": withdrawn}, where)


def remember(data: Data, digest: str, target: Path) -> None:
    """Keep a copy of this build; if `target` is in the home's reports, delete the copies on which no report beside it rests."""
    others = [figures for path in target.parent.glob("*") if path != target and (figures := record.read(path))]
    keep(data, digest)
    if target.parent == data.home.reports:
        forget(data.home, {digest, *(str(figures.get("manifest")) for figures in others)})


def worth_keeping(data: Data) -> Data:
    """Return `data`, or the same build without any rows if it is too large to be kept."""
    if len(data.posts) <= MOST:
        return data
    posts, events, labels, rejected = (empty(table) for table in ("posts", "events", "labels", "rejected"))
    return replace(data, posts=posts, events=events, labels=labels, rejected=rejected)


def keep(data: Data, digest: str) -> None:
    """Keep a copy of the build of `data`, whose manifest has this digest, unless there is one or the build is empty or too large."""
    path = _path(data.home, digest)
    if path.exists() or not 0 < len(data.posts) <= MOST:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    given = {b"bits": json.dumps([*reason_names(), *KINDS]).encode()}
    with atomic_write(path, "wb") as file:
        pq.write_table(pa.Table.from_pandas(slim(data), preserve_index=False).replace_schema_metadata(given), file, compression="zstd")


def recall(where: Home, digest: str) -> Data | None:
    """Return the copy of the build with this digest; None if there is none, or if its bits stand for another list of codes or kinds.

    A damaged copy is deleted and counts as none.
    """
    path = _path(where, digest)
    if not digest or not path.exists():
        return None
    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError):
        path.unlink(missing_ok=True)
        return None
    if json.loads((table.schema.metadata or {}).get(b"bits", b"[]")) != [*reason_names(), *KINDS]:
        return None
    return as_data(table.to_pandas(), {}, where)


def forget(where: Home, wanted: set[str]) -> None:
    """Delete the copies of all builds except those with the digests `wanted`."""
    for path in _path(where, "").parent.glob("*.parquet"):
        if path.stem not in wanted:
            path.unlink(missing_ok=True)


def _path(where: Home, digest: str) -> Path:
    return where.root / "data" / ".cache" / "builds" / f"{digest}.parquet"
