"""Changes, states, alarms, festivals, late arrivals, funnels and corrections against their slow twins."""

from __future__ import annotations

import factory
import numpy as np
import pandas as pd
import pytest
import slow
import slowseries

from kamen_analysis import metrics, records
from kamen_analysis.metrics.holiday import compared, festivals

AGES = {"0–7 天": (0, 8), "8–30 天": (8, 31), "31–60 天": (31, 61), "61–180 天": (61, 181), "181 天以上": (181, 9999)}
RATIOS = {"closed": {"consumer_confirmed", "merchant_says_resolved", "auto_closed", "closed"},
          "claimed": {"consumer_confirmed", "merchant_says_resolved"}, "confirmed": {"consumer_confirmed"}}


@pytest.fixture(scope="module")
def years() -> pd.DataFrame:
    """Two years of posts of one platform, whole weeks from a Monday on, first seen some days late."""
    rng, rows = np.random.default_rng(8), []
    for day in range(7 * 108):
        for _ in range(rng.poisson(1.6)):
            at = pd.Timestamp("2024-01-01 12:00", tz=records.ZONE) + pd.Timedelta(days=day)
            seen = at + pd.Timedelta(days=int(rng.exponential(6)))
            rows.append(factory.post(len(rows), posted_at=at, first_seen_at=seen, last_seen_at=seen))
    return records.frame("posts", rows)


def test_counts_by_outcome_and_goods_are_their_twins(posts: pd.DataFrame) -> None:
    """Each outcome told and each kind of goods has the count a Counter gives."""
    for table, column in ((metrics.self_reported(posts), "outcome"), (metrics.products(posts), "product")):
        twin = slowseries.counted(posts, column)
        assert {key: n for key, n in zip(table[column], table["n"], strict=True) if n} == dict(twin)


def test_states_by_age_and_naive_ratios_are_their_twins(posts: pd.DataFrame, events: pd.DataFrame) -> None:
    """What had happened by the age at last sight, and the peers' ratios, counted post by post."""
    twin = slowseries.states(posts, events)
    for row in metrics.status_by_age(posts, events).itertuples():
        own = [seen for age, seen in twin if age is not None and AGES[row.age][0] <= age < AGES[row.age][1]]
        assert (row.n, row.of) == (sum(row.kind in seen for seen in own), len(own))
    for row in metrics.naive_ratio(posts, events).itertuples():
        assert (row.n, row.of) == (sum(bool(RATIOS[row.ratio] & seen) for _, seen in twin), len(twin))


def test_median_reply_is_its_twin(posts: pd.DataFrame, events: pd.DataFrame) -> None:
    """The median is the first day by which the twin's curve has reached a half."""
    spells = slow.spells(posts, events, ["merchant_replied"])
    days = sorted({time for time, kind in spells if kind})
    first = [day for day in days if slow.incidence(spells, "merchant_replied", day) >= 0.5 - 1e-12]
    value = metrics.median_reply(posts, events)["value"].iloc[0]
    assert value == pytest.approx(first[0]) if first else np.isnan(value)


def test_changes_are_their_twin(posts: pd.DataFrame, labels: pd.DataFrame) -> None:
    """Each change is the difference of the two months' shares as the twin counts them."""
    table, (n, of) = metrics.changes(posts, labels).dropna(subset="value"), slow.reasons(posts, labels, "month")
    assert len(table)
    for row in table.itertuples():
        now, then = (n[month, row.code] / of[month] for month in (row.month_zh, row.against_zh))
        assert row.value == pytest.approx(now - then)


def test_alarms_are_their_twin(years: pd.DataFrame) -> None:
    """Expected and excess of every week by EARS C2 are the loop's; a week's methods that agree are those that call it an alarm alone."""
    counts = list(slowseries.weeks(years).values())
    table = metrics.alerts(years, by=None, method="C2")
    assert len(table) > 80
    for row in table.itertuples():
        at = (row.period.tz_localize(None) - pd.Timestamp("2024-01-01")).days // 7
        assert (row.expected, row.value) == pytest.approx(slowseries.c2(counts, at))
    alone = {name: metrics.alerts(years, by=None, method=name) for name in ("C1", "C2", "C3", "Farrington")}
    called = {name: set(each.loc[each["is_alert"], "period_zh"]) for name, each in alone.items()}
    for row in metrics.alert_methods(years, by=None).itertuples():
        assert row.value == sum(row.period_zh in weeks for weeks in called.values()) > 0


