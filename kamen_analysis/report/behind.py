"""Which complaints stand behind a figure that no column of the posts tells: by their times, by what they state, by the order they tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.metrics import legal
from kamen_analysis.metrics.late import LONGEST
from kamen_analysis.metrics.resolution import ANY, CLAIM, ENDS, RATIOS
from kamen_analysis.metrics.response import REPLY
from kamen_analysis.metrics.timeline import TERMINAL, are_followed
from kamen_analysis.report.stated import SOLVED

if TYPE_CHECKING:
    from kamen_analysis.report.measures import Measures


def ids(m: Measures, name: str) -> pd.Series:
    """Return the row numbers of the posts of the set called `name`: "kind:argument:…", the kinds being those of `SETS`."""
    kind, *arguments = name.split(":")
    found: pd.Series = SETS[kind](m, *arguments)
    return found


def _followed(m: Measures) -> Any:
    return m.counted.loc[are_followed(m.counted, m.events), "post_id"]


def _timed(m: Measures, what: str) -> Any:
    """Posts whose clock to `what` ("reply", "end") can be read; "replied": those of them with a reply."""
    table = m.durations(tuple(REPLY if what in ("reply", "replied") else TERMINAL))
    keep = table["is_timed"] & (table["kind"].notna() | (what != "replied"))
    return m.counted.loc[keep, "post_id"]


def _ended(m: Measures, kind: str, day: str) -> Any:
    """Posts that ended as `kind` within `day` days; "any": the first claim or closing, whichever."""
    table = m.durations(tuple(TERMINAL) if kind in ENDS else (CLAIM, *TERMINAL))
    ends = table["kind"].astype("object").map({CLAIM: CLAIM, **TERMINAL})
    hit = ends.isin([CLAIM, *ENDS]) & (ends != "gone") if kind == ANY else ends == kind
    return m.counted.loc[table["is_timed"] & hit & (table["time"] <= float(day)), "post_id"]


def _ratio(m: Measures, ratio: str) -> Any:
    return m.events.loc[m.events["kind"].isin(RATIOS[ratio][1]), "post_id"]


def _clock(m: Measures, key: str, which: str) -> Any:
    """Posts a time limit could be judged for ("judged"), or those of them beyond it ("late")."""
    clock = next(clock for clock in legal.limits() if clock.key == key)
    table = m.judged(clock)
    return table.loc[table["is_late"] if which == "late" else table["is_judged"], "post_id"]


def _stated(m: Measures, kind: str, value: str) -> Any:
    facts = m.stated_facts
    return facts.loc[(facts["kind"] == kind) & (facts["value"] == value), "post_id"]


def _solved(m: Measures, value: str) -> Any:
    facts = m.stated_facts
    return facts.loc[(facts["kind"] == "channel") & (facts["value"] == value) & facts["outcome"].isin(SOLVED), "post_id"]


def _order(m: Measures, a: str, b: str, which: str) -> Any:
    """Posts whose body tells both reasons ("both"), or `a` before `b` ("first")."""
    first = m.first_starts[[a, b]].to_numpy()
    both = np.isfinite(first).all(axis=1) & (first[:, 0] != first[:, 1])
    return m.counted.loc[both & (first[:, 0] < first[:, 1]) if which == "first" else both, "post_id"]


def _week(m: Measures, week: str) -> Any:
    return m.counted.loc[m.weeks == week, "post_id"]


def _seen_week(m: Measures, week: str) -> Any:
    """Posts of a week that came into sight within the nowcast's longest delay."""
    posts = m.counted[m.weeks == week]
    return posts.loc[(posts["first_seen_at"] - posts["posted_at"]).dt.days.between(0, LONGEST), "post_id"]


def _weekday(m: Measures, day: str) -> Any:
    return m.counted.loc[m.counted["posted_at"].dt.day_of_week == int(day), "post_id"]


def _rule(m: Measures, rule: str) -> Any:
    return m.labels.loc[m.labels["rule"] == rule, "post_id"]


def _scope(m: Measures, scope: str) -> Any:
    return metrics.used(m.posts, scope)["post_id"]


def _coded(m: Measures) -> Any:
    sample = m.manifest.get("coded_sample") or {"posts": []}
    rows = m.rows(pd.Series(sample["posts"], dtype="str"))
    return pd.Series(rows[rows >= 0])


SETS: dict[str, Callable[..., pd.Series]] = {
    "followed": _followed, "timed": _timed, "ended": _ended, "ratio": _ratio, "clock": _clock, "stated": _stated, "solved": _solved,
    "order": _order, "week": _week, "seen_week": _seen_week, "weekday": _weekday, "rule": _rule, "scope": _scope, "coded": _coded,
}
