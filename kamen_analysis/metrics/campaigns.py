"""One text posted many times: bursts of copies among complaints, and template farms among the other posts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamen_analysis.dedupe import duplicates
from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.shares import with_shares
from kamen_analysis.records import POST_TYPES

LEAST = 5
HOURS = 72
_INSTANT = "datetime64[us]"  # UTC
SHOWN = 20  # posts listed as evidence
_COLUMNS = ["dup_group", "n", "of", "share", "low", "high", "size", "first_at", "last_at", "span_hours", "sources", "targets", "evidence",
            "note"]


@metric
def campaigns(posts: pd.DataFrame, scope: str = "virtual", least: int = LEAST, hours: float = HOURS) -> pd.DataFrame:
    """Return bursts of copies of one text, the largest first: dup_group, n (copies in the burst), of, share, low, high, size (copies in
    all), first_at, last_at, span_hours (of the burst), sources, targets, evidence (ids of the first 20 posts of the burst), note.

    A burst is at least `least` posts of one duplicate group within `hours`. Each group has one row at most: its fullest window, or the
    earliest of equally full ones.

    Counts: 同一文字（完全或近似重复）在 72 小时内发了至少 5 次的投诉，按各次发布计
    Out of: 从这一阵的第一帖到最后一帖之间发布的全部投诉，含重复帖，范围（scope）相同
    Leaves out: 没有发布时间的；scope="virtual" 时还有实物与线下服务的投诉；30 字以下的短文不判重复；同期投诉不足 30 件的不给比例
    Read with care: 表里没有发帖人，看不出是一人多发还是多人照抄；集体维权、代写模板和刷帖都会这样，不能单凭此认定恶意
    """
    filed = posts[(posts["post_type"] == "complaint") & posts["posted_at"].notna() & (posts["in_scope"] | (scope == "all"))]
    copied = filed[filed["dup_size"] >= least]
    rows = [row for _, group in copied.groupby("dup_group") if (row := _burst(group, least, hours))]
    table = pd.DataFrame(rows, columns=[name for name in _COLUMNS if name not in ("of", "share", "low", "high", "note")])
    at = np.sort(filed["posted_at"].to_numpy(_INSTANT))
    of = np.searchsorted(at, table["last_at"].to_numpy(_INSTANT), "right") - np.searchsorted(at, table["first_at"].to_numpy(_INSTANT))
    table = with_shares(table.astype({"n": "int64", "size": "int64"}).assign(of=of))
    return table.sort_values(["n", "first_at", "dup_group"], ascending=[False, True, True], ignore_index=True)[_COLUMNS]


def _burst(group: pd.DataFrame, least: int, hours: float) -> dict[str, object] | None:
    """Return a row on the fullest window of `hours` in a group of copies; None if it holds fewer than `least`."""
    group = group.sort_values(["posted_at", "post_id"])
    at = group["posted_at"]
    ends = np.searchsorted(at.to_numpy(), (at + pd.Timedelta(hours=hours)).to_numpy(), "right")
    start = int(np.argmax(ends - np.arange(len(group))))
    burst = group.iloc[start: ends[start]]
    if len(burst) < least:
        return None
    return {"dup_group": group["dup_group"].iloc[0], "n": len(burst), "size": int(group["dup_size"].iloc[0]), **_facts(burst)}


def _facts(copies: pd.DataFrame) -> dict[str, object]:
    first, last = copies["posted_at"].min(), copies["posted_at"].max()
    return {"first_at": first, "last_at": last, "span_hours": (last - first).total_seconds() / 3600,
            "sources": "、".join(sorted(copies["source"].unique())), "targets": "、".join(sorted(copies["target"].dropna().unique())),
            "evidence": "、".join(copies["post_id"].head(SHOWN))}


@metric
def template_farms(posts: pd.DataFrame, least: int = LEAST) -> pd.DataFrame:
    """Return texts copied over and over among posts that are not complaints: dup_group, kinds (post types), n, of, share, low, high,
    first_at, last_at, span_hours, sources, targets, evidence, note; the most copied first. Copies are found as among complaints
    (`dedupe.duplicates`).

    Counts: 文章、广告、商家方等非投诉里，完全或近似重复至少 5 次的一套文字
    Out of: 全部非投诉帖子
    Leaves out: 投诉（见 campaigns）；30 字以下的短文不判重复；非投诉不足 30 帖的不给比例
    Read with care: 转载、同一篇通稿和批量生成的软文都会这样；表里没有发帖人，不能断定出自同一家
    """
    others = posts[posts["post_type"] != "complaint"]
    groups = duplicates(others) if len(others) else pd.DataFrame(columns=["dup_group", "dup_size"], index=others.index)
    copied = others.assign(dup_group=groups["dup_group"], dup_size=groups["dup_size"])[(groups["dup_size"] >= least).to_numpy(bool)]
    rows = [{"dup_group": name, "kinds": "、".join(POST_TYPES[kind] for kind in sorted(group["post_type"].unique())), "n": len(group),
             **_facts(group.sort_values(["posted_at", "post_id"]))} for name, group in copied.groupby("dup_group")]
    columns = ["dup_group", "kinds", *[name for name in _COLUMNS[1:-1] if name != "size"]]
    table = pd.DataFrame(rows, columns=[name for name in columns if name not in ("of", "share", "low", "high")]).astype({"n": "int64"})
    table = with_shares(table.assign(of=len(others))).sort_values(["n", "dup_group"], ascending=[False, True], ignore_index=True)
    return table[[*columns, "note"]]
