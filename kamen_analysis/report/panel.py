"""How much the headlines hang on choices made: the same figures made otherwise, so told that two of them never give a small count."""

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

MOST = 20_000  # posts looked at again, copies and all
ENDS = ["share", "low", "high"]


def turned(m: Selection) -> pd.DataFrame:
    """Return the headlines under the choices that can be turned without reading the posts anew: variant, wanted, n, code, name, k, share,
    low, high, of, replied_n, replied, replied_low, replied_high, is_exact.

    `wanted` finds the complaints (see `cases.Cases.select`); None where the counts are rounded.
    """
    rows = [{"variant": name, "wanted": wanted, **_headline(posts, m, scope)} for name, posts, scope, wanted in _variants(m)]
    table = pd.DataFrame(rows)
    close = near(table[["n", "k", "replied_n"]].to_numpy(float))
    # The counts of a rounded row give its shares; the denominators are rounded with them.
    told = _rounded(_rounded(table, "k", "n", ENDS), "replied_n", "of", ["replied", "replied_low", "replied_high"])
    table = pd.concat([table[~close], told[close]]).sort_index()
    return table.assign(is_exact=~close, wanted=table["wanted"].mask(close, None))


def chosen(m: Selection) -> pd.DataFrame:
    """Return `metrics.sensitivity` of the selection (stricter gate, other thresholds of copies…), rounded where two variants come close.

    Of more than MOST posts the latest are looked at again (`attrs["posts"]`), all rounded: the rest must not be had by subtraction.
    """
    posts = m.worded(latest(m.posts, MOST)["post_id"].to_numpy()).assign(post_id=lambda table: table["id"])
    labels = m.labels[m.labels["post_id"].isin(posts.index)]
    labels = labels.assign(post_id=m.whole["id"].iloc[labels["post_id"]].to_numpy())
    found = metrics.sensitivity(Data(posts, m.events, labels, pd.DataFrame(), m.manifest, m.home), leads(posts), scope=m.scope)
    counts = found.pivot(index="variant", columns="headline", values="n").reindex(found["variant"].unique()).astype("Float64")
    close = near(counts.to_numpy(float, na_value=0.0)) | (len(posts) < len(m.whole))
    told = _rounded(found, "n", "of", ["value", "low", "high"])
    told.loc[told["headline"] == "used", "value"] = told["n"]
    is_close = found["variant"].isin(counts.index[close])
    table = pd.concat([found[~is_close], told[is_close]]).sort_index().assign(is_exact=~is_close)
    table.attrs = {**found.attrs, "reading": reading(table), "posts": len(posts)}
    return table


def _rounded(table: pd.DataFrame, n: str, of: str, ends: list[str]) -> pd.DataFrame:
    """Return `table` with both counts rounded, and share and interval made of the rounded ones."""
    k, base = blurred(table[n]), blurred(table[of])
    low, high = wilson(k.fillna(0), base)
    share = k / base.where(base > 0)
    # What is not told for want of posts stays untold.
    is_told = table[ends[0]].notna()
    made = {end: pd.Series(value, table.index).where(is_told) for end, value in zip(ends, (share, low, high), strict=True)}
    told = pd.DataFrame({n: k, of: base, **made})
    return table.drop(columns=[*told]).join(told)[[*table]]


def _variants(m: Selection) -> list[tuple[str, pd.DataFrame, str, dict[str, Any]]]:
    # Labels and gate are kept as built: these are the choices that can be turned without coding the posts anew.
    whole = m.posts.assign(is_used=m.posts["post_type"] == "complaint")
    other = ("all", "连实物与线下服务的投诉也计入") if m.scope == "virtual" else ("virtual", "只计虚拟商品的投诉")
    each = {"every": True, "post_type": "complaint", **({"in_scope": True} if m.scope == "virtual" else {})}
    found = [("本报告的做法", m.posts, m.scope, {}), ("重复帖每条都计", whole, m.scope, each),
             (other[1], m.posts, other[0], {"every": True, "set": f"scope:{other[0]}"})]
    sources = sorted(m.posts["source"].unique())
    if len(sources) > 1:
        found += [(f"去掉来源：{m.names.get(key, key)}", m.posts[m.posts["source"] != key], m.scope, {"not_source": key})
                  for key in sources]
    return found


def _headline(posts: pd.DataFrame, m: Selection, scope: str) -> dict[str, Any]:
    first = metrics.reasons(posts, m.labels, scope=scope).iloc[0]
    reply = metrics.replies(posts, m.events, scope=scope).iloc[0]
    return {"n": first["of"], "name": first["name_zh"] if first["n"] else "—", "code": first["code"], "k": first["n"],
            **dict(zip(ENDS, first[ENDS], strict=True)), "of": reply["of"], "replied_n": reply["n"],
            **dict(zip(("replied", "replied_low", "replied_high"), reply[ENDS], strict=True))}
