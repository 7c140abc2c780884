"""Slow, obvious second implementations of the metrics: loops over dicts, no pandas arithmetic. What the fast ones are held against."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import chinese_calendar
import pandas as pd

Rows = list[dict[str, Any]]
ENDS = {"consumer_confirmed": "consumer_confirmed", "auto_closed": "auto_closed", "closed": "closed", "deleted": "gone",
        "withdrawn": "gone"}


def rows(table: pd.DataFrame) -> Rows:
    """Return a frame as a list of dicts, missing values as None."""
    return [{key: None if pd.isna(value) else value for key, value in row.items()} for row in table.to_dict("records")]


def used(posts: pd.DataFrame, scope: str = "virtual") -> Rows:
    """Return the posts that count."""
    return [post for post in rows(posts) if post["is_used"] and (scope == "all" or post["in_scope"])]


def wilson(n: int, of: int) -> tuple[float, float]:
    """Return the Wilson interval, written out from the formula in Newcombe 1998."""
    z = 1.959963984540054
    p = n / of
    middle, half = 2 * of * p + z * z, z * math.sqrt(z * z + 4 * of * p * (1 - p))
    return (middle - half) / (2 * (of + z * z)), (middle + half) / (2 * (of + z * z))


def month(at: pd.Timestamp) -> str:
    """Return the calendar month of an instant."""
    return f"{at.year}-{at.month:02d}"


def week(at: pd.Timestamp) -> str:
    """Return the ISO week of an instant."""
    year, number, _ = at.to_pydatetime().isocalendar()
    return f"{year}-W{number:02d}"


def volume(posts: pd.DataFrame, freq: str) -> Counter[tuple[str, str]]:
    """Return counts by source and period."""
    name = month if freq == "M" else week
    return Counter((post["source"], name(post["posted_at"])) for post in used(posts) if post["posted_at"] is not None)


def codes_of(labels: pd.DataFrame) -> dict[str, set[str]]:
    """Return the set of codes of each post."""
    found: dict[str, set[str]] = defaultdict(set)
    for label in rows(labels):
        found[label["post_id"]].add(label["code"])
    return found


def reasons(posts: pd.DataFrame, labels: pd.DataFrame, key: str | None = None) -> tuple[Counter[tuple[Any, str]], Counter[Any]]:
    """Return counts by group and code, and the posts of each group."""
    n: Counter[tuple[Any, str]] = Counter()
    of: Counter[Any] = Counter()
    codes = codes_of(labels)
    for post in used(posts):
        if key == "month" and post["posted_at"] is None or key not in (None, "month") and post[key] is None:
            continue
        group = None if key is None else month(post["posted_at"]) if key == "month" else post[key]
        of[group] += 1
        n.update((group, code) for code in codes[post["post_id"]])
    return n, of


def pairs(posts: pd.DataFrame, labels: pd.DataFrame) -> Counter[tuple[str, str]]:
    """Return how many posts have both codes of each ordered pair."""
    codes = codes_of(labels)
    return Counter((a, b) for post in used(posts) for a in codes[post["post_id"]] for b in codes[post["post_id"]])


def order(posts: pd.DataFrame, labels: pd.DataFrame) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """Return how many posts tell a before b in the body, and how many tell both at different places."""
    first: dict[str, dict[str, int]] = defaultdict(dict)
    for label in rows(labels):
        if label["field"] == "body":
            place = first[label["post_id"]]
            place[label["code"]] = min(label["start"], place.get(label["code"], label["start"]))
    n: Counter[tuple[str, str]] = Counter()
    of: Counter[tuple[str, str]] = Counter()
    for post in used(posts):
        place = first[post["post_id"]]
        for a in place:
            for b in place:
                if place[a] != place[b]:
                    of[a, b] += 1
                    n[a, b] += place[a] < place[b]
    return n, of


def spells(posts: pd.DataFrame, events: pd.DataFrame, kinds: Iterable[str]) -> list[tuple[float, str]]:
    """Return (days, kind) of each used post with a readable clock: to its first exact event among `kinds`, else to its last sight ("")."""
    happened: dict[str, Rows] = defaultdict(list)
    for event in rows(events):
        if event["kind"] in kinds:
            happened[event["post_id"]].append(event)
    found = []
    for post in used(posts):
        if post["posted_at"] is None:
            continue
        exact = sorted((event["at"], list(kinds).index(event["kind"])) for event in happened[post["post_id"]] if event["at"] is not None)
        bounded = [event for event in happened[post["post_id"]] if event["at"] is None]
        if exact:
            found.append(((exact[0][0] - post["posted_at"]).total_seconds() / 86400, list(kinds)[exact[0][1]]))
        elif not bounded:
            found.append(((post["last_seen_at"] - post["posted_at"]).total_seconds() / 86400, ""))
    return found


def incidence(found: list[tuple[float, str]], kind: str, day: float) -> float:
    """Return the Aalen–Johansen cumulative incidence of `kind` by `day`; with one kind of event only it is 1 - Kaplan–Meier."""
    alive, total = 1.0, 0.0
    for time in sorted({t for t, k in found if k and t <= day}):
        at_risk = sum(t >= time for t, _ in found)
        total += alive * sum(t == time and ENDS.get(k, k) == kind for t, k in found) / at_risk
        alive *= 1 - sum(t == time and k != "" for t, k in found) / at_risk
    return total


def has_event(events: pd.DataFrame, kinds: Iterable[str]) -> set[str]:
    """Return the posts with any of the events, exact or bounded."""
    return {event["post_id"] for event in rows(events) if event["kind"] in kinds}


def median(values: list[float]) -> float:
    """Return the middle value, or the mean of the two middle ones."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def deadline(day: dt.date, days: int, working: bool) -> dt.date:
    """Return the last day of a limit, walking day by day: the first day does not count, a calendar limit rolls over days off."""
    left = days
    while left:
        day += dt.timedelta(1)
        left -= not working or chinese_calendar.is_workday(day)
    while not chinese_calendar.is_workday(day):
        day += dt.timedelta(1)
    return day


