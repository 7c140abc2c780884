"""Changes against earlier months, alerts on weekly counts, and shares corrected from a coded sample."""

from __future__ import annotations

import factory
import numpy as np
import pandas as pd
import pytest

from kamen_analysis import metrics, records, stats
from kamen_analysis.metrics.alert import backtest, backtest_zh


def monthly(counts: dict[str, tuple[int, int]], code: str = "stalling") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return posts and labels with, for each month, (posts with `code`, posts), spread from its first to its last day."""
    posts, labels = [], []
    for month, (hits, total) in counts.items():
        start = pd.Timestamp(f"{month}-01 12:00", tz=records.ZONE)
        days = start.days_in_month
        for i in range(total):
            number = len(posts)
            posts.append(factory.post(number, posted_at=start + pd.Timedelta(days=i % days)))
            if i < hits:
                labels.append({"post_id": f"demo:{number}", "code": code, "decided_by": "rule", "rule": "r", "rule_version": "1",
                               "field": "body", "start": 0, "end": 2, "score": 1.0})
    return records.frame("posts", posts), records.frame("labels", labels)


def test_changes_are_told_in_points_with_the_right_sign() -> None:
    """From 20/100 to 60/100 is up 40 points on the month before; against the same 60/100 of a year before nothing moved."""
    months = {"2024-12": (60, 100), **{f"2025-{m:02d}": (30, 100) for m in range(1, 11)}, "2025-11": (20, 100), "2025-12": (60, 100)}
    table = metrics.changes(*monthly(months))
    row = table[table["code"] == "stalling"].set_index("base")
    assert row.loc["month", "month_zh"] == "2025-12"
    assert row.loc["month", "against_zh"] == "2025-11"
    assert row.loc["month", "value"] == pytest.approx(0.4)
    gap, low, high = stats.newcombe(60, 100, 20, 100)
    assert (row.loc["month", "low"], row.loc["month", "high"]) == pytest.approx((float(low), float(high)))
    assert row["verdict"].tolist() == ["升", "无法区分"]
    assert row.loc["year", "against_zh"] == "2024-12"


def test_changes_compare_nothing_small_or_partial() -> None:
    """Under thirty posts no change is given, and the running month is not the last complete one."""
    table = metrics.changes(*monthly({"2025-10": (10, 20), "2025-11": (15, 20)}))
    assert table["value"].isna().all()
    posts, labels = monthly({"2025-10": (20, 100), "2025-11": (60, 100)})
    partial = posts[posts["posted_at"] < pd.Timestamp("2025-11-20", tz=records.ZONE)]
    assert metrics.changes(partial, labels).empty


def weekly(counts: list[int], name: str = "甲", first: int = 0) -> list[dict[str, object]]:
    """Return posts of one platform, so many each week from Monday 2025-01-06 on."""
    posts = []
    for week, count in enumerate(counts):
        for i in range(count):
            at = pd.Timestamp("2025-01-06 12:00", tz=records.ZONE) + pd.Timedelta(days=7 * week + i % 7)
            posts.append(factory.post(first + len(posts), platform=name, posted_at=at))
    return posts


def test_a_planted_surge_is_found_in_its_week() -> None:
    """Steady tens with one week of forty: that week is the only alert, and C2 is the standardised excess worked out by hand."""
    counts = [10, 11, 9, 10, 12, 10, 9, 10, 11, 10, 9, 40, 10, 10, 11]
    table = metrics.alerts(records.frame("posts", weekly(counts))).set_index("period_zh")
    assert table.index[table["is_alert"]].tolist() == ["2025-W13"]
    base = np.array(counts[2:9], dtype=float)
    spread = np.sqrt(max(base.var(ddof=1), base.mean()))
    assert table.loc["2025-W13", "expected"] == pytest.approx(base.mean())
    assert table.loc["2025-W13", "value"] == pytest.approx((40 - base.mean()) / (spread * np.sqrt(1 + 1 / 7)))


def test_tiny_series_raise_no_alarm() -> None:
    """Four posts after silence are not an alert: fewer than five in four weeks; beside a busy series the weeks are all there."""
    rows = weekly([14] * 15)
    rows += weekly([0] * 11 + [4], "乙", len(rows))
    table = metrics.alerts(records.frame("posts", rows))
    assert not table["is_alert"].any()
    assert set(table["platform"]) == {"甲", "乙"}


def test_quiet_series_rarely_alarm() -> None:
    """Forty Poisson series of sixty weeks raise fewer than one false alarm a series and year."""
    rng = np.random.default_rng(11)
    rows: list[dict[str, object]] = []
    for i in range(20):
        rows += weekly([7, *rng.poisson(7, 60).tolist(), 7], f"平{i:02d}", len(rows))
    table = metrics.alerts(records.frame("posts", rows))
    years = len(table) / 52
    assert table["is_alert"].sum() / years < 1


def test_the_back_test_is_told_with_its_figures() -> None:
    """The record of planted surges has every method, and the sentence for the report says what the alarms do by themselves."""
    table = backtest().set_index("method")
    assert set(table.index) == {"auto", "C1", "C2", "C3", "Farrington"}
    assert table["found"].between(0.5, 1).all()
    assert (table["delay_days"] <= table["delay_longest"]).all()
    assert f"每年误报 {table.loc['auto', 'false_per_year']:.1f} 次" in backtest_zh()
    assert f"{table.loc['auto', 'n']} 个" in backtest_zh()


def test_a_perfect_machine_gives_the_share_of_all() -> None:
    """Where machine and people agree on the whole sample the corrected share is the machine's on everything, and sure."""
    rng = np.random.default_rng(1)
    truth = (rng.random(4000) < 0.2).astype(float)
    got = stats.corrected_mean(truth[:200], truth[:200], truth[200:])
    assert got.weight == pytest.approx(1, abs=0.1)
    assert got.value == pytest.approx(truth.mean(), abs=0.01)
    assert got.high - got.low < 0.04