def test_festivals_are_their_twin(years: pd.DataFrame) -> None:
    """Each festival's ratio over all years is the loop's Mantel–Haenszel ratio of its weeks to the ordinary ones near."""
    counts, span = slowseries.weeks(years), range(2024, 2027)
    taken, table = slowseries.festival_weeks(counts, festivals(), span), metrics.holidays(years)
    for each in festivals():
        rows = table[(table["festival"] == each.key) & table["value"].notna()].set_index("year")["value"]
        known = {year: found for year, found in each.spans(span).items() if found and str(year) in rows}
        assert known
        assert rows["历年合计"] == pytest.approx(slowseries.festival(counts, known, taken))
        for year, found in known.items():
            assert rows[str(year)] == pytest.approx(slowseries.festival(counts, {year: found}, taken))


def test_festivals_give_the_rate_ratio_of_metafor() -> None:
    """618 with 57 and 84 posts in three weeks against 168 in the twelve about them: rma.mh(measure="IRR") of metafor 3.8-1 (R 4.2.2), for
    each year and for both; ordinary weeks that never vary widen nothing."""
    mondays = pd.date_range("2024-01-01", "2025-12-22", freq="W-MON", tz=records.ZONE).as_unit("us")
    weeks = pd.DataFrame({"period": pd.Series(mondays), "n": 14})
    for year, n in (("2024", 19), ("2025", 28)):
        weeks.loc[weeks["period"].between(f"{year}-06-04", f"{year}-06-25"), "n"] = n
    table = compared(weeks)
    table = table[table["festival"] == "june18"].set_index("year")[["value", "low", "high"]]
    for year, ratio in {"2024": [1.357142857, 1.004961160, 1.832744198], "2025": [2, 1.539158712, 2.598822310],
                        "历年合计": [1.678571429, 1.378888355, 2.043386639]}.items():
        assert table.loc[year].tolist() == pytest.approx(ratio, abs=1e-8)


def test_nowcast_is_its_twin(years: pd.DataFrame) -> None:
    """What each of the last weeks will come to is the loop's: posts seen, each over its chance of being in sight by now."""
    end = pd.Timestamp("2025-12-25 12:00", tz=records.ZONE)
    seen = years[(years["first_seen_at"] <= end) & (years["posted_at"] >= end - pd.Timedelta(days=200))]
    twin, table = slowseries.arrivals(seen, end), metrics.nowcast(seen, as_of=end).dropna(subset="value")
    assert len(table) > 20
    for row in table.itertuples():
        assert (row.n, row.value) == pytest.approx(twin[row.period.date()])
    assert (table["value"] - table["n"]).max() > 1


def test_funnel_is_its_twin(posts: pd.DataFrame, labels: pd.DataFrame, events: pd.DataFrame) -> None:
    """Target and limits of chance of every platform are written out from the arcsine of the pooled share."""
    replied, whole = slow.has_event(events, ["merchant_replied"]), {}
    known = {event["post_id"] for event in slow.rows(events) if event["kind"] != "posted"}
    for post in slow.used(posts):
        if post["platform"] is not None and (post["status"] is not None or post["post_id"] in known):
            n, of = whole.get(post["platform"], (0, 0))
            whole[post["platform"]] = n + (post["post_id"] in replied), of + 1
    large = {name: each for name, each in whole.items() if each[1] >= 30}
    limits = dict(zip(large, slowseries.funnel(list(large.values())), strict=True))
    table = metrics.platform_funnel(posts, labels, events)
    assert set(table["platform"]) == set(large)
    for row in table.itertuples():
        assert (row.n, row.of) == large[row.platform]
        assert (row.low, row.high) == pytest.approx(limits[row.platform])


def test_corrected_shares_are_their_twin(posts: pd.DataFrame, labels: pd.DataFrame) -> None:
    """The corrected share of each reason is the prediction-powered mean written out over lists of noughts and ones."""
    chosen = [post["post_id"] for post in slow.used(posts)]
    sample, machine = set(chosen[::5]), slow.codes_of(labels)
    human = slow.codes_of(labels[labels.index % 7 > 0])
    coded = pd.DataFrame([{"post_id": key, "code": code} for key in sorted(sample) for code in sorted(human[key]) or [None]])
    for row in metrics.corrected(posts, labels, coded).itertuples():
        y, f = ([int(row.code in side[key]) for key in chosen if key in sample] for side in (human, machine))
        others = [int(row.code in machine[key]) for key in chosen if key not in sample]
        assert (row.n, row.of) == (sum(y), len(sample))
        assert row.share == pytest.approx(slowseries.powered(y, f, others))


def test_coverage_is_its_twin(posts: pd.DataFrame) -> None:
    """Counted and captured posts of each source are the Counter's."""
    table, counts = metrics.coverage(posts).set_index("source"), slowseries.counted(posts, "source")
    assert table["n"].to_dict() == dict(counts)
    assert table["captured"].sum() == len(posts)
    assert table["share"].to_dict() == pytest.approx({source: n / counts.total() for source, n in counts.items()})
