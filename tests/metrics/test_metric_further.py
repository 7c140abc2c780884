"""Waits, contrasts, clocks, alarms by four methods, change points, festivals, gaps, coverage and corrections by group: twins and plants."""

from __future__ import annotations

from importlib import import_module

import factory
import numpy as np
import pandas as pd
import pytest
import slow

from kamen_analysis import metrics, records
from kamen_analysis.charts.beside import contrasts_finding
from kamen_analysis.errors import KamenError
from kamen_analysis.metrics.contrast import ALL
from kamen_analysis.metrics.corrected import bounds, held_out
from kamen_analysis.metrics.legal import limits
from kamen_analysis.metrics.resolution import CLAIM


def daily(counts: dict[str, list[int]], start: str = "2025-01-06", **given: object) -> pd.DataFrame:
    """Return posts, so many on each day from `start` on (a Monday), of each platform."""
    first, posts = pd.Timestamp(f"{start} 12:00", tz=records.ZONE), []
    sight = first + pd.Timedelta(days=max(len(each) for each in counts.values()) + 30)
    given = {"first_seen_at": sight, "last_seen_at": sight, **given}
    for name, each in counts.items():
        for day, count in enumerate(each):
            at = first + pd.Timedelta(days=day)
            posts += [factory.post(0, platform=name, posted_at=at, **given) for _ in range(count)]
    return records.frame("posts", [{**post, "post_id": f"demo:{i}", "capture_offset": i} for i, post in enumerate(posts)])


def settled(shares: dict[str, float], count: int = 120) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return posts of platforms and their events: the share given is confirmed on days 2 to 9, a fifth is closed on day 12."""
    posts, events = [], []
    for name, share in shares.items():
        for i in range(count):
            number = len(posts)
            posts.append(factory.post(number, platform=name))
            kind, day = ("consumer_confirmed", 2 + i % 8) if i < share * count else ("closed", 12) if i % 5 == 0 else ("", 0)
            if kind:
                events.append({"post_id": f"demo:{number}", "kind": kind, "at": factory.START + pd.Timedelta(days=day), "seen_by": None,
                               "actor": "unknown"})
    return records.frame("posts", posts), records.frame("events", events)


def test_waits_are_their_twins(posts: pd.DataFrame, events: pd.DataFrame) -> None:
    """The mean wait for a reply and for a confirmed resolution is the area the slow twin adds up strip by strip; its interval holds it."""
    table = metrics.waiting(posts, events).set_index("measure")
    for measure, kinds, until in (("replied", ["merchant_replied"], 30), ("consumer_confirmed", list(slow.ENDS), 60)):
        kind = "merchant_replied" if measure == "replied" else measure
        row = table.loc[measure]
        assert row["value"] == pytest.approx(slow.mean_wait(slow.spells(posts, events, kinds), kind, until))
        assert row["low"] < row["value"] < row["high"] < until


def test_waits_by_platform_need_thirty(posts: pd.DataFrame, events: pd.DataFrame) -> None:
    """Each platform's wait is that of its posts alone, and under thirty readable clocks there is none."""
    table = metrics.waiting(posts, events, by="platform")
    assert table.loc[table["of"] < 30, "value"].isna().all()
    own = metrics.waiting(posts[posts["platform"] == "平台01"], events)["value"]
    assert table.loc[table["platform"] == "平台01", "value"].tolist() == own.tolist()


def test_clocks_are_their_twins(posts: pd.DataFrame, events: pd.DataFrame) -> None:
    """Late, judged and unsure of every limit are those of the twin that walks the calendar day by day."""
    table = metrics.clocks(posts, events).set_index("clock")
    seen = 0
    for limit in limits():
        late, judged, unsure = slow.clock(posts, events, limit)
        if judged + unsure:
            assert tuple(table.loc[limit.key, ["n", "of", "unsure"]]) == (late, judged, unsure)
            seen += judged
    assert seen > 300


