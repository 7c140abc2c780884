"""Refusal reasons: how frequent each is, which occur together, and in what order posts tell them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kamen_analysis.metrics.keys import places_of, rows_of
from kamen_analysis.metrics.names import name_of, reason_names
from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.selection import counted, used
from kamen_analysis.metrics.shares import SMALL, suppress, with_shares


@metric
def reasons(posts: pd.DataFrame, labels: pd.DataFrame, by: str | None = None, scope: str = "virtual") -> pd.DataFrame:
    """Return one row per reason, in each group of `by` (month, week, product, platform, source) if given: the group's columns, code,
    name_zh, n, of, share, low, high, note.

    Counts: 帖中写到对方以该理由拒绝或拖延退款的投诉，一帖可有多个理由，同一理由只计一次；按平台列时，同文投诉两家的，两家各计一件
    Out of: 同组内全部计入的投诉，含没有写明理由的
    Leaves out: 非投诉与重复帖；分组时无法归组（如没有日期）的帖子；基数不足 30 的不给比例，分组后 1–4 件的不给数，平台的基数也是
    Read with care: 这是投诉反映的说法，不是查实的事实；各理由可并存，比例之和可以超过 100%
    """
    chosen, keys = counted(posts, scope, by)
    codes = pd.DataFrame({"code": _codes(labels)}, dtype="str")
    seen = code_matrix(chosen, labels, codes["code"].tolist())
    if not keys:
        table = codes.assign(n=seen.sum(axis=0, dtype=np.int64), of=len(chosen))
        table = with_shares(table)
        table["n"] = table["n"].astype("Int64")
        table = table.sort_values(["n", "code"], ascending=[False, True], ignore_index=True)
    else:
        groups = chosen.groupby(keys, observed=True)
        of = groups.size().rename("of").reset_index()
        table = of.merge(codes, how="cross").assign(n=counts_by(groups.ngroup().to_numpy(), len(of), seen).ravel())
        table = suppress(with_shares(table.astype({"n": int})), within="code")
        table = table.assign(of=table["of"].astype("Int64").mask(table["of"] < SMALL)) if by == "platform" else table
    return table.assign(name_zh=name_of(table["code"]))[[*keys, "code", "name_zh", "n", "of", "share", "low", "high", "note"]]


def _codes(labels: pd.DataFrame) -> list[str]:
    """Return the codes of the codebook, then those that only `labels` has."""
    return [*reason_names(), *sorted(set(labels["code"].unique()) - set(reason_names()))]


@metric
def cooccurrence(posts: pd.DataFrame, labels: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Return one row per ordered pair of reasons: code_a, name_a, code_b, name_b, n (posts with both), of (posts with a), share, low, high,
    lift (n ÷ the number expected by chance), note.

    Counts: 同一投诉里理由甲与理由乙都出现的件数
    Out of: 出现理由甲的投诉
    Leaves out: 不足 30 件的理由甲不给比例；1–4 件的格子不给数
    Read with care: 提升度大于 1 只说明常在一起被提到，不说明先后或因果
    """
    chosen = used(posts, scope)
    codes = _codes(labels)
    seen = code_matrix(chosen, labels, codes)
    both = np.stack([seen[has_code].sum(axis=0) for has_code in seen.T > 0])
    alone = np.diag(both)
    with np.errstate(invalid="ignore", divide="ignore"):
        lift = both * len(chosen) / np.outer(alone, alone)
    a, b = np.nonzero(~np.eye(len(codes), dtype=bool))
    named = pd.Series(codes, dtype="str")
    table = with_shares(pd.DataFrame({"code_a": named.to_numpy()[a], "code_b": named.to_numpy()[b], "n": both[a, b], "of": alone[a]}))
    table["lift"] = pd.Series(lift[a, b]).where(table["share"].notna())
    table = suppress(table)
    return table.assign(name_a=name_of(table["code_a"]), name_b=name_of(table["code_b"]))[
        ["code_a", "name_a", "code_b", "name_b", "n", "of", "share", "low", "high", "lift", "note"]]


def code_matrix(chosen: pd.DataFrame, labels: pd.DataFrame, codes: list[str]) -> np.ndarray[tuple[int, int], np.dtype[np.int8]]:
    """Return a 0/1 matrix of posts (rows, as in `chosen`) by `codes` (columns): 1 where the post has the code."""
    rows, columns = rows_of(chosen, labels["post_id"]), places_of(labels["code"], codes)
    # Filled transposed, so that a code's column is contiguous in memory: callers count column by column.
    seen, known = np.zeros((len(codes), len(chosen)), dtype=np.int8), (rows >= 0) & (columns >= 0)
    seen[columns[known], rows[known]] = 1
    return seen.T


