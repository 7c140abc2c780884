"""Parts to tables, a group of parts to a file of each table: joined, decided, checked, written. A group unchanged keeps its files."""

from __future__ import annotations

import dataclasses
import hashlib
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kamen_analysis import platforms, records
from kamen_analysis.paths import sha256
from kamen_analysis.pipeline import digests
from kamen_analysis.pipeline import gold as people
from kamen_analysis.pipeline.merge import TOLD, Merged
from kamen_analysis.pipeline.partition import CODED
from kamen_analysis.pipeline.parts import Part
from kamen_analysis.redact.door import refuse_if_personal

POSTS_PER_FILE = 50_000
TABLES = tuple(records.TABLES)
_SORTED = {
    "posts": ["post_id"], "events": ["post_id", "at", "seen_by", "kind", "actor"], "labels": ["post_id", "field", "start", "code"],
    "rejected": ["stage", "source", "capture_file", "capture_offset", "reason", "post_id"],
}
_CAPTURE = ["source", "post_id", "capture_file", "capture_offset", "capture_digest"]


@dataclass(frozen=True)
class Settings:
    """What decides the tables beside parts: the directory of platforms, the codebook's version, what people have coded."""

    known: platforms.Directory
    version: str
    gold: people.Gold

    def digest(self) -> str:
        """Return one digest of it all."""
        return digests.joined(repr(self.known), self.version, repr(sorted(self.gold.codes.items())), repr(sorted(self.gold.texts.items())))


@dataclass(frozen=True)
class Group:
    """The parts whose posts lie in one file of each table, and the decisions about them (see `merge.Merged`)."""

    name: str
    parts: list[Part]
    starts: npt.NDArray[np.int64]
    keep: npt.NDArray[np.bool_]
    told: pd.DataFrame
    events: pd.DataFrame
    dup: pd.DataFrame

    def key(self, settings: Settings) -> str:
        """Return the digest of everything the group's files depend on."""
        whole = hashlib.sha256(np.packbits(self.keep).tobytes())
        for frame in (self.told, self.events, self.dup):
            numbers = frame.get("number", frame.index)
            whole.update(frame.assign(number=numbers - self.starts[0]).to_csv(index=False).encode("utf-8", "surrogatepass"))
        parts = (f"{part.key} {part.shortfall}" for part in self.parts)
        return digests.joined(digests.build_code(), settings.digest(), self.name, *parts, whole.hexdigest())


def groups(parts: list[Part], merged: Merged) -> list[Group]:
    """Return the parts in groups of one source and about POSTS_PER_FILE posts; new captures change only the last of a source."""
    cut: list[list[int]] = []
    full = POSTS_PER_FILE
    for i, part in enumerate(parts):
        if full >= POSTS_PER_FILE or part.source != parts[cut[-1][0]].source:
            cut.append([])
            full = 0
        cut[-1].append(i)
        full += part.size
    count: dict[str, int] = {}
    found = []
    for those in cut:
        source = parts[those[0]].source
        count[source] = count.get(source, -1) + 1
        found.append(_group(f"{source}-{count[source]:05}", parts, merged, those))
    return found


def _group(name: str, parts: list[Part], merged: Merged, those: list[int]) -> Group:
    starts = merged.starts[those[0] : those[-1] + 2]
    low, high = int(starts[0]), int(starts[-1])
    own = [frame[(frame.index >= low) & (frame.index < high)] for frame in (merged.told, merged.dup)]
    events = merged.events[(merged.events["number"] >= low) & (merged.events["number"] < high)]
    return Group(name, parts[those[0] : those[-1] + 1], starts, merged.keep[low:high], own[0], events.reset_index(drop=True), own[1])


def write(group: Group, settings: Settings, folder: Path) -> dict[str, Any]:
    """Write a group's four files below `folder`; return what the manifest needs: `files` (name → SHA-256), `rows`, counts."""
    posts = _finish(_posts(group), group, settings.known)
    labels, overruled = people.apply(_labels(group, posts, settings.version), posts, settings.gold, settings.version)
    tables = {"posts": posts.drop(columns="number"), "events": _events(group, posts), "labels": labels, "rejected": _rejected(group, posts)}
    # What stands in the parts was searched when they were made; the brand names are new.
    refuse_if_personal("posts", posts.loc[posts["platform"] != posts["target"], ["platform"]])
    files = {}
    for name, data in tables.items():
        ordered = records.validate(name, _ordered(name, data))
        path = folder / name / f"{group.name}.parquet"
        whole = pa.Table.from_pandas(ordered, schema=records.arrow_schema(name), preserve_index=False)
        # On a cluster a slow worker and the one that took over from it may both be writing.
        fresh = path.with_name(f".{uuid.uuid4().hex}")
        pq.write_table(whole.replace_schema_metadata(), fresh, compression="zstd")
        files[f"{name}/{path.name}"] = sha256(fresh)
        fresh.replace(path)
    return {"files": files, "rows": {name: len(data) for name, data in tables.items()}, **_counts(posts, tables["rejected"]),
            "overruled": dataclasses.asdict(overruled)}