def test_contrasts_find_the_planted_and_only_it() -> None:
    """Five platforms confirm 30%, one 70%: it is above the rest by the twin's difference, the others are not told apart from it alone."""
    posts, events = settled({**{f"平{i}": 0.3 for i in range(5)}, "高": 0.7})
    table = metrics.contrasts(posts, events)
    own = table[(table["measure"] == "consumer_confirmed") & (table["platform"] == "高")].iloc[0]
    assert own["verdict"] == "高于其余"
    assert own["value"] == pytest.approx(0.4, abs=0.01)
    assert own["low"] < 0.4 < own["high"]
    whole = table[table["platform"] == ALL].set_index("measure")
    assert whole.loc["consumer_confirmed", "verdict"] == "平台之间有差异"
    same = metrics.contrasts(*settled({f"平{i}": 0.3 for i in range(6)}))
    assert set(same["verdict"]) <= {"无法区分", "样本不足"}


def test_contrasts_take_a_claim_at_its_first_time() -> None:
    """One platform claims 70% on day 3 and closes them on day 12, five 20%: its claims are above the rest, its closings counted too."""
    posts, events = settled({**{f"平{i}": 0.2 for i in range(5)}, "高": 0.7})
    claims = events[events["kind"] == "consumer_confirmed"].assign(kind=CLAIM)
    later = claims.assign(kind="closed", at=claims["at"] + pd.Timedelta(days=10))
    table = metrics.contrasts(posts, pd.concat([later, claims], ignore_index=True)).set_index(["measure", "platform"])
    own = table.loc[(CLAIM, "高")]
    assert own["verdict"] == "高于其余" and own["n"] == 84
    assert own["share"] == pytest.approx(0.7) and own["value"] == pytest.approx(0.5)
    assert table.loc[("closed", "高"), "share"] == pytest.approx(0.7)


@pytest.mark.parametrize(("events", "notes"), [
    ({"甲": 40, "乙": 3}, {"甲": "其余平台事件不足 5 件", "乙": "事件不足 5 件"}),
    ({"甲": 40, "乙": 20, "丙": 0}, {"甲": "", "乙": "", "丙": "事件不足 5 件"}),
    ({"甲": 4, "乙": 1}, {"甲": "样本不足", "乙": "样本不足"}),
    ({"甲": 4, "乙": 4, "丙": 0}, {"甲": "样本不足", "乙": "样本不足", "丙": "样本不足"})])
def test_a_contrast_names_the_side_with_too_few_events(events: dict[str, int], notes: dict[str, str]) -> None:
    """Its note says whether the platform or the others have under five events, and stays 样本不足 where the platform is not tested."""
    table = metrics.contrasts(*settled({name: n / 120 for name, n in events.items()})).set_index(["measure", "platform"])
    rows = table.loc["consumer_confirmed"].drop(ALL)
    assert rows["note"].to_dict() == notes
    assert (rows["share"].isna() == (rows["note"] != "")).all()
    assert rows["p"].isna().equals(rows["note"] == "样本不足")


@pytest.mark.parametrize(("events", "total"), [
    ({"甲": 40, "乙": 3}, None), ({"甲": 40, "乙": 20, "丙": 0}, 60),
    ({"甲": 40, "乙": 2, "丙": 2}, None), ({"甲": 40, "乙": 4, "丙": 3}, 47)])
def test_no_total_gives_back_a_withheld_count(events: dict[str, int], total: int | None) -> None:
    """Counts of 1 to 4 are withheld, and with them the total of all platforms, unless those withheld add up to five or more."""
    table = metrics.contrasts(*settled({name: n / 120 for name, n in events.items()})).set_index(["measure", "platform"])
    n = table.loc["consumer_confirmed", "n"]
    assert {name: None if pd.isna(count) else count for name, count in n.drop(ALL).items()} == {
        name: None if 0 < count < 5 else count for name, count in events.items()}
    assert (None if pd.isna(n[ALL]) else n[ALL]) == total
    assert bool(table.loc[("consumer_confirmed", ALL), "note"]) is (total is None)


