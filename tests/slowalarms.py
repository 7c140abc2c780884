"""Slow, obvious second implementations of alarms and changes of level: lists and loops. See `slow`."""

from __future__ import annotations

import functools
import math
import random

from scipy.stats import t as student

Counts = list[int]
Series = dict[str, Counts]


def ears(counts: Counts, week: int, method: str) -> tuple[float, float]:
    """Return baseline mean and excess of a week: C1 the seven weeks before, C2 those ending two weeks before, C3 adds up three C2."""
    lag = 0 if method == "C1" else 2
    base = counts[week - 7 - lag: week - lag]
    mean = sum(base) / 7
    spread = sum((x - mean) ** 2 for x in base) / 6
    value = (counts[week] - mean) / math.sqrt(max(spread, mean, 0.25) * 8 / 7)
    if method == "C3":
        value = sum(max(0.0, ears(counts, week - back, "C2")[1] - 1) for back in range(3))
    return mean, value


def ears_p(value: float, method: str) -> float:
    """Return the chance of so large a value on calm weeks: Student's tail, for C3 how often independent normal weeks go as far."""
    if method != "C3":
        return float(student.sf(value, 6))
    return sum(each >= value for each in _calm()) / len(_calm())


@functools.cache
def _calm() -> list[float]:
    draw = random.Random(3)
    weeks, found = [draw.gauss(0, 1) for _ in range(20_000)], []
    for week in range(11, len(weeks)):
        total = 0.0
        for now in range(week - 2, week + 1):
            base = weeks[now - 9: now - 2]
            mean = sum(base) / 7
            spread = sum((x - mean) ** 2 for x in base) / 6
            total += max(0.0, (weeks[now] - mean) / math.sqrt(spread * 8 / 7) - 1)
        found.append(total)
    return found


def poisson_fit(base: list[tuple[float, int]], weights: list[float], with_trend: bool) -> tuple[float, float, float, float]:
    """Return level, slope, dispersion (at least 1) and the level's variance of a log-linear Poisson regression, by Newton's steps."""
    level, slope, data = math.log(sum(y for _, y in base) / len(base)), 0.0, list(zip(base, weights, strict=True))
    for _ in range(60):
        mu = [math.exp(level + slope * t) for t, _ in base]
        g0 = sum(w * (y - m) for ((_, y), w), m in zip(data, mu, strict=True))
        g1 = sum(w * (y - m) * t for ((t, y), w), m in zip(data, mu, strict=True))
        h0, h1, h2 = (sum(w * m * t ** power for ((t, _), w), m in zip(data, mu, strict=True)) for power in range(3))
        if not with_trend:
            level += g0 / h0
            continue
        level, slope = level + (h2 * g0 - h1 * g1) / (h0 * h2 - h1 * h1), slope + (h0 * g1 - h1 * g0) / (h0 * h2 - h1 * h1)
    off = sum(w * (y - m) ** 2 / m for ((_, y), w), m in zip(data, mu, strict=True))
    phi = max(1.0, off / (len(base) - 1 - with_trend))
    return level, slope, phi, phi * (h2 / (h0 * h2 - h1 * h1) if with_trend else 1 / h0)


def farrington(counts: Counts, week: int) -> tuple[float, float] | None:
    """Return expected count and p of a week from the same weeks of up to five years before; None under two years of history."""
    rows = [(back, shift) for back in range(1, 6) for shift in range(-3, 4) if week - 52 * back + shift >= 0]
    if len(rows) < 14 or week < 107:
        return None
    base = [((shift - 52 * back) / 52, counts[week - 52 * back + shift]) for back, shift in rows]
    fits = [_weighed(base, with_trend) for with_trend in (False, True)]
    fit = fits[1] if max(back for back, _ in rows) >= 3 and math.exp(fits[1][0]) <= max(y for _, y in base) else fits[0]
    mean = math.exp(fit[0])
    return mean, upper_tail(counts[week], mean, fit[2] + mean * fit[3])


def _weighed(base: list[tuple[float, int]], with_trend: bool) -> tuple[float, float, float, float]:
    """Return the regression fitted again with far weeks weighing one over their squared Anscombe residual."""
    level, slope, phi, _ = poisson_fit(base, [1.0] * len(base), with_trend)
    mu = [math.exp(level + slope * t) for t, _ in base]
    centre = sum(m * t for m, (t, _) in zip(mu, base, strict=True)) / sum(mu)
    across = sum(m * (t - centre) ** 2 for m, (t, _) in zip(mu, base, strict=True))
    raw = []
    for m, (t, y) in zip(mu, base, strict=True):
        lever = m / sum(mu) + (m * (t - centre) ** 2 / across if with_trend else 0)
        residual = 1.5 * (y ** (2 / 3) - m ** (2 / 3)) / (m ** (1 / 6) * math.sqrt(phi * (1 - lever)))
        raw.append(residual**-2 if residual > 2.58 else 1.0)
    return poisson_fit(base, [w * len(raw) / sum(raw) for w in raw], with_trend)


