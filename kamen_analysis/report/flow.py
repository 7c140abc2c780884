"""From complaint to outcome: how many complaints of each leading reason got what answer and ended how, small streams withheld."""

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
    """Return the streams of the counted `posts` whose course is known: reason, answer, end (Chinese), n.

    A complaint with several reasons goes by the most frequent of them, so that each is in one stream. Streams of 1–4 are not listed;
    how many complaints they hold is `.attrs["hidden"]`.
    """
    chosen = posts[are_followed(posts, events)]
    replied = are_named(chosen, events.loc[events["kind"].isin(REPLY), "post_id"])
    ends = first_event(chosen, events, list(TERMINAL))["kind"]
    table = pd.DataFrame({"reason": _leading(chosen, labels), "answer": replied, "end": ends})
    # Streams are few, posts many: each is named once.
    found = table.groupby(list(STEPS), observed=True, dropna=False).size().rename("n").reset_index()
    named = found.assign(answer=found["answer"].map({True: "有商家回复", False: "未见回复"}),
                         end=found["end"].astype("object").map(TERMINAL).map(OUTCOME_KINDS_ZH).fillna(OPEN))
    found = named.astype(dict.fromkeys(STEPS, "str")).groupby(list(STEPS))["n"].sum().reset_index()
    shown = found[found["n"] >= SMALL].sort_values(["n", *STEPS], ascending=[False, True, True, True], ignore_index=True)
    shown.attrs.update(origin(posts), metric="flow", hidden=int(found["n"].sum() - shown["n"].sum()))
    return shown


def _leading(posts: pd.DataFrame, labels: pd.DataFrame) -> pd.Series:
    """Return the Chinese name of each post's reason that is most frequent overall; beyond the first TOP they are one."""
    rows = rows_of(posts, labels["post_id"])
    codes = labels["code"][rows >= 0]
    counts = codes.value_counts()
    order = sorted(counts.index[counts > 0], key=lambda code: (-counts[code], code))
    best = np.full(len(posts), len(order), dtype=np.int64)
    np.minimum.at(best, rows[rows >= 0], places_of(codes, order))
    names = [reason_names().get(code, code) for code in order[:TOP]]
    place = np.where(best == len(order), len(names) + 1, np.minimum(best, len(names)))
    return pd.Series(pd.Categorical.from_codes(place, pd.Index([*names, OTHER, NONE], dtype="str")), index=posts.index)
