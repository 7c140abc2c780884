"""Numbers for the flow chart from reason to outcome: complaints by leading reason, answer and ending, small streams withheld."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamen_analysis.metrics.keys import are_named, places_of, rows_of
from kamen_analysis.metrics.names import OUTCOME_KINDS_ZH, reason_names
from kamen_analysis.metrics.provenance import origin
from kamen_analysis.metrics.response import REPLY
from kamen_analysis.metrics.shares import SMALL
from kamen_analysis.metrics.timeline import TERMINAL, are_followed, first_event

TOP = 5
STEPS = ("reason", "answer", "end")
OTHER, NONE, OPEN = "其他理由", "没有写明理由", "至今未了结"


def flow(posts: pd.DataFrame, labels: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Return the streams of those counted `posts` that are followed by their source: reason, answer, end (Chinese names), n.

    A complaint with several reasons counts under the one that is most frequent overall, so that each is in one stream. Streams of 1–4
    are not listed; `.attrs["hidden"]` is the number of complaints in them.
    """
    chosen = posts[are_followed(posts, events)]
    replied = are_named(chosen, events.loc[events["kind"].isin(REPLY), "post_id"])
    ends = first_event(chosen, events, list(TERMINAL))["kind"]
    table = pd.DataFrame({"reason": _leading(chosen, labels), "answer": replied, "end": ends})
    # Counted before the keys are replaced by names: there are far fewer streams than posts.
    streams = table.groupby(list(STEPS), observed=True, dropna=False).size().rename("n").reset_index()
    named = streams.assign(answer=streams["answer"].map({True: "有商家回复", False: "未见回复"}),
                           end=streams["end"].astype("object").map(TERMINAL).map(OUTCOME_KINDS_ZH).fillna(OPEN))
    streams = named.astype(dict.fromkeys(STEPS, "str")).groupby(list(STEPS))["n"].sum().reset_index()
    shown = streams[streams["n"] >= SMALL].sort_values(["n", *STEPS], ascending=[False, True, True, True], ignore_index=True)
    shown.attrs.update(origin(posts), metric="flow", hidden=int(streams["n"].sum() - shown["n"].sum()))
    return shown


def _leading(posts: pd.DataFrame, labels: pd.DataFrame) -> pd.Series:
    """Return for each post the Chinese name of that of its reasons which is most frequent overall; OTHER beyond the first TOP reasons."""
    rows = rows_of(posts, labels["post_id"])
    codes = labels["code"][rows >= 0]
    counts = codes.value_counts()
    order = sorted(counts.index[counts > 0], key=lambda code: (-counts[code], code))
    best = np.full(len(posts), len(order), dtype=np.int64)
    np.minimum.at(best, rows[rows >= 0], places_of(codes, order))
    names = [reason_names().get(code, code) for code in order[:TOP]]
    place = np.where(best == len(order), len(names) + 1, np.minimum(best, len(names)))
    return pd.Series(pd.Categorical.from_codes(place, pd.Index([*names, OTHER, NONE], dtype="str")), index=posts.index)
