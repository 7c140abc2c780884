"""Parts to tables: one row a post whatever number of captures saw it, its events joined, duplicates grouped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from kamen_analysis import clean, dedupe, platforms, records
from kamen_analysis.captures import withdraw
from kamen_analysis.pipeline import gold as people
from kamen_analysis.pipeline.partition import Part


@dataclass(frozen=True)
class Merged:
    """The four tables, how many distinct posts were left out because their writers asked for it, and what people overruled."""

    tables: dict[str, pd.DataFrame]
    withdrawn: int
    overruled: people.Overruled


_NO_GOLD = people.Gold()


def merge(parts: list[Part], known: platforms.Directory, version: str, withdrawn: frozenset[str] = frozenset(),
          gold: people.Gold = _NO_GOLD) -> Merged:
    """Return the tables; `version` is the codebook's, `withdrawn` the opt-out list, `gold` what people have coded.

    A run with a shortfall gives only its rejects.

    Of several captures of one post the fullest text wins (not cut short, then longest, then latest); the status is the
    latest seen; first and last sight span all of them.
    """
    every, parts = parts, [part for part in parts if not part.shortfall]
    seen = pd.concat([part.posts.assign(part=i) for i, part in enumerate(parts)], ignore_index=True) if parts else _none()
    posts = _one_each(seen)
    # People copy addresses whole; the tables keep less of them.
    names = withdrawn | {clean.address(name) or name for name in withdrawn} | {name.split("?")[0] for name in withdrawn if "://" in name}
    asked = [withdraw.is_withdrawn(post, url, names) for post, url in zip(posts["post_id"], posts["url"].fillna(""), strict=True)]
    posts = posts[~pd.Series(asked, index=posts.index, dtype="bool")]
    keys = posts[["part", "row", "post_id"]]
    labels = pd.concat([part.labels.assign(part=i) for i, part in enumerate(parts)], ignore_index=True) if parts else pd.DataFrame()
    ours, overruled = people.apply(_own_labels(labels, keys, version), posts, gold, version)
    tables = {
        "posts": _finish(posts.drop(columns=["part", "row"]), known),
        "events": _events([*(part.events for part in parts), _deleted(parts, posts)], posts["post_id"]),
        "labels": ours,
    }
    tables["rejected"] = _rejected([part.rejected for part in every], tables["posts"])
    return Merged({name: _ordered(name, tables[name]) for name in records.TABLES}, sum(asked), overruled)


def _none() -> pd.DataFrame:
    return records.empty("posts").assign(row=pd.Series(dtype="int64"), part=pd.Series(dtype="int64"))


def _one_each(seen: pd.DataFrame) -> pd.DataFrame:
    if seen.empty:
        return seen
    seen = seen.assign(length=seen["body"].str.len())
    by_text = seen.sort_values(["truncated", "length", "last_seen_at", "part", "row"], ascending=[False, *[True] * 4], kind="stable")
    best = by_text.drop_duplicates("post_id", keep="last").set_index("post_id").drop(columns="length")
    by_time = seen.sort_values(["last_seen_at", "part", "row"], kind="stable")
    grouped = by_time.groupby("post_id")
    best["first_seen_at"] = grouped["first_seen_at"].min()
    best["last_seen_at"] = grouped["last_seen_at"].max()
    for name in ("status", "amount_yuan", "appeal", "posted_at", "posted_precision", "url"):
        best[name] = grouped[name].last() if name == "status" else best[name].fillna(grouped[name].last())
    return best.reset_index()


def _finish(posts: pd.DataFrame, known: platforms.Directory) -> pd.DataFrame:
    posts = posts.drop(columns=["platform", "platform_known", "dup_group", "dup_kind", "dup_size", "is_used"])
    posts = posts.join(platforms.normalise(posts["target"], known))
    complaints = posts[posts["post_type"] == "complaint"]
    posts = posts.join(dedupe.duplicates(complaints))
    posts["dup_group"] = posts["dup_group"].fillna(posts["post_id"])
    posts["dup_kind"] = posts["dup_kind"].fillna("first")
    posts["dup_size"] = posts["dup_size"].fillna(1).astype("int64")
    posts["is_used"] = (posts["post_type"] == "complaint") & (posts["dup_kind"] == "first")
    return posts


def _deleted(parts: list[Part], posts: pd.DataFrame) -> pd.DataFrame:
    """Return a `deleted` event for each post whose own page has come to say that it is gone."""
    by_url = posts.dropna(subset="url").set_index("url")["post_id"]
    rows = [
        {"post_id": by_url[url], "kind": "deleted", "seen_by": datetime.fromisoformat(at), "actor": "unknown"}
        for part in parts for url, at in part.gone if url in by_url.index
    ]
    return records.frame("events", rows)


def _events(parts: list[pd.DataFrame], posts: pd.Series) -> pd.DataFrame:
    events = pd.concat(parts, ignore_index=True)
    events = events[events["post_id"].isin(posts)]
    exact = events[events["at"].notna()].drop_duplicates(["post_id", "kind", "at", "actor"])
    bounds = events[events["at"].isna()].sort_values("seen_by", kind="stable").drop_duplicates(["post_id", "kind"])
    # An exact time says more than "by then": the bound of the same kind falls away.
    known = pd.MultiIndex.from_frame(exact[["post_id", "kind"]])
    bounds = bounds[~pd.MultiIndex.from_frame(bounds[["post_id", "kind"]]).isin(known)]
    return pd.concat([exact, bounds], ignore_index=True)


def _own_labels(labels: pd.DataFrame, keys: pd.DataFrame, version: str) -> pd.DataFrame:
    if labels.empty:
        return records.empty("labels")
    return labels.merge(keys, on=["part", "row"]).drop(columns=["part", "row"]).assign(rule_version=version)


def _rejected(parts: list[pd.DataFrame], posts: pd.DataFrame) -> pd.DataFrame:
    capture = ["source", "post_id", "capture_file", "capture_offset", "capture_digest"]
    gate = posts[posts["post_type"] != "complaint"]
    copies = posts[posts["dup_kind"] != "first"]
    later = [
        gate[capture].assign(stage="gate", reason=gate["post_type"], detail=gate["gate_rule"]),
        copies[capture].assign(stage="dedupe", reason=copies["dup_kind"], detail=None),
    ]
    filled = [frame for frame in (*parts, *later) if not frame.empty]
    return pd.concat(filled, ignore_index=True) if filled else records.empty("rejected")


_SORTED = {
    "posts": ["post_id"], "events": ["post_id", "at", "seen_by", "kind", "actor"], "labels": ["post_id", "field", "start", "code"],
    "rejected": ["stage", "source", "capture_file", "capture_offset", "reason", "post_id"],
}


def _ordered(table: str, data: pd.DataFrame) -> pd.DataFrame:
    names = [column.name for column in records.TABLES[table]]
    data = data.sort_values(_SORTED[table], kind="stable").reset_index(drop=True)[names]
    types = {"string": "str", "boolean": "bool", "integer": "int64"}
    return data.astype({c.name: types[c.type] for c in records.TABLES[table] if c.type in types})
