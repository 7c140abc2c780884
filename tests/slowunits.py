"""Slow, obvious second implementations of the metrics of platforms, sources and stages: loops over dicts. See `slow`."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections import Counter, defaultdict
from itertools import combinations
from typing import Any

import pandas as pd
from scipy.stats import beta
from slow import rows, wilson
from slowalarms import adjusted

from kamen_analysis.dedupe.essences import codes

DAY = dt.timedelta(1)
Pair = tuple[int, int]
Sizes = dict[str, Pair]


def ranked(sizes: Sizes, minimum: int = 30) -> dict[str, dict[str, Any]]:
    """Return for each unit of (n, of) its shrunken share, its difference to all others, its verdict and its ranks."""
    fit = {name: pair for name, pair in sizes.items() if pair[1] >= minimum}
    n, of = (sum(pair[i] for pair in sizes.values()) for i in (0, 1))
    p = adjusted({name: score(pair, (n - pair[0], of - pair[1])) for name, pair in fit.items()})
    mean, weight, places, found = n / of, prior(sizes), ranks(fit), {}
    for name, (hits, total) in fit.items():
        a, b = hits + mean * weight, total - hits + (1 - mean) * weight
        gap, low, high = difference((hits, total), (n - hits, of - total))
        found[name] = {"shrunk": a / (a + b), "shrunk_low": beta.ppf(0.025, a, b), "shrunk_high": beta.ppf(0.975, a, b), "gap": gap,
                       "gap_low": low, "gap_high": high, "ranks": places[name],
                       "verdict": "无法区分" if p[name] >= 0.05 else "高于其余" if gap > 0 else "低于其余"}
    return found


def score(one: Pair, other: Pair) -> float:
    """Return the two-sided p that two shares are equal, their common share taken for both."""
    pooled = (one[0] + other[0]) / (one[1] + other[1])
    z = (one[0] / one[1] - other[0] / other[1]) / math.sqrt(pooled * (1 - pooled) * (1 / one[1] + 1 / other[1]))
    return math.erfc(abs(z) / math.sqrt(2))


def difference(one: Pair, other: Pair) -> tuple[float, float, float]:
    """Return the difference of two shares, each end squared and added from the ends of their Wilson intervals."""
    (p, q), (l1, u1), (l2, u2) = (one[0] / one[1], other[0] / other[1]), wilson(*one), wilson(*other)
    return p - q, p - q - math.sqrt((p - l1) ** 2 + (u2 - q) ** 2), p - q + math.sqrt((u1 - p) ** 2 + (q - l2) ** 2)


def prior(sizes: Sizes) -> float:
    """Return how many cases the common share is worth, from how much more than chance the units differ (Kleinman 1973)."""
    n, of = (sum(pair[i] for pair in sizes.values()) for i in (0, 1))
    mean = n / of
    between = sum(total * (hits / total - mean) ** 2 for hits, total in sizes.values())
    size = of - sum(total**2 for _, total in sizes.values()) / of
    rho = (between / (mean * (1 - mean)) - (len(sizes) - 1)) / (size - (len(sizes) - 1))
    return of if rho <= 1 / (of + 1) else 1 / min(rho, 1) - 1


def ranks(sizes: Sizes, draws: int = 4000) -> dict[str, tuple[int, int]]:
    """Return the first and last rank whose chance, grown from the likeliest, comes nearest to 95%, by drawing shares and sorting them."""
    draw, seen = random.Random(7), defaultdict[str, Counter[int]](Counter)
    for _ in range(draws):
        drawn = {name: draw.betavariate(hits + 0.5, total - hits + 0.5) for name, (hits, total) in sizes.items()}
        for place, name in enumerate(sorted(drawn, key=lambda name: -drawn[name])):
            seen[name][place + 1] += 1
    return {name: _grown(counts, draws) for name, counts in seen.items()}


def _grown(counts: Counter[int], draws: int) -> tuple[int, int]:
    first = last = max(counts, key=lambda place: counts[place])
    held = counts[first] / draws
    while held < 0.95:
        step, is_below = max((counts[first - 1] / draws, True), (counts[last + 1] / draws, False))
        if held + step - 0.95 > 0.95 - held:
            break
        first, last, held = (first - 1, last, held + step) if is_below else (first, last + 1, held + step)
    return first, last


def tau2(sizes: list[Pair]) -> float:
    """Return the variance between units on the arcsine scale, a tenth at either end brought in, never below 0."""
    centre = math.asin(math.sqrt(sum(n for n, _ in sizes) / sum(of for _, of in sizes)))
    z = sorted((math.asin(math.sqrt(n / of)) - centre) * 2 * math.sqrt(of) for n, of in sizes)

    def quantile(share: float) -> float:
        place = share * (len(z) - 1)
        return z[int(place)] + (place - int(place)) * (z[min(int(place) + 1, len(z) - 1)] - z[int(place)])

    phi = sum(min(max(each, quantile(0.1)), quantile(0.9)) ** 2 for each in z) / len(z)
    weights = [4 * of for _, of in sizes]
    return max(0.0, (len(z) * phi - len(z) + 1) / (sum(weights) - sum(w * w for w in weights) / sum(weights)))


def statuses(posts: pd.DataFrame) -> Counter[tuple[str, str]]:
    """Return how many posts of each source show each status."""
    return Counter((post["source"], post["status"] or "（未注明）") for post in rows(posts))


def filled(posts: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return for each source its posts, those that count, those lacking a date, a status, an amount or a target, and all its yuan."""
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for post in rows(posts):
        own = found[post["source"]]
        own["n"] += 1
        own["used"] += post["is_used"]
        own["amount_total"] += post["amount_yuan"] or 0
        for key, column in (("undated", "posted_at"), ("no_status", "status"), ("no_amount", "amount_yuan"), ("no_platform", "platform")):
            own[key] += post[column] is None
    return found


