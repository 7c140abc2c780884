"""What a report needs of the build behind an earlier one, kept without words or ids, to tell exactly why a headline moved since.

`data/.cache/builds/<digest of the manifest>.parquet`: of each post whether it counts, its codes, platform and times; its id, address and
text only as hashes. Kept for the builds that reports in the home were made from, and for no others.
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
MOST = 200_000  # posts of a build that is kept: of more the explanation stays with the headlines
PLAIN = ["source", "posted_at", "first_seen_at", "is_used", "in_scope", "post_type", "outcome", "dup_kind", "platform", "amount_yuan",
         "is_synthetic"]


def slim(data: Data) -> pd.DataFrame:
    """Return one row a post: PLAIN, its hashed id, address and text, whether it has a status, and its codes and events as bits."""
    posts = data.posts.astype({name: "str" for name in data.posts if data.posts[name].dtype == "category"})
    place, number = (_hashed(part) for part in (posts["post_id"], posts["post_id"].str.split(":", n=1).str[1].fillna("")))
    text = posts["title"].fillna("") + "\n" + posts["body"].fillna("") + "\n" + posts["target"].fillna("")
    # The id keeps its form "source:number": the opt-out list may name either.
    return posts[PLAIN].assign(post_id=place + ":" + number, url=_hashed(posts["url"].fillna("")), title=_hashed(text),
                               has_status=posts["status"].notna(), codes=_bits(posts, data.labels, "code", [*reason_names()]),
                               events=_bits(posts, data.events, "kind", KINDS))


def _bits(posts: pd.DataFrame, table: pd.DataFrame, column: str, values: list[str]) -> Any:
    """Return for each post a number whose bits tell which of `values` it has in `table`."""
    rows, place = rows_of(posts, table["post_id"]), places_of(table[column], values)
    here = (rows >= 0) & (place >= 0)
    found = np.zeros(len(posts), dtype=np.int64)
    np.bitwise_or.at(found, rows[here], 1 << place[here])
    return found


def _unfolded(table: pd.DataFrame, column: str, name: str, values: list[str]) -> pd.DataFrame:
    rows = [table.loc[(table[column] & (1 << bit)) > 0, ["post_id"]].assign(**{name: value}) for bit, value in enumerate(values)]
    return pd.concat(rows, ignore_index=True)


def _hashed(text: pd.Series) -> pd.Series:
    return pd.Series(pd.util.hash_array(text.to_numpy(object)).astype("U20"), text.index, dtype="str")


def _name(name: str) -> set[str]:
    """Return what a line of the opt-out list looks like among hashed ids: an address or number, or a whole id."""
    whole, number = (str(pd.util.hash_array(np.array([part], dtype=object))[0]) for part in (name, name.partition(":")[2]))
    return {whole, f"{whole}:{number}"}


def as_data(table: pd.DataFrame, manifest: dict[str, Any], where: Home) -> Data:
    """Return the tables `metrics.explain` takes, made of a slim one."""
    posts = table.assign(body="", target="", status=table["has_status"].map({True: "有", False: None}))
    labels, events = _unfolded(table, "codes", "code", [*reason_names()]), _unfolded(table, "events", "kind", KINDS)
    hidden = sorted(set[str]().union(*(_name(name) for name in manifest.get("withdrawn") or ())))
    return Data(posts, events, labels, pd.DataFrame(), {**manifest, "withdrawn": hidden}, where)


def remember(data: Data, digest: str, target: Path) -> None:
    """Keep this build for the explanation of the next report, and only those that the other reports beside `target` rest on."""
    others = [found for path in target.parent.glob("*") if path != target and (found := record.read(path))]
    keep(data, digest)
    if target.parent == data.home.reports:
        forget(data.home, {digest, *(str(found.get("manifest")) for found in others)})


def worth_keeping(data: Data) -> Data:
    """Return `data`, or where it is too large to be kept the same build without any rows."""
    if len(data.posts) <= MOST:
        return data
    posts, events, labels, rejected = (empty(table) for table in ("posts", "events", "labels", "rejected"))
    return replace(data, posts=posts, events=events, labels=labels, rejected=rejected)


def keep(data: Data, digest: str) -> None:
    """Keep the build of `data`, whose manifest has this digest, unless it is kept already, empty or too large."""
    path = _path(data.home, digest)
    if path.exists() or not 0 < len(data.posts) <= MOST:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    given = {b"bits": json.dumps([*reason_names(), *KINDS]).encode()}
    with atomic_write(path, "wb") as file:
        pq.write_table(pa.Table.from_pandas(slim(data), preserve_index=False).replace_schema_metadata(given), file, compression="zstd")


def recall(where: Home, digest: str) -> Data | None:
    """Return the build with this digest; None where it was not kept, or its bits mean something else."""
    path = _path(where, digest)
    if not digest or not path.exists():
        return None
    table = pq.read_table(path)
    if json.loads((table.schema.metadata or {}).get(b"bits", b"[]")) != [*reason_names(), *KINDS]:
        return None
    return as_data(table.to_pandas(), {}, where)


def forget(where: Home, wanted: set[str]) -> None:
    """Delete every kept build but those of these digests."""
    for path in _path(where, "").parent.glob("*.parquet"):
        if path.stem not in wanted:
            path.unlink(missing_ok=True)


def _path(where: Home, digest: str) -> Path:
    return where.root / "data" / ".cache" / "builds" / f"{digest}.parquet"
