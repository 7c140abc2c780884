"""Which posts the metrics count, and how they are grouped."""

from __future__ import annotations

import pandas as pd

from kamen_analysis.errors import KamenError
from kamen_analysis.metrics.names import period_names, period_starts
from kamen_analysis.records import PRODUCTS

SCOPES = ("virtual", "all")


def used(posts: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Return the posts that metrics count: complaints, the earliest of each duplicate group, about virtual goods unless `scope` is "all".

    Counts: 当事人的投诉，重复或近似重复的帖子只计最早一条
    Out of: 全部已入库的帖子
    Leaves out: 文章、广告、咨询、商家方内容，重复帖；scope="virtual" 时还有实物与线下服务的投诉
    Read with care: 公开投诉不是随机样本，未经核实；发帖多少受平台用户规模与传播影响
    """
    return posts[is_counted(posts, scope)]


def is_counted(posts: pd.DataFrame, scope: str = "virtual") -> pd.Series:
    """Return whether each post is among `used`. Raises KamenError for an unknown scope."""
    if scope not in SCOPES:
        raise KamenError(f"scope 只能是 {'、'.join(SCOPES)}，不是 {scope!r}")
    return posts["is_used"] if scope == "all" else posts["is_used"] & posts["in_scope"]


def filed(posts: pd.DataFrame) -> pd.DataFrame:
    """Return `posts` with `is_used` set for tables by platform: a text filed against two platforms counts once for each of them.

    Everywhere else such a text counts once. A second filing against the same platform remains a copy.
    """
    if "dup_kind" not in posts:
        return posts
    second = (posts["dup_kind"] == "two_targets") & (posts["post_type"] == "complaint") & posts["platform"].notna()
    if not second.any():
        return posts
    filings = posts.loc[posts["is_used"] | second, ["dup_group", "platform", "is_used", "posted_at", "post_id"]]
    filings = filings[filings["dup_group"].isin(posts.loc[second, "dup_group"])]
    filings = filings.sort_values(["is_used", "posted_at", "post_id"], ascending=[False, True, True])
    first_filings = filings.index[~filings.duplicated(["dup_group", "platform"])]
    return posts.assign(is_used=posts["is_used"] | posts.index.isin(first_filings))


def counted(posts: pd.DataFrame, scope: str, by: str | None) -> tuple[pd.DataFrame, list[str]]:
    """Return the posts that a table by `by` counts, with the columns to group them by, and the names of these; see `used`, `filed`,
    `grouped`."""
    return grouped(used(filed(posts) if by == "platform" else posts, scope), by)


def grouped(posts: pd.DataFrame, by: str | None) -> tuple[pd.DataFrame, list[str]]:
    """Return `posts` with the columns to group by `by` ("month", "week", "product", "platform", "source"), and the names of these columns.

    Posts that belong to no group (no date, no product, no platform) are left out. Raises KamenError for an unknown `by`.
    """
    if by is None:
        return posts, []
    if by in ("month", "week"):
        dated = posts[posts["posted_at"].notna()]
        freq = "M" if by == "month" else "W"
        start = period_starts(dated["posted_at"], freq)
        return dated.assign(**{by: start, f"{by}_zh": period_names(start, freq)}), [by, f"{by}_zh"]
    if by == "product":
        known = posts[posts["product"].notna()]
        return known.assign(product_zh=known["product"].map(PRODUCTS)), ["product", "product_zh"]
    if by in ("platform", "source"):
        return posts[posts[by].notna()], [by]
    raise KamenError(f"不能按 {by!r} 分组，可选：month、week、product、platform、source")