def test_a_platform_not_watched_for_thirty_days_has_no_share_by_then() -> None:
    """Watched for 8 days a new shop has 40% replied to, the others by day 30: it is above them, but its share by day 30 is not known."""
    sizes = {"新": (60, 8, 7), "甲": (120, 200, 25), "乙": (120, 200, 25)}
    posts, events = [], []
    for name, (count, watched, last) in sizes.items():
        for i in range(count):
            seen, number = factory.START + pd.Timedelta(days=watched), len(posts)
            posts.append(factory.post(number, platform=name, first_seen_at=seen, last_seen_at=seen))
            if i % 5 < 2:
                events.append({"post_id": f"demo:{number}", "kind": "merchant_replied", "actor": "merchant", "seen_by": None,
                               "at": factory.START + pd.Timedelta(days=1 + i % last)})
    table = metrics.contrasts(records.frame("posts", posts), records.frame("events", events)).set_index(["measure", "platform"])
    new, old = table.loc[("replied", "新")], table.loc[("replied", "甲")]
    assert (new["verdict"], new["note"], new["n"]) == ("高于其余", "观察期不足 30 日", 24)
    assert np.isnan(new["share"]) and np.isnan(new["value"])
    assert old["share"] == pytest.approx(0.4) and old["verdict"] != "高于其余"
    assert contrasts_finding(table.loc[["replied"]].drop(("replied", "甲")).reset_index()).endswith("1 个与其余有别")


def test_a_direction_is_that_of_the_whole_curve() -> None:
    """Two shops that both answer 40% by day 30, one within a week: it is above the other, and not both below each other."""
    posts, events = settled({"快": 0.4, "慢": 0.4}, 400)
    replies = events[events["kind"] == "consumer_confirmed"].assign(kind="merchant_replied")
    is_slow = replies["post_id"].isin(posts.loc[posts["platform"] == "慢", "post_id"])
    replies["at"] += pd.to_timedelta(is_slow * 15, unit="D")
    rows = metrics.contrasts(posts, replies).set_index(["measure", "platform"]).loc["replied"]
    assert rows.loc["快", "value"] == rows.loc["慢", "value"] == 0
    assert (rows.loc["快", "verdict"], rows.loc["慢", "verdict"]) == ("高于其余", "低于其余")


def test_contrast_shares_are_their_twins(posts: pd.DataFrame, events: pd.DataFrame) -> None:
    """Shares by day 30, the claim's too, are the twin's on whole days; adjusted p is never below p; few events give no share."""
    table = metrics.contrasts(posts, events)
    assert table.loc[table["measure"] == CLAIM, "share"].notna().sum() > 3
    for row in table[table["platform"] != ALL].dropna(subset="share").itertuples():
        kinds = {"replied": ["merchant_replied"], CLAIM: [CLAIM, *slow.ENDS]}.get(row.measure, list(slow.ENDS))
        spells = [(float(np.ceil(t)), k) for t, k in slow.spells(posts[posts["platform"] == row.platform], events, kinds)]
        kind = "merchant_replied" if row.measure == "replied" else row.measure
        assert row.share == pytest.approx(slow.incidence(spells, kind, 30))
    tested = table.dropna(subset="p_holm")
    assert (tested["p_holm"] >= tested["p"]).all()
    assert table.loc[table["n"].isna(), "share"].isna().all()


def test_each_method_finds_the_surge_and_is_named() -> None:
    """Steady fourteens a week with one week of seventy: every EARS chart calls it; with three years of history Farrington decides."""
    short = [2] * 7 * 30
    short[7 * 20: 7 * 21] = [10] * 7
    posts = daily({"甲": short, "乙": [2] * 7 * 30})
    table = metrics.alert_methods(posts)
    week = table[(table["platform"] == "甲") & (table["n"] == 70)].iloc[0]
    assert week[["c1", "c2", "c3"]].all()
    assert pd.isna(week["farrington"])
    assert (week["value"], week["of"]) == (3, 3)
    assert set(metrics.alerts(posts)["method"]) == {"C2"}
    long = daily({"甲": [1] * 7 * 160 + [10] * 7 + [1] * 7}, start="2022-01-03")
    found = metrics.alerts(long, by=None)
    assert set(found["method"]) == {"C2", "Farrington"}
    assert found.loc[found["is_alert"] & (found["method"] == "Farrington"), "n"].tolist() == [70]
    with pytest.raises(KamenError, match="报警方法"):
        metrics.alerts(posts, method="C9")