def clock(posts: pd.DataFrame, events: pd.DataFrame, limit: Any) -> tuple[int, int, int]:
    """Return how many posts were late by `limit`, how many could be judged, and how many past their deadline could not."""
    happened: dict[str, Rows] = defaultdict(list)
    for event in rows(events):
        happened[event["post_id"]].append(event)
    late = judged = unsure = 0
    for post in used(posts):
        own = happened[post["post_id"]]
        known = post["posted_at"] is not None and (post["status"] is not None or any(event["kind"] != "posted" for event in own))
        if not known or not limit.since <= post["posted_at"].date() < (limit.until or dt.date.max):
            continue
        end = deadline(post["posted_at"].date(), limit.days, limit.working)
        if post["last_seen_at"].date() <= end:
            continue
        done = [event for event in own if event["kind"] in limit.stops]
        exact = sorted(event["at"] for event in done if event["at"] is not None)
        bound = sorted(event["seen_by"] for event in done if event["at"] is None)
        first = exact[0].date() if exact else bound[0].date() if bound else None
        vague = [event for event in own if event["kind"] in limit.unclear and (event["at"] is None or event["at"].date() <= end)]
        if (first is None and vague) or (not exact and bound and first > end):
            unsure += 1
            continue
        judged += 1
        late += first is None or first > end
    return late, judged, unsure


def mean_wait(found: list[tuple[float, str]], kind: str, until: float) -> float:
    """Return the mean days without `kind` within `until`: the area above its cumulative incidence, strip by strip."""
    edges = [0.0, *sorted({t for t, k in found if k == kind and t < until}), until]
    return sum((b - a) * (1 - incidence(found, kind, a)) for a, b in zip(edges, edges[1:], strict=False))


def silences(posts: pd.DataFrame, source: str) -> list[tuple[dt.date, dt.date]]:
    """Return first and last day of every stretch of a source without any post, between its first post and its last sight."""
    days = {post["posted_at"].date() for post in rows(posts) if post["source"] == source and post["posted_at"] is not None}
    last = max(post["last_seen_at"].date() for post in rows(posts) if post["source"] == source)
    found, start, day = [], None, min(days)
    while day <= last:
        is_silent = day not in days and day < last
        if is_silent and start is None:
            start = day
        if not is_silent and start is not None:
            found.append((start, day - dt.timedelta(1)))
            start = None
        day += dt.timedelta(1)
    return found