def _posts(group: Group) -> pd.DataFrame:
    found = []
    for part, start, end in zip(group.parts, group.starts, group.starts[1:], strict=False):
        keep = group.keep[start - group.starts[0] : end - group.starts[0]]
        rows, coded = part.read("posts"), part.read("coded")
        for name in CODED:
            rows = rows.append_column(name, coded[name])
        found.append(rows.append_column("number", pa.array(np.arange(start, end))).filter(pa.array(keep)))
    posts: pd.DataFrame = pa.concat_tables(found).to_pandas()
    posts = posts.set_index("number", drop=False).rename_axis(None)
    for name in TOLD:
        posts.loc[group.told.index, name] = group.told[name]
    return posts


def _finish(posts: pd.DataFrame, group: Group, known: platforms.Directory) -> pd.DataFrame:
    posts = posts.join(platforms.normalise(posts["target"], known)).join(group.dup)
    posts["dup_group"] = posts["dup_group"].fillna(posts["post_id"])
    posts["dup_kind"] = posts["dup_kind"].fillna("first")
    posts["dup_size"] = posts["dup_size"].fillna(1).astype("int64")
    posts["is_used"] = (posts["post_type"] == "complaint") & (posts["dup_kind"] == "first")
    return posts


def _labels(group: Group, posts: pd.DataFrame, version: str) -> pd.DataFrame:
    labels = _numbered(group, "labels")
    labels["post_id"] = posts["post_id"].reindex(labels["number"]).to_numpy()
    return labels[labels["number"].isin(posts.index)].drop(columns="number").assign(rule_version=version)


def _numbered(group: Group, table: str) -> pd.DataFrame:
    """Return a table of the group's parts with the `number` of the post each row belongs to."""
    found = []
    for part, start in zip(group.parts, group.starts, strict=False):
        rows = part.read(table)
        found.append(rows.set_column(0, "number", pa.array(rows["row"].to_numpy() + start)))
    data: pd.DataFrame = pa.concat_tables(found).to_pandas()
    return data


def _events(group: Group, posts: pd.DataFrame) -> pd.DataFrame:
    found = _numbered(group, "events")
    alone = posts.index.difference(group.told.index)
    every = [frame for frame in (found[found["number"].isin(alone)], group.events[group.events["number"].isin(posts.index)]) if len(frame)]
    if not every:
        return records.empty("events")
    events = _told_once(pd.concat(every, ignore_index=True).astype({"kind": "category", "actor": "category"}))
    return events.assign(post_id=posts["post_id"].reindex(events["number"]).to_numpy())


def _told_once(events: pd.DataFrame) -> pd.DataFrame:
    exact = events[events["at"].notna()].drop_duplicates(["number", "kind", "at", "actor"])
    bounds = events[events["at"].isna()].sort_values("seen_by", kind="stable").drop_duplicates(["number", "kind"])
    # An exact time says more than "by then": the bound of the same kind falls away.
    known = pd.MultiIndex.from_frame(exact[["number", "kind"]])
    bounds = bounds[~pd.MultiIndex.from_frame(bounds[["number", "kind"]]).isin(known)]
    return pd.concat([frame for frame in (exact, bounds) if len(frame)], ignore_index=True)


def _rejected(group: Group, posts: pd.DataFrame) -> pd.DataFrame:
    gate = posts[posts["post_type"] != "complaint"]
    again = posts[posts["dup_kind"] != "first"]
    found = [
        pa.concat_tables([part.read("rejected") for part in group.parts]).to_pandas(),
        gate[_CAPTURE].assign(stage="gate", reason=gate["post_type"], detail=gate["gate_rule"]),
        again[_CAPTURE].assign(stage="dedupe", reason=again["dup_kind"], detail=None),
    ]
    filled = [frame for frame in found if not frame.empty]
    return pd.concat(filled, ignore_index=True) if filled else records.empty("rejected")


def _ordered(table: str, data: pd.DataFrame) -> pd.DataFrame:
    names = [column.name for column in records.TABLES[table]]
    data = data.sort_values(_SORTED[table], kind="stable").reset_index(drop=True)[names]
    types = {"string": "str", "boolean": "bool", "integer": "int64"}
    return data.astype({c.name: types[c.type] for c in records.TABLES[table] if c.type in types})


def _counts(posts: pd.DataFrame, rejected: pd.DataFrame) -> dict[str, Any]:
    used = posts[posts["is_used"]]
    return {
        "complaints": int((posts["post_type"] == "complaint").sum()), "used": len(used), "virtual": int(used["in_scope"].sum()),
        "is_synthetic": bool(posts["is_synthetic"].any()), "sources": posts["source"].value_counts().to_dict(),
        "rejected": {stage: some["reason"].value_counts().to_dict() for stage, some in rejected.groupby("stage")},
    }
