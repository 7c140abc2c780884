"""Slow, obvious second implementations of the metrics of time, money and correction: loops over dicts. See `slow`."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter, defaultdict
from typing import Any

import pandas as pd
from slow import ENDS, rows, used

from kamen_analysis.metrics.holiday import Festival

DAY = dt.timedelta(1)


def counted(posts: pd.DataFrame, column: str) -> Counter[Any]:
    """Return how many used posts have each value of a column."""
    return Counter(post[column] for post in used(posts))


def states(posts: pd.DataFrame, events: pd.DataFrame) -> list[tuple[int | None, set[str]]]:
    """Return the age in days at the last sight, and what had happened, of each used post of which anything is known."""
    happened: dict[str, set[str]] = defaultdict(set)
    for event in rows(events):
        happened[event["post_id"]].add(ENDS.get(event["kind"], event["kind"]))
    found = []
    for post in used(posts):
        own = happened[post["post_id"]] - {"posted"}
        if post["status"] is not None or own:
            found.append((None if post["posted_at"] is None else (post["last_seen_at"] - post["posted_at"]).days, own))
    return found


def weeks(posts: pd.DataFrame) -> dict[dt.date, int]:
    """Return the used posts of each week, by its Monday, none left out between the first and the last."""
    mondays = Counter(post["posted_at"].date() - post["posted_at"].weekday() * DAY for post in used(posts) if post["posted_at"] is not None)
    found, monday = {}, min(mondays)
    while monday <= max(mondays):
        found[monday] = mondays[monday]
        monday += 7 * DAY
    return found


def c2(counts: list[int], week: int) -> tuple[float, float]:
    """Return mean and standardised excess of a week by EARS C2: the seven weeks that end two weeks before, spread at least Poisson's."""
    base = counts[week - 9: week - 2]
    mean = sum(base) / 7
    spread = sum((x - mean) ** 2 for x in base) / 6
    return mean, (counts[week] - mean) / math.sqrt(max(spread, mean, 0.25) * 8 / 7)


def festival(counts: dict[dt.date, int], years: dict[int, tuple[dt.date, dt.date]], taken: set[dt.date]) -> float:
    """Return the Mantel–Haenszel ratio of festival weeks to the weeks `taken` by no festival up to six weeks to either side."""
    above = below = 0.0
    for first, last in years.values():
        own = [n for monday, n in counts.items() if monday <= last and monday + 6 * DAY >= first]
        near = [n for monday, n in counts.items() if monday not in taken
                and (first - 48 * DAY <= monday < first or last < monday <= last + 42 * DAY)]
        above += sum(own) * len(near) / (len(own) + len(near))
        below += sum(near) * len(own) / (len(own) + len(near))
    return above / below


def festival_weeks(counts: dict[dt.date, int], all_festivals: tuple[Festival, ...], years: range) -> set[dt.date]:
    """Return the Mondays of the weeks that touch any festival."""
    spans = [span for each in all_festivals for span in each.spans(years).values() if span]
    return {monday for monday in counts if any(monday <= last and monday + 6 * DAY >= first for first, last in spans)}


def arrivals(posts: pd.DataFrame, end: pd.Timestamp, longest: int = 60) -> dict[dt.date, tuple[int, float]]:
    """Return for each week, by its Monday, posts seen and posts there are: each stands for one over its chance of being in sight."""
    seen = []
    for post in used(posts):
        age, sight = (end - post["posted_at"]).days, (end - post["first_seen_at"]).days
        if 0 <= age - sight <= longest and sight >= 0:
            seen.append((post["posted_at"].date() - post["posted_at"].weekday() * DAY, age - sight, min(age, longest)))
    chance = {longest: 1.0}
    for day in range(longest, 0, -1):
        standing = [delay for _, delay, age in seen if delay <= day <= age]
        chance[day - 1] = chance[day] * (1 - (sum(delay == day for delay in standing) / len(standing) if standing else 0))
    found: dict[dt.date, tuple[int, float]] = {}
    for monday, _, age in seen:
        n, value = found.get(monday, (0, 0.0))
        found[monday] = n + 1, value + 1 / chance[age]
    return found


def funnel(shares: list[tuple[int, int]]) -> list[tuple[float, float]]:
    """Return the 95% limits of chance at the size of each of (n, of), about the pooled share, on the arcsine-root scale."""
    target = sum(n for n, _ in shares) / sum(of for _, of in shares)
    angle = math.asin(math.sqrt(target))
    halves = [1.959963984540054 / (2 * math.sqrt(of)) for _, of in shares]
    return [(math.sin(max(angle - half, 0)) ** 2, math.sin(min(angle + half, math.pi / 2)) ** 2) for half in halves]


def powered(coded: list[int], guessed: list[int], others: list[int]) -> float:
    """Return the prediction-powered share: machine's mean on the rest plus its mean error on the sample, weighted as PPI++ has it."""
    n, many = len(coded), len(others)
    y, f = sum(coded) / n, sum(guessed) / n
    shared = sum((a - y) * (b - f) for a, b in zip(coded, guessed, strict=True)) / (n - 1)
    spread = sum((b - f) ** 2 for b in guessed) / (n - 1)
    weight = min(max(shared / ((1 + n / many) * spread), 0), 1) if spread else 0.0
    return min(max(y - weight * f + weight * sum(others) / many, 0), 1)