def counts_by(group: NDArray[np.integer[Any]], groups: int, seen: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return the number of posts by group (rows, `groups` of them) and code (columns).

    `group`: the number of each post's group, from 0; `seen`: a `code_matrix` of the same posts.
    """
    return np.stack([np.bincount(group[has_code], minlength=groups) for has_code in seen.T.astype(bool)], axis=1)


@metric
def tactic_order(posts: pd.DataFrame, labels: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Return one row per ordered pair of reasons: code_a, name_a, code_b, name_b, n (posts that tell a before b), of (posts that tell both
    in the body), share, low, high, note.

    Counts: 正文里理由甲的证据出现在理由乙之前的投诉
    Out of: 正文里两个理由都有证据的投诉
    Leaves out: 只在标题里有证据的理由，人工补编而没有标出位置的理由；并列同一位置的；不足 30 件的组合不给比例，1–4 件的不给数
    Read with care: 这是讲述的先后，多数人按时间讲，但不等于事情发生的先后
    """
    chosen = used(posts, scope)
    codes = _codes(labels)
    first = first_starts(chosen, labels, codes)
    before = _count_before(first[np.isfinite(first).sum(axis=1) >= 2])
    both, named = before + before.T, np.array(codes)
    a, b = np.nonzero(both)
    table = pd.DataFrame({"code_a": named[a], "code_b": named[b]}, dtype="str").assign(n=before[a, b], of=both[a, b])
    table = with_shares(table)
    # The two orders of a pair add up to its `of`: hiding one must hide the other.
    table["pair"] = table[["code_a", "code_b"]].min(axis=1) + "+" + table[["code_a", "code_b"]].max(axis=1)
    table = suppress(table, within="pair").sort_values(["of", "share", "code_a"], ascending=[False, False, True], ignore_index=True)
    return table.assign(name_a=name_of(table["code_a"]), name_b=name_of(table["code_b"]))[
        ["code_a", "name_a", "code_b", "name_b", "n", "of", "share", "low", "high", "note"]]


def _count_before(first: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return how many posts tell each code (row) before each other code (column); codes at the same offset count for neither.

    `first`: offsets as returned by `first_starts`.
    """
    order, size = np.argsort(first, axis=1, kind="stable"), first.shape[1]
    starts = np.take_along_axis(first, order, axis=1)
    counts = np.zeros(size * size, dtype=np.int64)
    # Pairs of ranks (first told, second told …), not of codes: few posts tell more than three, so there are far fewer of them.
    for i, j in itertools.combinations(range(int(np.isfinite(first).sum(axis=1).max(initial=0))), 2):
        before = np.isfinite(starts[:, j]) & (starts[:, i] < starts[:, j])
        counts += np.bincount(order[before, i] * size + order[before, j], minlength=size * size)
    return counts.reshape(size, size)


REST = "其余各种顺序"


@metric
def sequences(posts: pd.DataFrame, labels: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Return the complete sequences of reasons that posts tell: sequence (codes joined by "→"), sequence_zh, length, n, of, share, low,
    high, note.

    One row per sequence told by at least five complaints, the most frequent first; the last row, REST, is all others together. The rows
    add up to `of`.

    Counts: 正文里从头到尾依次讲到这几个理由、不多不少的投诉
    Out of: 正文里两个及以上理由有证据位置的投诉
    Leaves out: 只讲一个理由的；只在标题里有证据、没有标出位置的理由；不足 5 件的顺序并入末行；不足 30 件的不给比例
    Read with care: 这是讲述的先后，多数人按时间讲，但不等于事情发生的先后；同一位置的理由按编码排列
    """
    codes = _codes(labels)
    order = orders(first_starts(used(posts, scope), labels, codes))[1]
    keys, which = kinds(order)
    n = np.bincount(which)
    frequent = n >= SMALL
    chains = [[codes[at - 1] for at in key if at] for key in keys[frequent]]
    table = pd.DataFrame({"sequence": ["→".join(chain) for chain in chains], "length": [len(chain) for chain in chains], "n": n[frequent]})
    names = reason_names()
    named = pd.Series(["→".join(names.get(code, code) for code in chain) for chain in chains], table.index, dtype="str")
    table = table.assign(sequence_zh=named).sort_values(["n", "sequence"], ascending=[False, True])
    rest = pd.DataFrame([{"sequence": "", "sequence_zh": REST, "length": 0, "n": int(n[~frequent].sum())}])
    table = pd.concat([table, rest], ignore_index=True).astype({"length": "int64", "n": "int64"}).assign(of=len(order), all="")
    return suppress(with_shares(table), within="all")[["sequence", "sequence_zh", "length", "n", "of", "share", "low", "high", "note"]]


def first_starts(chosen: pd.DataFrame, labels: pd.DataFrame, codes: list[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Return for each post (row) and code (column) the offset of its first evidence in the body; infinite if it has none there."""
    rows, columns = rows_of(chosen, labels["post_id"]), places_of(labels["code"], codes)
    located = ((labels["field"] == "body") & (labels["rule"] != "human")).to_numpy(bool) & (rows >= 0) & (columns >= 0)
    first = np.full(len(chosen) * len(codes), np.inf, dtype=np.float32)
    np.minimum.at(first, rows[located] * len(codes) + columns[located], labels["start"].to_numpy(np.float32)[located])
    return first.reshape(len(chosen), len(codes))


def orders(first: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> tuple[Any, Any]:
    """Return the rows of `first` (from `first_starts`) with at least two codes, and for each its codes in the order told.

    The codes are given by their column numbers from 1, filled up with zeros.
    """
    rows = np.flatnonzero(np.isfinite(first).sum(axis=1) >= 2)
    several = first[rows]
    return rows, np.where(np.sort(several, axis=1) < np.inf, np.argsort(several, axis=1, kind="stable") + 1, 0)


def kinds(order: Any) -> tuple[Any, Any]:
    """Return the distinct rows of `order` (sorted), and for each row of `order` the number of its distinct row."""
    which = np.zeros(len(order), dtype=np.int64)
    # Column by column: sorting whole rows (np.unique with an axis) takes many times longer.
    for column in order.T[: int(order.any(axis=0).sum())]:
        which = np.unique(which * (order.shape[1] + 1) + column, return_inverse=True)[1]
    return order[np.unique(which, return_index=True)[1]], which
