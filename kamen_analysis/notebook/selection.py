"""Choosing the posts of a notebook: a period, a platform, a source; what was chosen stands in the foot of every chart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from kamen_analysis.data import Data
from kamen_analysis.report.period import parse
from kamen_analysis.report.period import select as in_period

SHOWN = 8  # names listed where one that is not there was asked for


def select(data: Data, period: str | None = None, platform: str | None = None, source: str | None = None) -> Data:
    """Return `data` with only the posts of `period`, on `platform`, from `source` (key or Chinese name); None leaves the choice open.

    Events, labels and the stages from the gate on follow the posts. Where nothing is left one line says so and what there is; the
    charts then say 样本不足.
    """
    chosen = in_period(data, parse(period))
    names = data.manifest.get("sources", {})
    keep = pd.Series(True, chosen.posts.index)
    if platform is not None:
        keep &= (chosen.posts["platform"] == platform).fillna(False)
    if source is not None:
        keep &= chosen.posts["source"].isin([key for key in {*names, source} if source in (key, names.get(key))])
    if chosen is data and keep.all():
        return data
    posts = chosen.posts[keep]
    if posts.empty:
        print(_nothing(data, period, platform, source))
    # The foot of a chart names the sources: there a reader looks for what was counted.
    only = f"（只含“{platform}”）" if platform is not None else ""
    posts.attrs["source_names"] = {key: f"{names.get(key, key)}{only}" for key in data.posts["source"].unique()}
    events, labels = (table[table["post_id"].isin(posts["post_id"])] for table in (data.events, data.labels))
    return replace(data, posts=posts, events=events, labels=labels, manifest={**data.manifest, "stages": _stages(posts)})


def _nothing(data: Data, period: str | None, platform: str | None, source: str | None) -> str:
    asked = "、".join(f"{what} {value}" for what, value in (("期间", period), ("平台", platform), ("来源", source)) if value is not None)
    dated = data.posts["posted_at"].dropna()
    span = f"发布时间 {dated.min():%Y-%m-%d} 至 {dated.max():%Y-%m-%d}" if len(dated) else "帖子都没有发布时间"
    common = "、".join(data.posts["platform"].value_counts().index[:SHOWN])
    sources = "、".join(data.posts["source"].unique())
    return f"没有符合“{asked}”的帖子，下面的图表因此标“样本不足”。表里有：{span}；来源 {sources}；平台如 {common}。"


def _stages(posts: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the stages that can be told for chosen posts alone: what was read or cleaned away has neither date nor platform."""
    complaints = posts[posts["post_type"] == "complaint"]
    used = complaints[complaints["is_used"]]
    virtual = int(used["in_scope"].sum())
    others, copies = posts.loc[posts["post_type"] != "complaint", "post_type"], complaints.loc[~complaints["is_used"], "dup_kind"]
    rows: list[tuple[str, str, int, int, dict[Any, int]]] = [
        ("gate", "帖", len(posts), len(complaints), others.value_counts().to_dict()),
        ("dedupe", "帖", len(complaints), len(used), copies.value_counts().to_dict()),
        ("scope", "件", len(used), virtual, {"not_virtual": len(used) - virtual})]
    return [{"stage": s, "unit": u, "in": i, "out": o, "rejected": {str(k): int(n) for k, n in r.items() if n}} for s, u, i, o, r in rows]
