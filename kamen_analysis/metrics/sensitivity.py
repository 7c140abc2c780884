"""Sensitivity of the headlines to the choices made: gate, duplicates, scope, sources, rules and codebook."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from kamen_analysis.data import Data
from kamen_analysis.dedupe import THRESHOLD, duplicates_by
from kamen_analysis.metrics.names import name_of
from kamen_analysis.metrics.provenance import origin
from kamen_analysis.metrics.refusal import reasons
from kamen_analysis.metrics.selection import used
from kamen_analysis.metrics.shares import suppress, with_shares

AS_BUILT = "本报告的做法"
LEAD = 4.0  # points by which "complaint" must outweigh every other post type under the stricter gate
THRESHOLDS = (0.7, 0.9, 1.0)  # of similarity; 1: the same words, disregarding punctuation and spaces
SOLVED = ("resolved", "partial")
WITHOUT_RULE = ("model", "llm")
_COLUMNS = ["headline", "headline_zh", "variant", "n", "of", "value", "low", "high", "least", "most", "note"]


class Variant(NamedTuple):
    """One way to compute the headlines: its Chinese name, its posts and labels, and the scope counted."""

    name: str
    posts: pd.DataFrame
    labels: pd.DataFrame
    scope: str


def sensitivity(data: Data, lead: pd.Series | None = None, earlier: Data | None = None, *, scope: str = "virtual",
                codes: int = 5) -> pd.DataFrame:
    """Return each headline under each choice: headline, headline_zh, variant, n, of, value, low, high, least, most, note.

    Headlines: the number of counted complaints, the share of each of the `codes` leading reasons, and the share solved by the post's own
    account, with Wilson 95% intervals. `lead`: by how many points "complaint" outweighs every other type for each post, on the index of
    the posts (None: no stricter gate). `earlier`: a build with another codebook. least, most: range of the headline over all choices.
    `attrs["reading"]`: a Chinese sentence, see `reading`.

    Counts: 换一种做法（闸门、重复判定、来源、范围、只凭规则、先前的编码手册）后，该头条数字的件数
    Out of: 该做法下全部计入的投诉
    Leaves out: 该做法下不足 30 件的不给比例，1–4 件的不给数；没有给出依据的做法不列
    Read with care: 各做法用的多是同一批投诉，区间不能互相比较；范围大说明数字要连同做法一起引用，范围小不说明数字就对
    """
    leading = reasons(data.posts, data.labels, scope=scope)["code"].head(codes).tolist()
    tables = [_headlines(variant, leading) for variant in variants(data, lead, earlier, scope=scope)]
    table = pd.concat(tables, ignore_index=True)
    values = table.groupby("headline")["value"]
    table = table.assign(least=values.transform("min"), most=values.transform("max"))
    table = table.sort_values("headline", key=lambda key: key.map({name: at for at, name in enumerate(table["headline"].unique())}),
                              kind="stable", ignore_index=True)[_COLUMNS]
    table.attrs.update(origin(data.posts), metric="sensitivity", reading=reading(table))
    return table


def variants(data: Data, lead: pd.Series | None = None, earlier: Data | None = None, *, scope: str = "virtual",
             thresholds: tuple[float, ...] = THRESHOLDS) -> Iterator[Variant]:
    """Yield every variant that the tables allow, the one as built first; see `sensitivity`."""
    posts, labels = data.posts, data.labels
    complaint = posts["post_type"] == "complaint"
    yield Variant(AS_BUILT, posts, labels, scope)
    if lead is not None:
        yield Variant("闸门更严：证据须明显压过其他类型", posts.assign(is_used=posts["is_used"] & lead.ge(LEAD)), labels, scope)
    for threshold, first in zip(thresholds, _firsts(posts[complaint], posts, thresholds), strict=True):
        name = "只合并一字不差的重复帖" if threshold == 1 else f"相似度 {threshold:g} 起算重复（原为 {THRESHOLD:g}）"
        yield Variant(name, posts.assign(is_used=first), labels, scope)
    yield Variant("重复帖每条都计", posts.assign(is_used=complaint), labels, scope)
    other, name = ("all", "连实物与线下服务也计入") if scope == "virtual" else ("virtual", "只计虚拟商品")
    yield Variant(name, posts, labels, other)
    names = data.manifest.get("sources", {})
    for source in sorted(posts["source"].unique()) if posts["source"].nunique() > 1 else ():
        yield Variant(f"去掉来源：{names.get(source, source)}", posts[posts["source"] != source], labels, scope)
    if labels["decided_by"].isin(WITHOUT_RULE).any():
        yield Variant("只凭规则与人工编码，不要模型补的", posts, labels[~labels["decided_by"].isin(WITHOUT_RULE)], scope)
    if earlier is not None:
        yield Variant(f"先前的构建（编码手册 {earlier.manifest['codebook']['version']}）", earlier.posts, earlier.labels, scope)


def _firsts(complaints: pd.DataFrame, posts: pd.DataFrame, thresholds: tuple[float, ...]) -> list[pd.Series]:
    """Return for each of `posts` whether it is the first of its group among `complaints`, at each threshold of similarity."""
    kinds = [table["dup_kind"] for table in duplicates_by(complaints, thresholds)]
    return [kind.eq("first").reindex(posts.index, fill_value=False).astype(bool) for kind in kinds]


def _headlines(variant: Variant, codes: list[str]) -> pd.DataFrame:
    chosen = used(variant.posts, variant.scope)
    counts = reasons(variant.posts, variant.labels, scope=variant.scope).set_index("code")["n"].reindex(codes, fill_value=0)
    keys, names = [f"reason:{code}" for code in codes], ("“" + name_of(pd.Series(codes, dtype="str")) + "”占比").tolist()
    table = pd.DataFrame({"headline": [*keys, "solved"], "headline_zh": [*names, "自述已解决或部分解决的占比"],
                          "n": [*counts.astype("int64"), int(chosen["outcome"].isin(SOLVED).sum())], "of": len(chosen)})
    table = suppress(with_shares(table)).rename(columns={"share": "value"})
    total = {"headline": "used", "headline_zh": "计入的投诉", "n": len(chosen), "of": len(chosen), "value": float(len(chosen)), "note": ""}
    return pd.concat([pd.DataFrame([total]).astype({"n": "Int64"}), table], ignore_index=True).assign(variant=variant.name)


def reading(table: pd.DataFrame) -> str:
    """Return a Chinese sentence: the range of the leading reason, the choice that changes it most, and whether it always leads."""
    leads = table[table["headline"].str.startswith("reason:") & table["value"].notna()]
    built = leads[leads["variant"] == AS_BUILT]
    if built.empty:
        return "样本不足，说不出换一种做法头条数字怎样变。"
    top = built.sort_values("value").iloc[-1]
    mine = leads[leads["headline"] == top["headline"]]
    always = leads.loc[leads.groupby("variant")["value"].idxmax(), "headline"].eq(top["headline"]).all()
    far = mine.loc[(mine["value"] - top["value"]).abs().idxmax(), "variant"]
    moved = f"“{far}”动得最多" if far != AS_BUILT else "没有一种做法使它变动"
    span = f"{mine['value'].min():.1%} 到 {mine['value'].max():.1%}"
    return (f"换 {mine['variant'].nunique() - 1} 种做法，{top['headline_zh']}在 {span} 之间，{moved}；"
            f"{'每种做法下都居首' if always else '有的做法下不再居首'}。")
