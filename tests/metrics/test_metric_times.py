"""Replies, endings and legal clocks: against slow twins, and on cases small enough to work out by hand."""

from __future__ import annotations

from typing import Any

import factory
import numpy as np
import pandas as pd
import pytest
import slow

from kamen_analysis import metrics, records
from kamen_analysis.errors import KamenError
from kamen_analysis.metrics.legal import deadlines

CLAIM = "merchant_says_resolved"


def made(happened: list[list[tuple[str, float]]], watched: float = 100.0, **given: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return posts watched for `watched` days and their events, each (kind, day); a negative day is an upper bound only."""
    last = factory.START + pd.Timedelta(days=watched)
    posts = [factory.post(i, **{"first_seen_at": last, "last_seen_at": last, **given}) for i in range(len(happened))]
    events = []
    for i, each in enumerate(happened):
        for kind, day in each:
            at = factory.START + pd.Timedelta(days=abs(day))
            events.append({"post_id": f"demo:{i}", "kind": kind, "at": at if day >= 0 else None, "seen_by": at if day < 0 else None,
                           "actor": "unknown"})
    return records.frame("posts", posts), records.frame("events", events)


def share(table: pd.DataFrame, day: int, kind: str | None = None) -> float:
    """Return the share of a curve table at a day."""
    row = table[(table["day"] == day) & ((table["kind"] == kind) if kind else True)]
    return float(row["share"].iloc[0])


def test_replies_count_like_their_twin(posts: pd.DataFrame, events: pd.DataFrame) -> None:
    """A post counts as replied to however its reply's time is known; by platform the counts are the twin's."""
    replied, used = slow.has_event(events, ["merchant_replied"]), slow.used(posts)
    whole = metrics.replies(posts, events).iloc[0]
    assert (whole["n"], whole["of"]) == (sum(post["post_id"] in replied for post in used), len(used))
    for row in metrics.replies(posts, events, by="platform").to_dict("records"):
        own = [post for post in used if post["platform"] == row["platform"]]
        assert row["of"] == len(own)
        assert pd.isna(row["n"]) or row["n"] == sum(post["post_id"] in replied for post in own)


def test_waits_by_group_withhold_small_counts() -> None:
    """Of 甲 three are replied to, of 乙 six, of 丙 all: 甲's number is withheld with what follows from it, 乙's so that the sum does not
    give it back, and of 丁, with two complaints, not even their number is shown."""
    sizes = {"甲": (3, 40), "乙": (6, 40), "丙": (35, 40), "丁": (0, 2)}
    posts, events = made([[("merchant_replied", 2)] if i < n else [] for n, of in sizes.values() for i in range(of)])
    posts["platform"] = [name for name, (_, of) in sizes.items() for _ in range(of)]
    waits = metrics.waiting(posts, events, by="platform").query("measure == 'replied'")
    for table in (metrics.replies(posts, events, by="platform"), metrics.median_reply(posts, events, by="platform"), waits):
        one = table.set_index("platform")
        assert one["n"].dropna().to_dict() == {"丙": 35, "丁": 0} and one["of"].dropna().to_dict() == {"甲": 40, "乙": 40, "丙": 40}
        assert one["note"].eq("<5").to_dict() == {"甲": True, "乙": True, "丙": False, "丁": False}
        derived = [column for column in ("value", "share", "low", "high") if column in one]
        assert one.loc[["甲", "乙", "丁"], derived].isna().all(axis=None) and one.loc["丙", derived[0]] > 0
    assert metrics.median_reply(posts, events)[["n", "of"]].to_numpy().tolist() == [[44, 122]]


def test_reply_curve_is_its_twins(posts: pd.DataFrame, events: pd.DataFrame) -> None:
    """The Kaplan–Meier curve with tied days is the twin's at every day looked at, and so is who is still watched."""
    table, spells = metrics.time_to_reply(posts, events), slow.spells(posts, events, ["merchant_replied"])
    for day in (0, 1, 5, 30, 120):
        assert share(table, day) == pytest.approx(slow.incidence(spells, "merchant_replied", day))
        row = table[table["day"] == day].iloc[0]
        assert row["at_risk"] == sum(time >= day for time, _ in spells)
        assert row["n"] == sum(time <= day and kind != "" for time, kind in spells)
    assert table["of"].eq(len(spells)).all()
    assert "没有发布时间" in table["note"].iloc[0]


def test_reply_curve_is_bounded_honestly(posts: pd.DataFrame, events: pd.DataFrame) -> None:
    """The share without the posts known only by a bound lies between what they allow at best and at worst."""
    table = metrics.time_to_reply(posts, events)
    assert (table["bound_low"] <= table["share"] + 1e-9).all()
    assert (table["share"] <= table["bound_high"] + 1e-9).all()
    assert (table["bound_high"] - table["bound_low"]).max() > 0.01
    exact = metrics.time_to_reply(posts, events[events["at"].notna()])
    assert np.allclose(exact["bound_low"], exact["share"])
    assert np.allclose(exact["bound_high"], exact["share"])


def test_time_to_reply_by_platform_is_each_platforms_own(posts: pd.DataFrame, events: pd.DataFrame) -> None:
    """Grouped curves equal the curve of that platform's posts alone."""
    grouped = metrics.time_to_reply(posts, events, by="platform")
    own = metrics.time_to_reply(posts[posts["platform"] == "平台01"], events)
    pd.testing.assert_frame_equal(grouped[grouped["platform"] == "平台01"].drop(columns="platform").reset_index(drop=True), own,
                                  check_dtype=False)


def test_median_reply_by_hand() -> None:
    """Twenty replies on day 3 and twenty on day 9 make the median 3; with fifteen silent posts it is 9; under half is not reached."""
    for silent, expected in ((0, 3.0), (15, 9.0)):
        tables = made([[("merchant_replied", 3)]] * 20 + [[("merchant_replied", 9)]] * 20 + [[]] * silent)
        assert metrics.median_reply(*tables)["value"].iloc[0] == expected
    row = metrics.median_reply(*made([[("merchant_replied", 3)]] * 40 + [[]] * 60)).iloc[0]
    assert np.isnan(row["value"])
    assert row["note"] == "未达半数"


def test_late_posts_do_not_make_replies_look_rare() -> None:
    """Half the posts watched one day only: the raw share halves, the curve by day 5 stays where it was."""
    old, old_events = made([[("merchant_replied", 2)]] * 40 + [[]] * 40, watched=50)
    young, young_events = made([[]] * 80, watched=1)
    young_events["post_id"] = "x:" + young_events["post_id"]
    posts = pd.concat([old, young.assign(post_id="x:" + young["post_id"])], ignore_index=True)
    events = pd.concat([old_events, young_events], ignore_index=True)
    assert metrics.replies(posts, events)["share"].iloc[0] == 0.25
    assert share(metrics.time_to_reply(posts, events), 5) == 0.5


def test_outcome_curves_are_their_twins(posts: pd.DataFrame, events: pd.DataFrame) -> None:
    """Each ending's cumulative incidence, and the merchant's claim's, is the twin's with tied days."""
    table = metrics.outcomes(posts, events)
    ends, claims = slow.spells(posts, events, list(slow.ENDS)), slow.spells(posts, events, [CLAIM, *slow.ENDS])
    for day in (0, 10, 60, 150):
        for kind in ("consumer_confirmed", "auto_closed", "closed", "gone"):
            assert share(table, day, kind) == pytest.approx(slow.incidence(ends, kind, day))
        assert share(table, day, CLAIM) == pytest.approx(slow.incidence(claims, CLAIM, day))


def test_outcome_bounds_hold_the_curve(posts: pd.DataFrame, events: pd.DataFrame) -> None:
    """Endings known only by a bound move each curve within its bounds."""
    table = metrics.outcomes(posts, events)
    assert (table["bound_low"] <= table["share"] + 1e-9).all()
    assert (table["share"] <= table["bound_high"] + 1e-9).all()


def test_an_automatic_close_is_never_a_resolution() -> None:
    """Posts closed by timeout leave the confirmed share at zero, while the ratio peers publish calls them all resolved."""
    posts, events = made([[("auto_closed", 10)]] * 50)
    table = metrics.resolved_by(posts, events).set_index(["kind", "day"])
    assert table.loc[("consumer_confirmed", 60), "share"] == 0
    assert table.loc[("auto_closed", 60), "share"] == 1
    naive = metrics.naive_ratio(posts, events).set_index("ratio")["share"]
    assert naive["closed"] == 1
    assert naive["confirmed"] == 0


def test_a_claim_confirmed_later_counts_as_both() -> None:
    """A merchant's claim on day 3 confirmed on day 8 stands in both curves; an ending before the claim keeps the claim out."""
    posts, events = made([[(CLAIM, 3), ("consumer_confirmed", 8)]] * 30 + [[("auto_closed", 2), (CLAIM, 5)]] * 30)
    table = metrics.outcomes(posts, events)
    assert share(table, 10, CLAIM) == 0.5
    assert share(table, 10, "consumer_confirmed") == 0.5
    assert share(table, 10, "auto_closed") == 0.5


def test_resolved_by_reads_the_curve_and_stops_where_watching_stops() -> None:
    """Day 7 and 30 are read off the curve; day 60 is not given when nobody was watched that long."""
    posts, events = made([[("consumer_confirmed", 5)]] * 20 + [[]] * 20, watched=40)
    table = metrics.resolved_by(posts, events).set_index(["kind", "day"]).loc["consumer_confirmed"]
    assert table["share"].tolist()[:2] == [0.5, 0.5]
    assert np.isnan(table.loc[60, "share"])
    assert table.loc[60, "note"] == "观察期不足"


def test_backward_times_are_left_out_and_counted() -> None:
    """An event before its post is not counted as instant: it is left out and the note says how many."""
    posts, events = made([[("merchant_replied", 2)]] * 40)
    events.loc[0, "at"] = factory.START - pd.Timedelta(days=1)
    table = metrics.time_to_reply(posts, events)
    assert table["of"].eq(39).all()
    assert "1 件时间先后矛盾" in table["note"].iloc[0]


def deadline(start: str, days: int, working: bool) -> str:
    """Return the deadline of one instant as text."""
    return f"{deadlines(pd.Series([pd.Timestamp(start, tz=records.ZONE)]), days, working).iloc[0]:%Y-%m-%d}"


def test_working_days_know_holidays_and_make_up_days() -> None:
    """Seven working days from Monday 2025-01-20 pass over 春节 and count the make-up Sunday 01-26."""
    # 国办发明电〔2024〕12号: 01-28 to 02-04 off, 01-26 and 02-08 worked. Working: 21 22 23 24 26 27 of January, 5 February.
    assert deadline("2025-01-20 09:00", 7, working=True) == "2025-02-05"
    assert deadline("2025-03-03 23:59", 7, working=True) == "2025-03-12"


def test_a_calendar_limit_rolls_over_a_day_off() -> None:
    """Fifteen days from 2025-01-14 end in 春节 and roll to 02-05; from 2025-03-01 they end on Sunday 03-16 and roll to Monday."""
    assert deadline("2025-01-14", 15, working=False) == "2025-02-05"
    assert deadline("2025-03-01", 15, working=False) == "2025-03-17"
    assert deadline("2025-03-03", 15, working=False) == "2025-03-18"


def test_clocks_judge_only_what_was_watched_long_enough() -> None:
    """Of forty posts assigned in time and forty never, half are late; watched five days only, none can be judged and no limit is listed."""
    happened: list[list[tuple[str, float]]] = [[("assigned", 1)]] * 40 + [[]] * 40
    table = metrics.clocks(*made(happened, watched=90)).set_index("clock")
    assert (table.loc["accept_7wd_2020", "n"], table.loc["accept_7wd_2020", "of"]) == (40, 80)
    assert "accept_7wd" not in table.index
    assert metrics.clocks(*made(happened, watched=5)).empty


def test_clocks_follow_the_law_of_the_day() -> None:
    """A complaint of May 2026 is held against the rules in force from 2026-04-15, one of 2025 against those before."""
    at = pd.Timestamp("2026-05-06 09:00", tz=records.ZONE)
    posts, events = made([[]] * 40, posted_at=at, last_seen_at=at + pd.Timedelta(days=90), first_seen_at=at)
    assert set(metrics.clocks(posts, events)["clock"]) == {"accept_7wd", "refund_15d", "mediate_60d"}
    assert set(metrics.clocks(*made([[]] * 40))["clock"]) == {"accept_7wd_2020", "refund_15d", "mediate_60d_2024"}


def test_clocks_leave_out_what_a_bound_cannot_decide() -> None:
    """Seen as resolved only after the limit, a post may have been in time: it is not judged; seen before, it was in time."""
    table = metrics.clocks(*made([[("consumer_confirmed", -50)]] * 40 + [[("consumer_confirmed", -3)]] * 40)).set_index("clock")
    assert (table.loc["refund_15d", "n"], table.loc["refund_15d", "of"]) == (0, 40)


def test_clocks_stop_where_the_calendar_ends() -> None:
    """Past the last year the working-day calendar knows there is one clear error, not a guess."""
    at = pd.Timestamp("2040-05-06 09:00", tz=records.ZONE)
    posts, events = made([[]] * 40, posted_at=at, last_seen_at=at + pd.Timedelta(days=90), first_seen_at=at)
    with pytest.raises(KamenError, match="工作日历"):
        metrics.clocks(posts, events)


def test_bounded_times_give_bounds_not_a_false_zero() -> None:
    """Where replies are known only as "by now", leaving them out would read as nobody replied: no share is given, only its bounds."""
    posts, events = made([[("merchant_replied", -100)]] * 50 + [[]] * 50)
    table = metrics.time_to_reply(posts, events)
    assert table["share"].isna().all()
    assert table["note"].str.startswith("时间多为至迟").all()
    assert table.loc[table["day"] == 30, ["bound_low", "bound_high"]].to_numpy().tolist() == [[0.0, 0.5]]
    assert np.isnan(metrics.median_reply(posts, events)["value"].iloc[0])
    closed, ends = made([[("consumer_confirmed", -100)]] * 50 + [[]] * 50)
    assert metrics.resolved_by(closed, ends)["share"].isna().all()
    assert metrics.outcomes(closed, ends)["share"].isna().all()


def test_a_post_without_status_is_not_unanswered() -> None:
    """Where the source tells no status and no step, nothing is known: the post is left out and counted as left out."""
    posts, events = made([[("merchant_replied", 2)]] * 40 + [[]] * 40)
    posts["status"] = posts["status"].where(posts.index < 60)
    assert metrics.replies(posts, events)["of"].iloc[0] == 60
    table = metrics.time_to_reply(posts, events)
    assert table["of"].eq(60).all()
    assert "20 件来源没有给出状态" in table["note"].iloc[0]
    assert metrics.clocks(posts, events).set_index("clock").loc["refund_15d", "of"] == 60


def test_a_close_of_unknown_cause_may_have_been_the_refund() -> None:
    """Closed without a stated cause is not held to be unresolved: with many such no share beyond the limit is given."""
    row = metrics.clocks(*made([[("closed", 5)]] * 40 + [[]] * 40)).set_index("clock").loc["refund_15d"]
    assert (row["n"], row["of"], row["unsure"]) == (40, 40, 40)
    assert np.isnan(row["share"])


def test_status_by_age_counts_what_is_seen_at_that_age() -> None:
    """Posts seen at 5, 20 and 90 days of age fall in their age group, however their events' times are known."""
    young, a = made([[("merchant_replied", -5)]] * 10 + [[]] * 30, watched=5)
    old, b = made([[("consumer_confirmed", -90)]] * 30 + [[("auto_closed", 20)]] * 10, watched=90)
    posts = pd.concat([young, old.assign(post_id="x:" + old["post_id"])], ignore_index=True)
    events = pd.concat([a, b.assign(post_id="x:" + b["post_id"])], ignore_index=True)
    table = metrics.status_by_age(posts, events).set_index(["age", "kind"])
    assert table.loc[("0–7 天", "merchant_replied"), ["n", "of"]].tolist() == [10, 40]
    assert table.loc[("61–180 天", "consumer_confirmed"), ["n", "of"]].tolist() == [30, 40]
    assert table.loc[("61–180 天", "auto_closed"), "share"] == 0.25
    assert ("8–30 天", "closed") not in table.index


def test_any_ending_is_counted_at_its_first_step(posts: pd.DataFrame, events: pd.DataFrame) -> None:
    """The peers' "resolved" by day 30 is one event, the first claim or closing of any kind, by the estimator of the other rows."""
    kinds = ["merchant_says_resolved", *slow.ENDS]
    ends = [(time, kind and ("gone" if slow.ENDS.get(kind) == "gone" else "any")) for time, kind in slow.spells(posts, events, kinds)]
    table = metrics.resolved_by(posts, events)
    assert share(table, 30, "any") == pytest.approx(slow.incidence(ends, "any", 30))
    assert share(table, 30, "any") > share(table, 30, "consumer_confirmed")


def test_a_close_of_unknown_cause_after_the_deadline_hides_nothing() -> None:
    """What was closed on day 60 was not confirmed within fifteen days, whatever the cause; a bound, or a close in time, leaves it open."""
    row = metrics.clocks(*made([[("closed", 60)]] * 40 + [[]] * 40)).set_index("clock").loc["refund_15d"]
    assert (row["n"], row["of"], row["unsure"]) == (80, 80, 0)
    mixed = metrics.clocks(*made([[("closed", 60), ("closed", 5)]] * 40 + [[("closed", -60)]] * 40)).set_index("clock").loc["refund_15d"]
    assert mixed["unsure"] == 80


def test_claims_have_a_denominator_and_a_note_of_their_own() -> None:
    """Closings known only by a bound leave the claims' times usable, and claims known only so give no share of claims, not zero."""
    happened = [[(CLAIM, 3), ("closed", -100)]] * 6 + [[(CLAIM, 3)]] * 54 + [[("consumer_confirmed", 5)]] * 40
    by_30 = metrics.resolved_by(*made(happened)).set_index(["day", "kind"]).loc[30]
    assert by_30.loc["consumer_confirmed", ["n", "of"]].tolist() == [40, 94]
    assert by_30.loc[[CLAIM, "any"], ["n", "of"]].to_numpy().tolist() == [[60, 100], [100, 100]]
    assert by_30.loc["closed", "note"] == "未计入：6 件只知至迟时间" and by_30.loc[CLAIM, "note"] == ""
    bounded = metrics.resolved_by(*made([[(CLAIM, -90)]] * 60 + [[("consumer_confirmed", 5)]] * 40)).set_index(["day", "kind"]).loc[30]
    assert bounded.loc["consumer_confirmed", "share"] == 0.4
    assert bounded.loc[[CLAIM, "any"], "share"].isna().all() and bounded.loc[CLAIM, "note"].startswith("时间多为至迟")


def test_what_comes_at_midnight_after_the_deadline_is_late() -> None:
    """A confirmation at 0:00 of the day after the last one is late, whatever the minute of posting."""
    at = [pd.Timestamp("2025-03-03", tz=records.ZONE) + pd.Timedelta(minutes=7 * i) for i in range(200)]
    posts = records.frame("posts", [factory.post(i, posted_at=moment) for i, moment in enumerate(at)])
    after = pd.Timestamp("2025-03-19", tz=records.ZONE)
    events = records.frame("events", [{"post_id": f"demo:{i}", "kind": "consumer_confirmed", "at": after, "seen_by": None,
                                       "actor": "consumer"} for i in range(200)])
    row = metrics.clocks(posts, events).set_index("clock").loc["refund_15d"]
    assert (row["n"], row["of"]) == (200, 200)