def test_a_new_platform_has_no_baseline_of_zeros() -> None:
    """A platform first seen in the third year is not judged by Farrington for the years it was not there."""
    posts = daily({"老": [1] * 7 * 170, "新": [0] * 7 * 140 + [2] * 7 * 30}, start="2022-01-03")
    table = metrics.alerts(posts, method="Farrington")
    assert set(table["platform"]) == {"老"}
    assert not table["is_alert"].any()


def test_a_doubled_platform_is_a_change_point() -> None:
    """Fourteen a week for thirty weeks, then twenty-eight: one change, in its week, ratio 2; the steady platform has none."""
    posts = daily({"甲": [2] * 210 + [4] * 140, "乙": [3] * 350})
    table = metrics.change_points(posts, by="platform")
    assert table["platform"].tolist() == ["甲"]
    row = table.iloc[0]
    assert row["period"] == pd.Timestamp("2025-08-04", tz=records.ZONE)
    assert (row["before"], row["after"], row["value"]) == (14, 28, 2)
    assert row["low"] < 2 < row["high"]
    assert metrics.change_points(daily({"甲": [2] * 70})).empty


def test_festival_weeks_against_their_neighbours_by_hand() -> None:
    """Two posts a day, four in the weeks that touch 618 of 2025 (10 to 25 June): ratio 2 on 16 expected a week; 双十一 as usual: 1."""
    first = pd.Timestamp("2025-01-06")
    weeks = {(pd.Timestamp(day) - first).days // 7 for day in ("2025-06-10", "2025-06-17", "2025-06-24")}
    posts = daily({"甲": [4 if day // 7 in weeks else 2 for day in range(7 * 51)]})
    table = metrics.holidays(posts).set_index(["festival", "year"])
    row = table.loc[("june18", "2025")]
    assert (row["n"], row["weeks"], row["of"], row["value"]) == (84, 3, 42, 2)
    assert 1 < row["low"] < 2 < row["high"]
    assert table.loc[("double11", "2025"), "value"] == pytest.approx(1)
    assert table.loc[("june18", "历年合计"), "value"] == 2
    assert table.loc[("spring", "2025"), "value"] == pytest.approx(1)
    late = metrics.holidays(posts[posts["posted_at"] >= pd.Timestamp("2025-01-20", tz=records.ZONE)]).set_index(["festival", "year"])
    assert late.loc[("spring", "2025"), "note"] == "样本不足"  # the weeks before it are not there


def test_festivals_past_the_calendar_are_told() -> None:
    """In a year the working-day calendar does not know, 春节 has a row that says so; 618, a fixed date, is still compared."""
    table = metrics.holidays(daily({"甲": [3] * 7 * 40}, start="2039-01-03")).set_index(["festival", "year"])
    assert "工作日历未到" in table.loc[("spring", "2039"), "note"]
    assert table.loc[("june18", "2039"), "value"] == pytest.approx(1)


def test_gaps_are_dated_and_are_among_the_silences() -> None:
    """Ten posts a day with twelve silent days, and silence to the last sight: both are gaps with their dates; a quiet source has none."""
    days = [10] * 60 + [0] * 12 + [10] * 40
    last = pd.Timestamp("2025-05-20", tz=records.ZONE)
    busy, quiet = daily({"甲": days}, last_seen_at=last), daily({"甲": [1, 0, 0, 0, 0, 1] * 15}, source="board", last_seen_at=last)
    posts = pd.concat([busy, quiet.assign(post_id="q:" + quiet["post_id"])], ignore_index=True)
    table = metrics.gaps(posts)
    found = [(row.first_date.date(), row.last_date.date()) for row in table[table["source"] == "demo"].itertuples()]
    assert found == slow.silences(busy, "demo")
    busy_rows = table[table["source"] == "demo"].reset_index()
    assert (busy_rows.loc[0, "value"], busy_rows.loc[0, "of"]) == (12, 120)
    assert busy_rows.loc[1, "note"] == "直到最近一次抓取"
    assert set(slow.silences(quiet, "board")) > {(row.first_date.date(), row.last_date.date()) for row in table[table["source"] == "board"]
                                                 .itertuples()}


def test_coverage_flags_small_sources(posts: pd.DataFrame) -> None:
    """Shares add to one; a source with five counted posts is called small, and its gaps are counted in days."""
    few = posts[posts["source"] == "board"].index[:5]
    part = posts[(posts["source"] == "demo") | posts.index.isin(few)]
    table = metrics.coverage(part).set_index("source")
    assert table["share"].sum() == pytest.approx(1)
    assert table.loc["board", "is_small"]
    assert table.loc["board", "note"] == "量小，不宜单看"
    assert not table.loc["demo", "is_small"]
    assert table.loc["demo", "n"] == int((metrics.used(part)["source"] == "demo").sum())
    assert table["gap_days"].sum() == metrics.gaps(part)["value"].sum()


def test_corrections_by_platform_come_from_its_own_sample(posts: pd.DataFrame, labels: pd.DataFrame) -> None:
    """Each platform with thirty coded posts gets the table its posts alone would give; the others none; without a sample bounds only."""
    sample = metrics.used(posts)["post_id"].sample(300, random_state=1)
    coded = sample.to_frame().merge(labels[["post_id", "code"]].drop_duplicates(), how="left")
    table = metrics.corrected(posts, labels, coded, by="platform")
    size = posts[posts["post_id"].isin(sample)].groupby("platform").size()
    assert set(table["platform"]) == set(size.index[size >= 30])
    own = metrics.corrected(posts[posts["platform"] == "平台01"], labels, coded)
    part = table[table["platform"] == "平台01"].drop(columns="platform").reset_index(drop=True)
    pd.testing.assert_frame_equal(part, own, check_dtype=False)
    bare = metrics.corrected(posts, labels)
    assert bare["note"].str.startswith("未校正").all()
    assert (bare["bound_low"] < bare["bound_high"]).all()
    assert metrics.corrected(posts, labels, coded.head(0), by="platform").empty


def test_bounds_are_precision_over_recall_by_hand() -> None:
    """Sixty of eighty named are right, of a hundred that hold; a reason never met is not bounded, one never found is not bounded above."""
    found = bounds(["a", "b", "c"], {"a": (60, 80, 100), "c": (0, 4, 5)})
    (p_low, p_high), (r_low, r_high) = slow.wilson(60, 80), slow.wilson(60, 100)
    assert (found.low[0], found.high[0]) == (pytest.approx(p_low / r_high), pytest.approx(p_high / r_low))
    assert np.isnan(found.low[1])
    assert np.isnan(found.high[1])
    assert (found.low[2], found.high[2]) == (0, np.inf)


def test_bounds_hold_the_true_share(monkeypatch: pytest.MonkeyPatch, posts: pd.DataFrame, labels: pd.DataFrame) -> None:
    """A machine that finds 70% of what holds and is wrong in one of three it names: bounds from such a record hold the true share."""
    rng = np.random.default_rng(4)
    used, code = metrics.used(posts), "stalling"
    true = rng.random(len(used)) < 0.3
    named = np.where(true, rng.random(len(used)) < 0.7, rng.random(len(used)) < 0.15)
    monkeypatch.setattr(import_module("kamen_analysis.metrics.corrected"), "held_out", lambda: {code: (210, 315, 300)})
    table = metrics.corrected(posts, pd.DataFrame({"post_id": used["post_id"].to_numpy()[named], "code": code})).set_index("code")
    assert table.loc[code, "bound_low"] < true.mean() < table.loc[code, "bound_high"]
    assert table.loc[code, "bound_high"] - table.loc[code, "bound_low"] < 0.15
    assert table["bound_low"].isna().sum() == len(table) - 1


def test_the_shipped_record_names_only_known_reasons() -> None:
    """Each reason measured is in the codebook, with no more right than were named or held; the worst case is told in the caption."""
    assert set(held_out()) <= set(metrics.reason_names())
    assert all(right <= min(said, gold) for right, said, gold in held_out().values())
    assert "虚构" in metrics.caption(metrics.corrected)["Read with care"]
