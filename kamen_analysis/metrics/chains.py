"""踢皮球 (buck-passing): which body sends the consumer on to which other, and how long such chains are."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from kamen_analysis.codebook.bodies import UNTOLD, body_names
from kamen_analysis.metrics.keys import are_named, rows_of
from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.selection import used
from kamen_analysis.metrics.shares import suppress, with_shares

PASSING = "buck_passing"
LENGTHS = {"0": "没说清谁推给谁", "1": "一手", "2": "两手", "3": "三手及以上", "circle": "推回到推过的一方"}


@metric
def chains(posts: pd.DataFrame, labels: pd.DataFrame, told: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Return one row per pair of bodies, most frequent first: source, source_zh, target, target_zh, n, of, share, low, high, note.

    `told`: one row per handoff: post_id, step, source, target (from `label.told.told_handoffs`).

    Counts: 正文写明甲方把消费者推给乙方的踢皮球投诉，同一投诉里同一对只计一次
    Out of: 有“踢皮球”理由的全部计入的投诉，含没说清谁推给谁的
    Leaves out: 没有“踢皮球”理由的投诉；假设、否认和消费者自己去找的；不足 30 件不给比例，1–4 件的不给数
    Read with care: 各方由词表认出，只写“他”“对方”的归入“没说是谁”；同一投诉可推几次，比例之和可以超过 100%
    """
    chosen = passed(posts, labels, scope)
    mine = told[rows_of(chosen, told["post_id"]) >= 0].drop_duplicates(["post_id", "source", "target"])
    table = mine.groupby(["source", "target"]).size().rename("n").reset_index().assign(of=len(chosen))
    table = suppress(with_shares(table.astype({"n": "int64", "of": "int64"})))
    names = body_names()
    named = {f"{end}_zh": table[end].map(names).fillna(table[end]).astype("str") for end in ("source", "target")}
    table = table.assign(**named).sort_values(["n", "source", "target"], ascending=[False, True, True], ignore_index=True)
    return table[["source", "source_zh", "target", "target_zh", "n", "of", "share", "low", "high", "note"]]


@metric
def chain_lengths(posts: pd.DataFrame, labels: pd.DataFrame, told: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Count posts by their longest chain of handoffs: length ("0" to "3", "circle"), length_zh, n, of, share, low, high, note.

    A handoff continues the chain if its source is the target of the handoff before, or is not stated. "circle": a chain comes back to a
    body already in it. Lengths 0 to 3 add up to `of`; "circle" is counted separately.

    Counts: 最长一串推诿有这么多手的踢皮球投诉；推回到推过的一方的另计一行
    Out of: 有“踢皮球”理由的全部计入的投诉
    Leaves out: 没有“踢皮球”理由的投诉；不足 30 件不给比例，1–4 件的不给数
    Read with care: 按讲述的先后连成一串；写得简略的投诉看不出全长，所以这是下限
    """
    chosen = passed(posts, labels, scope)
    mine = told[rows_of(chosen, told["post_id"]) >= 0].sort_values(["post_id", "step"], kind="stable")
    walks = [walk(zip(group["source"], group["target"], strict=True)) for _, group in mine.groupby("post_id")]
    lengths = pd.Series([str(min(length, 3)) for length, _ in walks], dtype="str").value_counts()
    n = {"0": len(chosen) - len(walks), **lengths.to_dict(), "circle": sum(circle for _, circle in walks)}
    rows = [{"length": key, "length_zh": name, "n": int(n.get(key, 0)), "of": len(chosen)} for key, name in LENGTHS.items()]
    # The lengths add up to `of`, so a single hidden one could be computed by subtraction; "circle" is not part of that sum.
    table = with_shares(pd.DataFrame(rows).assign(sums=lambda rows: rows["length"] == "circle"))
    return suppress(table, within="sums").drop(columns="sums")


def passed(posts: pd.DataFrame, labels: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Return the counted complaints with the reason buck_passing: only their texts are read for chains."""
    chosen = used(posts, scope)
    return chosen[are_named(chosen, labels.loc[labels["code"] == PASSING, "post_id"])]


def walk(handoffs: Iterable[tuple[str, str]]) -> tuple[int, bool]:
    """Return the number of handoffs in the longest chain, and whether any chain comes back to a body already in it.

    `handoffs`: (source, target) in the order the post tells them.
    """
    longest, length, met, last, circle = 0, 0, set[str](), "", False
    for source, target in handoffs:
        if not length or source not in (last, UNTOLD):
            length, met = 0, {source} - {UNTOLD}
        circle = circle or target in met
        length, met, last = length + 1, met | {target}, target
        longest = max(longest, length)
    return longest, circle
