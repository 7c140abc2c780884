"""The posts behind a figure where no column of the posts identifies them: by times, by stated facts, by the order in which they tell.

Each function takes the measures and its arguments as text, and returns the row numbers (`post_id`) of the posts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.metrics import legal
from kamen_analysis.metrics.escalation import OLDEST
from kamen_analysis.metrics.holiday import festivals
from kamen_analysis.metrics.keys import are_named
from kamen_analysis.metrics.late import LONGEST
from kamen_analysis.metrics.resolution import ANY, CLAIM, ENDS, RATIOS
from kamen_analysis.metrics.response import REPLY
from kamen_analysis.metrics.timeline import TERMINAL, are_followed

if TYPE_CHECKING:
    from kamen_analysis.report.measures import Measures


def ids(m: Measures, name: str) -> pd.Series:
    """Return the row numbers of the posts in the set `name`, which has the form "kind:argument:…" with a kind of `SETS`."""
    kind, *arguments = name.split(":")
    rows: pd.Series = SETS[kind](m, *arguments)
    return rows


def _followed(m: Measures) -> Any:
    return m.filed.loc[are_followed(m.filed, m.events), "post_id"]


def _timed(m: Measures, what: str) -> Any:
    """Posts whose time to `what` ("reply", "end", "claim": claim or end) is usable; "replied": those of them with a reply."""
    table = m.durations(tuple(REPLY if what in ("reply", "replied") else (CLAIM, *TERMINAL) if what == "claim" else TERMINAL))
    keep = table["is_timed"] & (table["kind"].notna() | (what != "replied"))
    return m.filed.loc[keep, "post_id"]


def _ended(m: Measures, kind: str, day: str) -> Any:
    """Posts that ended as `kind` within `day` days; kind "any": whose first claim or closing came within `day` days."""
    table = m.durations(tuple(TERMINAL) if kind in ENDS else (CLAIM, *TERMINAL))
    kinds = [CLAIM, *(name for name, end in TERMINAL.items() if end != "gone")] if kind == ANY else \
        [name for name, end in {CLAIM: CLAIM, **TERMINAL}.items() if end == kind]
    hit = table["kind"].isin(kinds)
    return m.filed.loc[table["is_timed"] & hit & (table["time"] <= float(day)), "post_id"]


def _ratio(m: Measures, ratio: str) -> Any:
    return m.events.loc[m.events["kind"].isin(RATIOS[ratio][1]), "post_id"]


def _clock(m: Measures, key: str, which: str) -> Any:
    """Posts for which the time limit `key` could be judged ("judged"), or those of them past it ("late")."""
    clock = next(clock for clock in legal.limits() if clock.key == key)
    table = m.judged(clock)
    return table.loc[table["is_late"] if which == "late" else table["is_judged"], "post_id"]


def _stated(m: Measures, kind: str, value: str) -> Any:
    facts = m.stated_facts
    return facts.loc[(facts["kind"] == kind) & (facts["value"] == value), "post_id"]


def _order(m: Measures, a: str, b: str, which: str) -> Any:
    """Posts whose body tells both reasons at different places ("both"), or `a` before `b` ("first")."""
    first = m.first_starts[[a, b]].to_numpy()
    both = np.isfinite(first).all(axis=1) & (first[:, 0] != first[:, 1])
    return m.counted.loc[both & (first[:, 0] < first[:, 1]) if which == "first" else both, "post_id"]


def _sequence(m: Measures, told: str | None = None) -> Any:
    """Posts whose body tells several reasons; with `told` exactly these in this order, with "" a sequence not listed in the table."""
    order = m.told_in_order
    if told is None:
        return order.index.to_series()
    return order.index[order == told if told else ~order.isin(m.sequences["sequence"])].to_series()


def _no_channel(m: Measures) -> Any:
    return m.read.loc[~are_named(m.read, m.told_channels["post_id"]), "post_id"]


def _read(m: Measures) -> Any:
    return m.read["post_id"]


def _channels(m: Measures, a: str, b: str, which: str) -> Any:
    """Posts that tell both channels ("both"), or `a` before `b` ("first")."""
    told = m.told_channels
    pair = [told[told["channel"] == one].set_index("post_id")["start"] for one in (a, b)]
    both = pd.concat(pair, axis=1, keys=["a", "b"], join="inner")
    return both.index[both["a"] < both["b"] if which == "first" else both["a"] != both["b"]].to_series()


def _chain(m: Measures, source: str, target: str) -> Any:
    return m.handoffs.loc[(m.handoffs["source"] == source) & (m.handoffs["target"] == target), "post_id"]


def _passed(m: Measures, length: str = "") -> Any:
    """Buck-passing complaints whose longest chain has this length (see `metrics.chains.LENGTHS`); all of them without a length."""
    rows = m.passed["post_id"]
    if not length:
        return rows
    wanted = (lambda longest, circle: circle) if length == "circle" else (lambda longest, circle: str(min(longest, 3)) == length)
    return rows[[wanted(*m.walks.get(row, (0, False))) for row in rows]]


def _age(m: Measures, age: str) -> Any:
    """Complaints posted when their platform had this age in quarters (`metrics.tactics_by_age`)."""
    known = m.filed[m.filed["platform"].notna() & m.filed["posted_at"].notna()]
    quarter = known["posted_at"].dt.year * 4 + known["posted_at"].dt.quarter
    since = (quarter - quarter.groupby(known["platform"]).transform("min")).clip(upper=OLDEST)
    return known.loc[since == int(age), "post_id"]


def _between(m: Measures, first: str, last: str) -> Any:
    """Posts posted between two instants (nanoseconds since 1970, both included)."""
    at = m.posts["posted_at"].dropna()
    return m.posts.loc[at.index[(at >= _instant(first)) & (at <= _instant(last))], "post_id"]


def _instant(nanoseconds: str) -> pd.Timestamp:
    return pd.Timestamp(int(nanoseconds), tz="UTC")


def _week(m: Measures, *weeks: str) -> Any:
    # The names of weeks are categories: each is compared once, not once for every post.
    return pd.Series(np.flatnonzero(np.append(m.weeks.cat.categories.isin(weeks), False)[m.weeks.cat.codes]))


def _run(m: Measures, first: str, count: str) -> Any:
    """Posts of `count` complete weeks from the week `first` on."""
    weeks = _complete_weeks(m)["period_zh"].tolist()
    start = weeks.index(first)
    return _week(m, *weeks[start: start + int(count)])


def _festival(m: Measures, key: str, *years: str) -> Any:
    """Posts of the complete weeks that overlap with a festival in these years."""
    weeks = _complete_weeks(m)
    start = weeks["period"].dt.tz_localize(None)
    days = next(one for one in festivals() if one.key == key).spans(range(int(min(years)), int(max(years)) + 1))
    touched = [(start <= pd.Timestamp(span[1])) & (start + pd.Timedelta(days=6) >= pd.Timestamp(span[0]))
               for year, span in days.items() if span and str(year) in years]
    return _week(m, *weeks.loc[np.any(touched, axis=0), "period_zh"])


def _complete_weeks(m: Measures) -> pd.DataFrame:
    return m.volume_week[m.volume_week["complete"].astype(bool) & ~m.volume_week["gap"].astype(bool)]


def _seen_week(m: Measures, week: str) -> Any:
    """Posts of a week that were first captured within the longest delay of the nowcast."""
    posts = m.posts[m.weeks == week]
    return posts.loc[(posts["first_seen_at"] - posts["posted_at"]).dt.days.between(0, LONGEST), "post_id"]


def _weekday(m: Measures, day: str) -> Any:
    return m.counted.loc[m.counted["posted_at"].dt.day_of_week == int(day), "post_id"]


def _rule(m: Measures, rule: str) -> Any:
    return m.labels.loc[m.labels["rule"] == rule, "post_id"]


def _scope(m: Measures, scope: str) -> Any:
    return metrics.used(m.posts, scope)["post_id"]


def _coded(m: Measures, code: str = "") -> Any:
    """Posts of the coded sample; with `code` those of them that the machine had given this code."""
    sample = m.manifest.get("coded_sample") or {"posts": []}
    rows = m.rows(pd.Series(sample["posts"], dtype="str"))
    # The same text filed against a second platform counts as coded too.
    posts = m.posts.loc[m.whole["dup_group"].isin(m.whole["dup_group"].iloc[rows[rows >= 0]]), "post_id"]
    return posts[posts.isin(m.machine.loc[m.machine["code"] == code, "post_id"])] if code else posts


SETS: dict[str, Callable[..., pd.Series]] = {
    "followed": _followed, "timed": _timed, "ended": _ended, "ratio": _ratio, "clock": _clock, "stated": _stated, "order": _order,
    "sequence": _sequence, "no_channel": _no_channel, "read": _read, "channels": _channels, "chain": _chain, "passed": _passed, "age": _age,
    "between": _between, "week": _week, "run": _run, "festival": _festival, "seen_week": _seen_week, "weekday": _weekday,
    "rule": _rule, "scope": _scope, "coded": _coded,
}
