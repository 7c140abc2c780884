"""How far the reasons' shares hang on choices made on the way: gate, duplicates, scope, sources, codebook."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

import kamen_analysis.codebook as codebook
import kamen_analysis.metrics as metrics
from kamen_analysis import dedupe
from kamen_analysis.data import Data
from kamen_analysis.label.gate import totals
from kamen_analysis.label.posts import label_posts
from kamen_analysis.metrics.provenance import origin

AS_BUILT = "本报告的做法"
LEAD = 4.0  # points by which a complaint must outweigh every other type under the stricter gate
Choice = tuple[str, pd.DataFrame, pd.DataFrame, str]


def choices(data: Data, scope: str = "virtual", threshold: float = 0.6) -> pd.DataFrame:
    """Return the share of each reason under each choice: variant, code, name_zh, n, of, share, low, high, note; as built first.

    `threshold`: the other similarity from which a text counts as a copy (built with `dedupe.THRESHOLD`).
    """
    tried = _each(data, scope, threshold)
    parts = [metrics.reasons(posts, labels, scope=chosen).assign(variant=name) for name, posts, labels, chosen in tried]
    table = pd.concat(parts, ignore_index=True)
    table.attrs.update(origin(data.posts))
    return table[["variant", "code", "name_zh", "n", "of", "share", "low", "high", "note"]]


def _each(data: Data, scope: str, threshold: float) -> Iterator[Choice]:
    posts, labels = data.posts, data.labels
    yield AS_BUILT, posts, labels, scope
    yield "闸门更严：证据须明显压过其他类型", posts.assign(is_used=posts["is_used"] & _leads(posts)), labels, scope
    yield "重复帖每条都计", posts.assign(is_used=posts["post_type"] == "complaint"), labels, scope
    yield f"相似度 {threshold:g} 起算重复（原为 {dedupe.THRESHOLD:g}）", posts.assign(is_used=_firsts(posts, threshold)), labels, scope
    other, name = ("all", "连实物与线下服务也计入") if scope == "virtual" else ("virtual", "只计虚拟商品")
    yield name, posts, labels, other
    names = data.manifest.get("sources", {})
    for source in sorted(posts["source"].unique()) if posts["source"].nunique() > 1 else ():
        yield f"去掉来源：{names.get(source, source)}", posts[posts["source"] != source], labels, scope
    book = codebook.load()
    if data.manifest.get("codebook", {}).get("digest") != book.digest:
        yield f"按现在的编码手册（{book.version}）重编", posts, _recoded(posts), scope


def _leads(posts: pd.DataFrame) -> pd.Series:
    used = posts[posts["is_used"]]
    if not len(used):
        return pd.Series(data=False, index=posts.index)
    targets = [target if isinstance(target, str) else None for target in used["target"]]
    points = totals(used["title"].tolist(), used["body"].tolist(), targets)
    others = np.fmax.reduce([found for kind, found in points.items() if kind != "complaint"])
    lead = np.nan_to_num(points["complaint"]) - np.nan_to_num(others)
    return pd.Series(lead, used.index, dtype=float).ge(LEAD).reindex(posts.index, fill_value=False)


def _firsts(posts: pd.DataFrame, threshold: float) -> pd.Series:
    complaints = posts[posts["post_type"] == "complaint"]
    found = dedupe.duplicates(complaints, threshold)["dup_kind"].eq("first") if len(complaints) else pd.Series(dtype=bool)
    return found.reindex(posts.index, fill_value=False).astype(bool)


def _recoded(posts: pd.DataFrame) -> pd.DataFrame:
    used = posts[posts["is_used"]]
    told = zip(used["post_id"], used["title"], used["body"], used["target"].astype(object).where(used["target"].notna(), None), strict=True)
    found = label_posts(dict(zip(("id", "title", "body", "target"), post, strict=True)) for post in told)
    return pd.DataFrame([(one.id, reason.code) for one in found for reason in one.reasons], columns=["post_id", "code"], dtype="str")
