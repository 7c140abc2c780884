"""Alarms by every method, and changes of level, against their slow twins, week by week."""

from __future__ import annotations

import factory
import numpy as np
import pandas as pd
import pytest
import slowalarms

from kamen_analysis import metrics, records


def weekly(series: dict[str, list[int]], start: str = "2022-01-03") -> pd.DataFrame:
    """Return posts, so many a week of each platform from Monday `start` on, spread over the days of the week."""
    first, made = pd.Timestamp(f"{start} 12:00", tz=records.ZONE), []
    for name, counts in series.items():
        made += [factory.post(0, platform=name, posted_at=first + pd.Timedelta(days=7 * week + i % 7))
                 for week, count in enumerate(counts) for i in range(count)]
    sight = max(post["posted_at"] for post in made) + pd.Timedelta(days=30)
    return records.frame("posts", [{**post, "post_id": f"demo:{i}", "first_seen_at": sight, "last_seen_at": sight}
                                   for i, post in enumerate(made)])


@pytest.fixture(scope="module")
def years() -> dict[str, list[int]]:
    """Weekly counts of two platforms over three and a half years, with surges and far weeks; whole weeks at both ends."""
    rng = np.random.default_rng(12)
    found = {"甲": rng.poisson(7, 182) + 1, "乙": rng.negative_binomial(3, 0.4, 182) + 1}
    found["甲"][[60, 61, 170]] += 25
    found["乙"][[80, 175]] += 18
    return {name: [7, *counts[1:-1].tolist(), 7] for name, counts in found.items()}


@pytest.mark.parametrize("method", ["C1", "C2", "C3", "Farrington"])
def test_every_alarm_is_its_twin(years: dict[str, list[int]], method: str) -> None:
    """Expected count, p and alarm of every platform and week by each method are those of the loops; the planted weeks are among them."""
    table = metrics.alerts(weekly(years), method=method)
    first = pd.Timestamp("2022-01-03", tz=records.ZONE)
    tested, called = slowalarms.tests(years, method), slowalarms.alarms(years, method)
    assert len(table) == len(tested) > 100
    for row in table.itertuples():
        at = (row.platform, (row.period - first).days // 7)
        mean, p = tested[at]
        assert row.expected == pytest.approx(mean, abs=1e-6)
        assert row.p == pytest.approx(p, abs=0.02 if method == "C3" else 1e-6)  # the law of C3 is drawn, here and there
        assert row.is_alert == (at in called) or (method == "C3" and 0.02 < row.p < 0.08)
    assert {("甲", 170), ("乙", 175)} & called


def test_the_methods_agree_as_their_twins_do(years: dict[str, list[int]]) -> None:
    """How many of the four call a week an alarm is the number of sets of the loops it is in (C3's, whose law is drawn, apart)."""
    table = metrics.alert_methods(weekly(years))
    called = {name: slowalarms.alarms(years, method) for name, method in (("c1", "C1"), ("c2", "C2"), ("farrington", "Farrington"))}
    for row in table.itertuples():
        at = (row.platform, (row.period - pd.Timestamp("2022-01-03", tz=records.ZONE)).days // 7)
        said = [bool(getattr(row, name)) for name in called if not pd.isna(getattr(row, name))]
        assert said == [at in weeks for name, weeks in called.items() if not pd.isna(getattr(row, name))]
        assert row.value == sum(said) + bool(row.c3)
    assert (table["of"] == 4).any()


def test_change_points_are_their_twin() -> None:
    """Places, ratios and intervals are those of trying every division; p, by other shuffles, is as small."""
    rng = np.random.default_rng(4)
    counts = [10, *rng.poisson([6] * 29 + [15] * 25 + [8] * 24).tolist(), 10]
    table, twin = metrics.change_points(weekly({"甲": counts})), slowalarms.breaks(counts)
    assert len(table) == len(twin) == 2
    for row, (at, ratio, low, high, p) in zip(table.itertuples(), twin, strict=True):
        assert (row.period - pd.Timestamp("2022-01-03", tz=records.ZONE)).days // 7 == at
        assert (row.value, row.low, row.high) == pytest.approx((ratio, low, high))
        assert max(row.p, p) < 0.05
