"""The random sample coded by people, in the form that the metrics take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.metrics.shares import MINIMUM

if TYPE_CHECKING:
    from kamen_analysis.report.selected import Selection


class Sample(NamedTuple):
    """The posts (post_id is their id here), the machine's labels and people's codes, whether they are enough, and a Chinese note."""

    posts: pd.DataFrame
    machine: pd.DataFrame
    coded: pd.DataFrame
    is_enough: bool
    told: str


def sample(m: Selection) -> Sample:
    """Return the random sample that is coded for this scope; without one the frames and the note are empty."""
    known: dict[str, Any] | None = m.manifest.get("coded_sample")
    sampled = set(known["posts"]) if known and known["scope"] in ("all", m.scope) else set()
    # The manifest names posts by their ids, not by this report's row numbers.
    posts = m.whole.assign(post_id=m.whole["id"]) if sampled else m.posts.head(0)
    labels, machine = (_with_ids(m, table) for table in (m.labels, m.machine)) if sampled else (m.labels[["post_id", "code"]].head(0),) * 2
    in_sample = posts["post_id"].isin(sampled)
    coded = posts.loc[in_sample, ["post_id"]].merge(labels.drop_duplicates(), on="post_id", how="left")
    # Only posts that the metrics count, in this period, can correct a share.
    is_enough = len(metrics.used(posts[in_sample], m.scope)) >= MINIMUM
    return Sample(posts, machine, coded, is_enough, _note(known) if known and is_enough else "")


def _with_ids(m: Selection, table: pd.DataFrame) -> pd.DataFrame:
    return table[["code"]].assign(post_id=m.whole["id"].iloc[table["post_id"]].to_numpy())[["post_id", "code"]]


def _note(known: dict[str, Any]) -> str:
    how = "编码时看不到机器的建议" if known["blind"] else "编码时看得到机器的建议，机器的误差可能被低估"
    models = f"；其中 {known['llm']} 件只由语言模型编码，不是人工" if known.get("llm") else ""
    stale = f"；{known['stale']} 件因原文后来有变，未采用" if known["stale"] else ""
    return f"简单随机样本“{known['name']}”，抽自截至 {str(known['data_as_of'])[:10]} 的数据，{how}{models}{stale}。"
