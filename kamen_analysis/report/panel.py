"""Sensitivity of the headlines: the same figures by other choices, rounded where their differences would reveal small counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.data import Data
from kamen_analysis.metrics.sensitivity import reading
from kamen_analysis.report.part import latest
from kamen_analysis.report.small import blurred, near
from kamen_analysis.report.strict import leads
from kamen_analysis.stats import wilson

if TYPE_CHECKING:
    from kamen_analysis.report.selected import Selection

MOST = 20_000  # posts read again for `chosen`
ENDS = ["share", "low", "high"]


def turned(m: Selection) -> pd.DataFrame:
    """Return the headlines under choices for which no text is read again: variant, wanted, n (complaints), code, name, k, share, low, high
    (the leading reason), of, replied_n, replied, replied_low, replied_high (the replies), is_exact.

    `wanted`: filter of the complaints (see `cases.Cases.select`); None where the counts are rounded.
    """
    rows = [{"variant": name, "wanted": wanted, **_headline(posts, m, scope)} for name, posts, scope, wanted in _variants(m)]
    table = pd.DataFrame(rows)
    close = near(table[["n", "k", "replied_n"]].to_numpy(float))
    rounded = _rounded(_rounded(table, "k", "n", ENDS), "replied_n", "of", ["replied", "replied_low", "replied_high"])
    table = pd.concat([table[~close], rounded[close]]).sort_index()
    return table.assign(is_exact=~close, wanted=table["wanted"].mask(close, None))


def chosen(m: Selection) -> pd.DataFrame:
    """Return `metrics.sensitivity` of the selection (stricter gate, other similarity thresholds …), with is_exact: False for rounded rows.

    Rows are rounded if two variants differ by a small count. Of more than MOST posts only the latest are read (`attrs["posts"]`: how
    many), and all rows are rounded, since subtraction from the report's own counts would reveal those of the other posts.
    """
    posts = m.worded(latest(m.posts, MOST)["post_id"].to_numpy()).assign(post_id=lambda table: table["id"])
    labels = m.labels[m.labels["post_id"].isin(posts.index)]
    labels = labels.assign(post_id=m.whole["id"].iloc[labels["post_id"]].to_numpy())
    exact = metrics.sensitivity(Data(posts, m.events, labels, pd.DataFrame(), m.manifest, m.home), leads(posts), scope=m.scope)
    counts = exact.pivot(index="variant", columns="headline", values="n").reindex(exact["variant"].unique()).astype("Float64")
    close = near(counts.to_numpy(float, na_value=0.0)) | (len(posts) < len(m.whole))
    rounded = _rounded(exact, "n", "of", ["value", "low", "high"])
    rounded.loc[rounded["headline"] == "used", "value"] = rounded["n"]
    is_close = exact["variant"].isin(counts.index[close])
    table = pd.concat([exact[~is_close], rounded[is_close]]).sort_index().assign(is_exact=~is_close)
    table.attrs = {**exact.attrs, "reading": reading(table), "posts": len(posts)}
    return table


def _rounded(table: pd.DataFrame, n: str, of: str, ends: list[str]) -> pd.DataFrame:
    """Return `table` with the counts `n` and `of` rounded, and share and interval (columns `ends`) computed from the rounded counts."""
    k, base = blurred(table[n]), blurred(table[of])
    low, high = wilson(k.fillna(0), base)
    share = k / base.where(base > 0)
    is_given = table[ends[0]].notna()  # a share not given for want of posts stays missing
    shares = {end: pd.Series(value, table.index).where(is_given) for end, value in zip(ends, (share, low, high), strict=True)}
    rounded = pd.DataFrame({n: k, of: base, **shares})
    return table.drop(columns=[*rounded]).join(rounded)[[*table]]


def _variants(m: Selection) -> list[tuple[str, pd.DataFrame, str, dict[str, Any]]]:
    """Return name, posts, scope and filter of each variant; all keep the labels and post types as built."""
    with_copies = m.posts.assign(is_used=m.posts["post_type"] == "complaint")
    other = ("all", "连实物与线下服务的投诉也计入") if m.scope == "virtual" else ("virtual", "只计虚拟商品的投诉")
    each = {"every": True, "post_type": "complaint", **({"in_scope": True} if m.scope == "virtual" else {})}
    variants = [("本报告的做法", m.posts, m.scope, {}), ("重复帖每条都计", with_copies, m.scope, each),
                (other[1], m.posts, other[0], {"every": True, "set": f"scope:{other[0]}"})]
    sources = sorted(m.posts["source"].unique())
    if len(sources) > 1:
        variants += [(f"去掉来源：{m.names.get(key, key)}", m.posts[m.posts["source"] != key], m.scope, {"not_source": key})
                     for key in sources]
    return variants


def _headline(posts: pd.DataFrame, m: Selection, scope: str) -> dict[str, Any]:
    """Return the columns of `turned` for one variant: its leading reason and its replies."""
    first = metrics.reasons(posts, m.labels, scope=scope).iloc[0]
    reply = metrics.replies(posts, m.events, scope=scope).iloc[0]
    return {"n": first["of"], "name": first["name_zh"] if first["n"] else "—", "code": first["code"], "k": first["n"],
            **dict(zip(ENDS, first[ENDS], strict=True)), "of": reply["of"], "replied_n": reply["n"],
            **dict(zip(("replied", "replied_low", "replied_high"), reply[ENDS], strict=True))}