def upper_tail(count: int, mean: float, phi: float) -> float:
    """Return P(X >= count) of the Poisson law, or of the negative binomial with variance phi times the mean, term by term."""
    size = mean / (phi - 1) if phi > 1 + 1e-9 else math.inf
    below = 0.0
    for k in range(count):
        log = k * math.log(mean) - mean - math.lgamma(k + 1) if math.isinf(size) else (
            math.lgamma(k + size) - math.lgamma(size) - math.lgamma(k + 1) + size * math.log(1 / phi) + k * math.log(1 - 1 / phi))
        below += math.exp(log)
    return 1 - below


def adjusted(p: dict[str, float]) -> dict[str, float]:
    """Return Benjamini and Hochberg's p: the least, over all as large or larger, of p times how many there are over its place."""
    order = sorted(p, key=lambda name: p[name])
    scaled = [p[name] * len(order) / (place + 1) for place, name in enumerate(order)]
    return {name: min(1.0, *scaled[place:]) for place, name in enumerate(order)}


def tests(series: Series, method: str) -> dict[tuple[str, int], tuple[float, float]]:
    """Return expected count and p of every series and week that has the history."""
    found = {}
    for name, counts in series.items():
        for week in range({"C1": 7, "C2": 9, "C3": 11}.get(method, 0), len(counts)):
            if method == "Farrington":
                fit = farrington(counts, week)
                if fit is not None:
                    found[name, week] = fit
            else:
                mean, value = ears(counts, week, method)
                found[name, week] = mean, ears_p(value, method)
    return found


def alarms(series: Series, method: str) -> set[tuple[str, int]]:
    """Return the series and weeks called an alarm: p under 5% over that week's series, and five cases in four weeks."""
    tested, found = tests(series, method), set()
    for week in {at for _, at in tested}:
        sure = adjusted({name: p for (name, at), (_, p) in tested.items() if at == week})
        found |= {(name, week) for name, p in sure.items() if p < 0.05 and sum(series[name][max(0, week - 3): week + 1]) >= 5}
    return found


def breaks(counts: Counts, shortest: int = 4, draws: int = 400) -> list[tuple[int, float, float, float, float]]:
    """Return the changes of level, as place, ratio, low, high and p: the division of least cost, tried from every last change."""
    gaps = sorted((b - a) ** 2 / (a + b) for a, b in zip(counts, counts[1:], strict=False) if a + b)
    half = len(gaps) // 2
    phi = max(1.0, (gaps[half] if len(gaps) % 2 else (gaps[half - 1] + gaps[half]) / 2) / 0.4549364)

    @functools.cache
    def best(stop: int) -> tuple[float, tuple[int, ...]]:
        if stop == 0:
            return -3 * math.log(len(counts)), ()
        ways = [(best(start)[0] + cost(counts[start:stop]) / phi + 3 * math.log(len(counts)), (*best(start)[1], start))
                for start in range(stop - shortest + 1) if start == 0 or start >= shortest]
        return min(ways)

    edges = [*best(len(counts))[1], len(counts)]
    found = []
    for start, at, stop in zip(edges, edges[1:], edges[2:], strict=False):
        a, b = sum(counts[start:at]), sum(counts[at:stop])
        ratio, half_width = b / (stop - at) / (a / (at - start)), 1.959963985 * math.sqrt(phi * (1 / a + 1 / b))
        p = _shuffled(counts[start:stop], at - start, shortest, draws)
        found.append((at, ratio, ratio * math.exp(-half_width), ratio * math.exp(half_width), p))
    return found


def cost(counts: Counts) -> float:
    """Return minus twice the Poisson log-likelihood of counts at their own mean, but for what no division changes."""
    total = sum(counts)
    return -2 * total * math.log(total / len(counts)) if total else 0.0


def _shuffled(window: Counts, cut: int, shortest: int, draws: int) -> float:
    draw, mixed, hits = random.Random(5), list(window), 0
    own = -cost(window[:cut]) - cost(window[cut:])
    for _ in range(draws):
        draw.shuffle(mixed)
        hits += max(-cost(mixed[:at]) - cost(mixed[at:]) for at in range(shortest, len(mixed) - shortest + 1)) >= own - 1e-9
    return (1 + hits) / (draws + 1)
