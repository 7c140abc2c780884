"""The figures a change between two builds is explained for: what decides whether a post counts, and what each headline makes of that."""

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
    """Posts as columns, all in the same order: what decides whether a post counts, and what it counts for.

    codes: (posts, codes). `told` joins what was read from the text, so that it can be taken from one build or the other row by row.
    """

    here: Bools
    told: Bools  # (posts, 3 + codes): complaint, in scope, solved by its own account, and each reason
    first: Bools
    ended: Bools  # (posts, 3): followed by its source, confirmed by the consumer, replied to
    platform: Rows
    amount: npt.NDArray[np.float64]  # yuan; NaN where none is told


# n, of and value of a headline; `of` and n are 0 where it is no share.
Headline = Callable[[State, Bools], tuple[int, int, float]]


def leading(after: Data, scope: str, codes: int) -> list[str]:
    """Return the `codes` most frequent reasons of a build, and the one that leads off the platform to pay, if it is not among them."""
    counted = after.posts["is_used"] & (after.posts["in_scope"] | (scope == "all"))
    names = list(reason_names())
    seen = code_matrix(after.posts[counted], after.labels, names).sum(axis=0)
    most = [names[at] for at in np.argsort(-seen, kind="stable")[:codes]]
    return most if TRANSFER in most or not codes else [*most, TRANSFER]


def state(data: Data, ids: pd.Series, codes: list[str]) -> State:
    """Return the posts `ids` as they are in a build; those it lacks are not `here`."""
    posts = data.posts
    at = rows_of(posts, ids)
    complaint = (posts["post_type"] == "complaint").to_numpy()
    # Of what is no complaint nobody asked whether it is a copy: it would be the first, unless the table says otherwise.
    first = posts["is_used"].to_numpy() | (~complaint & (posts["dup_kind"] == "first").to_numpy())
    facts = [complaint, posts["in_scope"].to_numpy(), posts["outcome"].isin(SOLVED).to_numpy()]
    labels = data.labels[data.labels["code"].isin(codes)]
    told = np.column_stack([*facts, code_matrix(posts, labels, codes).astype(bool)])
    followed = are_followed(posts, data.events).to_numpy(bool)
    ends = [followed & are_named(posts, data.events.loc[data.events["kind"].isin(kinds), "post_id"]).to_numpy()
            for kinds in ([CONFIRMED], REPLY)]
    return State(at >= 0, placed(told, at), placed(first, at), placed(np.column_stack([followed, *ends]), at),
                 np.where(at >= 0, _numbers(posts["platform"], at), -1), np.append(posts["amount_yuan"].to_numpy(float), np.nan)[at])


def placed(column: Bools, at: Rows) -> Bools:
    """Return the rows `at` of a column of truths; False where a row is -1."""
    found = np.zeros((len(at), *column.shape[1:]), np.bool_)
    found[at >= 0] = column[at[at >= 0]]
    return found


def _numbers(names: pd.Series, at: Rows) -> Rows:
    """Return a number for each name, the same in both builds (its hash); -1 for none."""
    known = names.notna().to_numpy()
    number = np.where(known, pd.util.hash_array(names.astype("str").fillna("").to_numpy(object)).view(np.int64) >> 1, -1)
    return np.append(number, -1)[at]


def headlines(codes: list[str]) -> dict[str, tuple[str, Headline]]:
    """Return each headline's key, name and how it is made of the posts counted."""
    def share(column: int) -> Headline:
        return lambda state, counted: _share(state.told[:, column] & counted, counted)

    def of_followed(column: int) -> Headline:
        return lambda state, counted: _share(state.ended[:, column] & counted, state.ended[:, 0] & counted)

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
    # Of no posts at all a share is taken as nought: the steps between two builds that both have it may pass through an empty one.
    return n, of, n / of if of else 0.0


def _median(state: State, counted: Bools) -> tuple[int, int, float]:
    known = state.amount[counted & np.isfinite(state.amount)]
    return len(known), len(known), float(np.median(known)) if len(known) else 0.0