def stages(manifest: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Return what passed each stage, then what each reason put aside, most first."""
    found = []
    for stage in manifest["stages"]:
        found.append((stage["stage"], "", stage["in"] - sum(stage["rejected"].values())))
        found += sorted(((stage["stage"], reason, n) for reason, n in stage["rejected"].items()), key=lambda row: (-row[2], row[1]))
    return found


def gaps(posts: pd.DataFrame, source: str) -> list[tuple[dt.date, dt.date, float]]:
    """Return the stretches without a post that a source as busy as around them would hardly have, and how many posts were due in them."""
    mine = [post for post in rows(posts) if post["source"] == source and post["posted_at"] is not None]
    days = Counter(post["posted_at"].date() for post in mine)
    start, sight = min(days), max(post["last_seen_at"].date() for post in mine)
    edges = sorted(days) + ([sight] if sight > max(days) else [])
    found = []
    for before, after in zip(edges, edges[1:], strict=False):
        silent = (after - before).days - 1
        if silent < 1:
            continue
        rates = [_rate(days, max(before - 27 * DAY, start), before)]
        if after in days:
            rates.append(_rate(days, after, min(after + 27 * DAY, max(days))))
        due = min(rates) * silent
        if max((edges[-1] - start).days, 1) * math.exp(-due) < 0.01:
            found.append((before + DAY, after - DAY, due))
    return found


def _rate(days: Counter[dt.date], first: dt.date, last: dt.date) -> float:
    return sum(n for day, n in days.items() if first <= day <= last) / ((last - first).days + 1)


def farms(posts: pd.DataFrame, least: int = 5) -> list[set[str]]:
    """Return the sets of posts, none of them complaints, linked by pairs of texts of which four fifths of four-letter pieces are shared."""
    others = [post for post in rows(posts) if post["post_type"] != "complaint"]
    words = {post["post_id"]: codes([f"{post['title']}{post['body']}"])[0].tobytes().decode("utf-32-le") for post in others}
    pieces = {key: {text[i: i + 4] for i in range(len(text) - 3)} for key, text in words.items() if len(text) >= 30}
    group = {key: {key} for key in pieces}
    for a, b in combinations(pieces, 2):
        if group[a] is not group[b] and len(pieces[a] & pieces[b]) >= 0.8 * len(pieces[a] | pieces[b]):
            both = group[a] | group[b]
            group.update(dict.fromkeys(both, both))
    unique = {min(each): each for each in group.values() if len(each) >= least}
    return [unique[key] for key in sorted(unique)]


def logrank(time: list[float], event: list[bool], mine: list[bool]) -> tuple[float, float]:
    """Return the log-rank score of one group against the rest over its spread, and how skew it is: ties fall at random on the risk set."""
    spells = list(zip(time, event, mine, strict=True))
    off = square = cube = 0.0
    for day in sorted({t for t, hit, _ in spells if hit}):
        n, own = sum(t >= day for t, _, _ in spells), sum(t >= day and m for t, _, m in spells)
        d, hits = (sum(t == day and hit and (m or both) for t, hit, m in spells) for both in (True, False))
        share = own / n
        off += hits - d * share
        if n > 1:
            spread = d * share * (1 - share) * (n - d) / (n - 1)
            square += spread
            cube += spread * (1 - 2 * share) * (n - 2 * d) / (n - 2) if n > 2 else 0.0
    return off / math.sqrt(square), cube / square**1.5
