"""The headline figures whose change between two builds `explain` decomposes, and the facts on each post that they are computed from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamen_analysis.data import Data
from kamen_analysis.metrics.keys import are_named, rows_of
from kamen_analysis.metrics.names import reason_names
from kamen_analysis.metrics.refusal import code_matrix
from kamen_analysis.metrics.response import REPLY
from kamen_analysis.metrics.timeline import are_followed

Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]
SOLVED = ("resolved", "partial")
CONFIRMED, TRANSFER = "consumer_confirmed", "private_transfer"


@dataclass(frozen=True)
class State:
    """Facts on posts in one build, as arrays with one row per post, in the same order for both builds.

    Facts that change together are columns of one array, so that each post's can be taken from one build or the other.
    """

    here: Bools  # in this build
    coded: Bools  # (posts, 3 + codes), read from the text: complaint, in scope, solved by its own account, and each reason
    first: Bools  # the post of its duplicate group that counts
    followed: Bools  # (posts, 3), from statuses and events: followed by its source, confirmed by the consumer, replied to
    platform: Rows  # a number for each platform, -1 for none
    amount: npt.NDArray[np.float64]  # yuan; NaN where none is stated


# From the posts and which of them count to n, of and value; n and `of` are 0 for a headline that is not a share.
Headline = Callable[[State, Bools], tuple[int, int, float]]


def leading(after: Data, scope: str, codes: int) -> list[str]:
    """Return the `codes` most frequent reasons of a build, then TRANSFER (led off the platform to pay) if it is not among them."""
    counted = after.posts["is_used"] & (after.posts["in_scope"] | (scope == "all"))
    names = list(reason_names())
    counts = code_matrix(after.posts[counted], after.labels, names).sum(axis=0)
    most = [names[at] for at in np.argsort(-counts, kind="stable")[:codes]]
    return most if TRANSFER in most or not codes else [*most, TRANSFER]


def state(data: Data, ids: pd.Series, codes: list[str]) -> State:
    """Return the facts on the posts `ids` in a build; posts it lacks are not `here`."""
    posts = data.posts
    rows = rows_of(posts, ids)
    complaint = (posts["post_type"] == "complaint").to_numpy()
    # Only complaints are searched for copies; any other post would be the first of its group if it became a complaint.
    first = posts["is_used"].to_numpy() | (~complaint & (posts["dup_kind"] == "first").to_numpy())
    facts = [complaint, posts["in_scope"].to_numpy(), posts["outcome"].isin(SOLVED).to_numpy()]
    labels = data.labels[data.labels["code"].isin(codes)]
    coded = np.column_stack([*facts, code_matrix(posts, labels, codes).astype(bool)])
    followed = are_followed(posts, data.events).to_numpy(bool)
    ends = [followed & are_named(posts, data.events.loc[data.events["kind"].isin(kinds), "post_id"]).to_numpy()
            for kinds in ([CONFIRMED], REPLY)]
    return State(rows >= 0, placed(coded, rows), placed(first, rows), placed(np.column_stack([followed, *ends]), rows),
                 _numbers(posts["platform"], rows), np.append(posts["amount_yuan"].to_numpy(float), np.nan)[rows])


def placed(column: Bools, rows: Rows) -> Bools:
    """Return the given rows of a boolean array; False where a row is -1."""
    taken = np.zeros((len(rows), *column.shape[1:]), np.bool_)
    taken[rows >= 0] = column[rows[rows >= 0]]
    return taken


def _numbers(names: pd.Series, rows: Rows) -> Rows:
    """Return the hash of the name in each of `rows`, so that both builds give a name the same number; -1 for no name or row -1."""
    known = names.notna().to_numpy()
    number = np.where(known, pd.util.hash_array(names.astype("str").fillna("").to_numpy(object)).view(np.int64) >> 1, -1)
    return np.append(number, -1)[rows]


def headlines(codes: list[str]) -> dict[str, tuple[str, Headline]]:
    """Return for each headline's key its Chinese name and the function that computes it; the share of each of `codes` is a headline."""
    def share(column: int) -> Headline:
        return lambda state, counted: _share(state.coded[:, column] & counted, counted)

    def of_followed(column: int) -> Headline:
        return lambda state, counted: _share(state.followed[:, column] & counted, state.followed[:, 0] & counted)

    names = reason_names()
    return {
        "used": ("计入的投诉", lambda state, counted: (0, 0, float(counted.sum()))),
        "platforms": ("写明的平台数", lambda state, counted: (0, 0, float(len(set(state.platform[counted].tolist()) - {-1})))),
        **{f"reason:{code}": (f"“{names[code]}”占比", share(3 + at)) for at, code in enumerate(codes)},
        "solved": ("自述已解决或部分解决的占比", share(2)),
        "confirmed": ("来源给出状态的投诉中经消费者确认解决的占比", of_followed(1)),
        "replied": ("来源给出状态的投诉中已见商家回复的占比", of_followed(2)),
        "amount": ("写明金额的投诉的金额中位数（元）", _median),
    }


def _share(hits: Bools, among: Bools) -> tuple[int, int, float]:
    n, of = int(hits.sum()), int(among.sum())
    # A share of no posts is taken as 0: between two builds that both have posts, a step may pass through a state that has none.
    return n, of, n / of if of else 0.0


def _median(state: State, counted: Bools) -> tuple[int, int, float]:
    known = state.amount[counted & np.isfinite(state.amount)]
    return len(known), len(known), float(np.median(known)) if len(known) else 0.0
