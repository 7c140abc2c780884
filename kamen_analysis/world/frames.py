"""The world as the project's own tables, made directly from its truth: what a perfect pipeline would write."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from kamen_analysis import records
from kamen_analysis.world.model import World
from kamen_analysis.world.timeline import ACTORS
from kamen_analysis.world.written import redacted

VERSION = "world"
APPEALS = np.asarray(["退款", "退款,赔偿", None, "退款,道歉", "补发", None], dtype=object)


def tables(world: World, texts: bool = True) -> dict[str, pd.DataFrame]:
    """Return the truth as the tables `posts`, `events`, `labels` and an empty `rejected`, as of `world.as_of`.

    Texts are redacted (by the record of what was planted, not by rules). With `texts=False` titles and bodies are empty and label
    spans are 0–0, which is many times faster and enough for statistics. Labels are in the order in which the post tells them.
    """
    posts = _posts(world)
    spans = None
    if texts:
        hidden = [redacted(written) for written in world.texts]
        posts["title"], posts["body"] = [h.title for h in hidden], [h.body for h in hidden]
        spans = [h.spans for h in hidden]
    labels = _labels(world, posts["post_id"].to_numpy(), spans)
    shown = world.posts["shown"].to_numpy()
    out = {"posts": posts[shown], "events": _events(world, posts), "labels": labels, "rejected": records.empty("rejected")}
    return {name: _typed(name, frame) for name, frame in out.items()}


def post_ids(world: World) -> pd.Series:
    """Return the post_id of every post."""
    return world.spec.source + ":" + world.posts["number"].astype(str)


def targets(world: World) -> list[str]:
    """Return for each post the target as its poster wrote it, in one of the forms of `spec.platforms.written` (name, domain …)."""
    forms, shops = list(world.spec.platforms.written), world.platforms
    pairs = zip(world.posts["written"].tolist(), world.posts["platform"].tolist(), strict=True)
    return [forms[form].format(name=shops.names[shop], domain=shops.domains[shop]) for form, shop in pairs]


def _typed(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` with the columns and time types of the table `name`."""
    typed = frame.reset_index(drop=True)[[c.name for c in records.TABLES[name]]]
    instants = {c.name: f"datetime64[us, {records.ZONE}]" for c in records.TABLES[name] if c.type == "instant"}
    for column in set(instants) & set(typed.columns):
        if getattr(typed[column].dtype, "tz", None) is None:
            typed[column] = typed[column].astype("datetime64[us]").dt.tz_localize(records.ZONE)
    return typed


def _posts(world: World) -> pd.DataFrame:
    posts, ids = world.posts, post_ids(world)
    names = np.asarray(world.platforms.names, dtype=object)[posts["platform"]]
    written = targets(world)
    size = posts["origin"].map(posts.loc[posts["shown"], "origin"].value_counts()).fillna(1).astype("int64")
    origin = ids.to_numpy()[posts["origin"]]
    return pd.DataFrame({
        "post_id": ids, "source": world.spec.source, "url": None, "capture_file": f"{world.spec.source}/world.warc.gz",
        "capture_offset": np.arange(len(posts)), "capture_digest": hashlib.sha256(str(world.seed).encode()).hexdigest(),
        "posted_at": posts["posted_at"], "posted_precision": "minute", "first_seen_at": posts["first_seen_at"],
        "last_seen_at": world.as_of, "platform": names, "platform_known": False, "target": written, "title": "", "body": "",
        "truncated": False, "appeal": APPEALS[posts["number"] % len(APPEALS)], "amount_yuan": posts["amount_yuan"],
        "status": statuses(world),
        "post_type": posts["post_type"], "gate_rule": VERSION,
        "in_scope": ~posts["product"].isin(("physical", "service", "none")), "product": posts["product"], "outcome": posts["outcome"],
        "dup_group": origin, "dup_kind": posts["dup_kind"], "dup_size": size,
        "is_used": (posts["post_type"] == "complaint") & (posts["origin"] == posts.index), "is_synthetic": True})


STATUS = {"posted": "待分配", "assigned": "处理中", "merchant_replied": "已回复", "merchant_says_resolved": "已回复",
          "consumer_confirmed": "已完成", "auto_closed": "已完成", "closed": "已关闭", "withdrawn": "已撤诉"}


def statuses(world: World) -> pd.Series:
    """Return the status that the board shows for each post: that of its latest step at `world.as_of`."""
    seen = world.events[world.events["at"] <= world.as_of]
    return seen.groupby("row")["kind"].last().map(STATUS).reindex(world.posts.index)


def _events(world: World, posts: pd.DataFrame) -> pd.DataFrame:
    seen = world.events[(world.events["at"] <= world.as_of) & world.posts["shown"].to_numpy()[world.events["row"]]]
    return pd.DataFrame({"post_id": posts["post_id"].to_numpy()[seen["row"]], "kind": seen["kind"].to_numpy(), "at": seen["at"].to_numpy(),
                         "seen_by": pd.NaT, "actor": seen["kind"].map(ACTORS).to_numpy()})


def _labels(world: World, ids: np.ndarray, spans: list[dict[str, tuple[str, int, int]]] | None) -> pd.DataFrame:
    row, step = np.nonzero((world.tactics != "") & world.posts["shown"].to_numpy()[:, None])
    codes = world.tactics[row, step]
    places = [("body", 0, 0)] * len(row) if spans is None else [spans[r][c] for r, c in zip(row.tolist(), codes.tolist(), strict=True)]
    field, start, end = zip(*places, strict=True) if places else ((), (), ())
    return pd.DataFrame({
        "post_id": ids[row], "code": codes.astype(object), "decided_by": "human", "rule": VERSION, "rule_version": VERSION,
        "field": list(field), "start": np.asarray(start, dtype="int64"), "end": np.asarray(end, dtype="int64"), "score": 1.0})