def test_a_useless_machine_gives_the_share_of_the_sample() -> None:
    """A machine that always says no, or says anything, gets no weight: the share is the sample's, with the sample's width."""
    rng = np.random.default_rng(2)
    coded = (rng.random(300) < 0.3).astype(float)
    got = stats.corrected_mean(coded, np.zeros(300), np.zeros(5000))
    assert got.value == pytest.approx(coded.mean())
    assert got.high - got.low == pytest.approx(2 * 1.96 * coded.std(ddof=1) / np.sqrt(300), rel=0.01)
    assert stats.corrected_mean(coded, rng.random(300) < 0.5, rng.random(5000) < 0.5).weight < 0.15
    assert np.isnan(stats.corrected_mean([1.0], [1.0], [1.0, 0.0]).value)


def test_corrected_intervals_hold_the_truth_where_the_machine_is_biased() -> None:
    """Over 400 samples a machine with 20% misses is corrected: 92–98% of intervals hold the truth, its raw share is hardly ever near."""
    rng, held, raw = np.random.default_rng(3), 0, 0
    for _ in range(400):
        truth = rng.random(3000) < 0.25
        machine = np.where(truth, rng.random(3000) < 0.8, rng.random(3000) < 0.02).astype(float)
        got = stats.corrected_mean(truth[:250], machine[:250], machine[250:])
        held += got.low <= 0.25 <= got.high
        raw += abs(machine.mean() - 0.25) < 0.01
    assert 0.92 <= held / 400 <= 0.98
    assert raw / 400 < 0.1


def test_needed_codes_halve_the_interval() -> None:
    """Coding as many more as `needed` says gives an interval about half as wide."""
    rng = np.random.default_rng(4)
    truth = rng.random(60000) < 0.3
    machine = np.where(rng.random(60000) < 0.15, ~truth, truth).astype(float)
    first = stats.corrected_mean(truth[:200], machine[:200], machine[200:])
    n = 200 + int(first.needed)
    second = stats.corrected_mean(truth[:n], machine[:n], machine[n:])
    assert (second.high - second.low) / (first.high - first.low) == pytest.approx(0.5, abs=0.06)


def test_corrected_shares_come_from_the_coded_sample(posts: pd.DataFrame, labels: pd.DataFrame) -> None:
    """Codes of people on a random hundred move the shares, posts without a reason included; too few coded posts correct nothing."""
    used = metrics.used(posts)
    sample = used["post_id"].sample(100, random_state=1)
    coded = sample.to_frame().merge(labels.loc[labels["code"] != "stalling", ["post_id", "code"]].drop_duplicates(), how="left")
    table = metrics.corrected(posts, labels, coded).set_index("code")
    assert table["of"].eq(100).all()
    assert table.loc["stalling", "n"] == 0
    assert table.loc["stalling", "share"] < table.loc["stalling", "raw"] / 2
    assert table.loc["already_activated", "share"] == pytest.approx(table.loc["already_activated", "raw"], abs=0.05)
    few = metrics.corrected(posts, labels, coded[coded["post_id"].isin(sample.head(20))])
    assert few["share"].isna().all()
    assert few["note"].str.startswith("未校正").all()
    assert few["raw"].notna().all()


def late_posts(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return posts as seen so far of a board where posts come into sight after a few days, and all of them, seen or not."""
    rng = np.random.default_rng(seed)
    now = factory.START + pd.Timedelta(days=140)
    rows = []
    for i in range(2800):
        at = factory.START + pd.Timedelta(hours=float(rng.uniform(0, 140 * 24)))
        seen = at + pd.Timedelta(days=float(rng.exponential(8)))
        rows.append(factory.post(i, posted_at=at, first_seen_at=seen, last_seen_at=seen))
    everything = records.frame("posts", rows)
    return everything[everything["first_seen_at"] <= now].reset_index(drop=True), everything


def test_nowcast_adds_what_is_still_to_come() -> None:
    """Over thirty boards a recent week is short, its nowcast is not and its interval holds; the newest week is not guessed."""
    held, short, off = 0, [], []
    for seed in range(30):
        seen, everything = late_posts(seed)
        table = metrics.nowcast(seen, as_of=factory.START + pd.Timedelta(days=140))
        assert table["note"].iloc[-1] == "太新，无法估计"
        row = table[table["value"].notna()].iloc[-1]
        week = everything["posted_at"] >= row["period"]
        truth = int((week & (everything["posted_at"] < row["period"] + pd.Timedelta(days=7))).sum())
        held += row["low"] <= truth <= row["high"]
        short.append(row["n"] / truth)
        off.append(row["value"] / truth)
    assert np.mean(short) < 0.97
    assert np.mean(off) == pytest.approx(1, abs=0.02)
    assert held >= 26


def test_nowcast_leaves_old_weeks_as_they_are_and_needs_captures() -> None:
    """Long past weeks are as counted; where everything was captured in one go nothing is estimated."""
    seen, _ = late_posts(1)
    table = metrics.nowcast(seen)
    assert table["value"].iloc[:8].tolist() == pytest.approx(table["n"].iloc[:8].tolist())
    once = metrics.nowcast(seen.assign(first_seen_at=seen["first_seen_at"].max()))
    assert once["value"].isna().all()
    assert once["note"].str.contains("太少").all()
