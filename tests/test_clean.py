"""Cleaning keeps what a page says, leaves missing what is missing, and refuses what cannot be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import onepost
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kamen_analysis import clean, money, records, sources, times
from kamen_analysis.captures.page import Page
from kamen_analysis.plain import plain
from kamen_analysis.sources import base

PAGE = Page("https://example.org/c/1", datetime(2025, 11, 1, 4, tzinfo=UTC), 200, "", b"", "board/x.warc.gz", 7, "0" * 64)
BOARD = sources.registry()["board"]
STEPS: list[base.Step] = [
    {"who": "商家", "what": "商家回复", "at": "2025-10-03 10:00:00", "text": "系统自动完成"},
    {"who": "消费者", "what": "发起投诉", "at": "2025-10-01 10:00:30", "text": ""},
]


def cleaned(**changes: Any) -> onepost.Cleaned:
    """A board post with some values changed, cleaned."""
    raw: Any = {"id": "a1", "title": "演示数据", "body": "正文", "posted": "2025-10-01 10:00", "amount": "5元", "status": "处理中"}
    return onepost.cleaned({**raw, **changes}, PAGE, BOARD)


@pytest.mark.parametrize(("written", "wanted", "precision"), [
    ("2020年10月16日 08:48", "2020-10-16 08:48:00", "minute"), ("发布于 2020年10月16日 08:48", "2020-10-16 08:48:00", "minute"),
    ("2020-10-14T13:52:03+08:00", "2020-10-14 13:52:03", "second"), ("2020-10-14T05:52:03Z", "2020-10-14 13:52:03", "second"),
    ("2025-03-30T16:49:51", "2025-03-30 16:49:51", "second"), ("2020/1/6 8:03", "2020-01-06 08:03:00", "minute"),
    ("1642392735", "2022-01-17 12:12:15", "second"), ("1642392735000", "2022-01-17 12:12:15", "second"),
    ("44118.36", "2020-10-14 08:38:24", "second"), ("44118", "2020-10-14 00:00:00", "day"), ("20201016", "2020-10-16 00:00:00", "day"),
    ("Mon Jan 17 12:34:40 +0800 2022", "2022-01-17 12:34:40", "second"), ("2020年10月16日8时4分5秒", "2020-10-16 08:04:05", "second"),
    ("2020.10.16", "2020-10-16 00:00:00", "day"), ("2020-10-14 13:52:03.517", "2020-10-14 13:52:03", "second"),
])
def test_times_as_sites_and_spreadsheets_write_them(written: str, wanted: str, precision: str) -> None:
    """Each way to write a time gives its instant in Beijing time and how exact it was written."""
    moment, exact = times.instant(written)
    assert (f"{moment:%Y-%m-%d %H:%M:%S}", exact, moment.utcoffset()) == (wanted, precision, timedelta(hours=8))


@pytest.mark.parametrize("written", ["", "不明", "10/16", "2020-13-01", "2020-02-30", "25:00", "123", "9" * 14, "2020-10-16 25:61", "nan"])
def test_what_is_no_time_is_not_read_as_one(written: str) -> None:
    """A text that names no instant raises ValueError."""
    with pytest.raises(ValueError, match="时间"):
        times.instant(written)


@given(st.datetimes(datetime(2002, 1, 1), datetime(2100, 1, 1)))
def test_every_instant_survives_writing_and_reading(moment: datetime) -> None:
    """A time written in ISO form, in Chinese or as epoch seconds is read back to the second."""
    aware = moment.replace(microsecond=0, tzinfo=times.BEIJING)
    for written in (aware.isoformat(), f"{aware:%Y年%m月%d日 %H:%M:%S}", str(int(aware.timestamp()))):
        assert times.instant(written)[0] == aware


@pytest.mark.parametrize(("written", "wanted"), [
    ("1440元", 1440), ("1,440.00", 1440), ("￥3.5万", 35_000), ("１２元", 12), ("人民币20元整", 20), ("约300元", 300), ("0", 0), ("-5", -5),
    ("195.93", 195.93), ("2 000 元", 2000), ("1千元", 1000), ("", None), ("-", None), ("无", None), ("未填写", None),
])
def test_amounts_as_sites_and_spreadsheets_write_them(written: str, wanted: float | None) -> None:
    """Each way to write an amount gives its yuan; a stated absence gives None."""
    assert money.yuan(written) == wanted


@pytest.mark.parametrize("written", ["1" + " " * 100_000 + "元", "9" * 5000, "面议", "1e5", "5元至10元", "1.2.3", "五百", "5美元"])
def test_what_is_no_amount_is_not_read_as_one(written: str) -> None:
    """A text that is no amount of yuan raises ValueError."""
    with pytest.raises(ValueError, match="金额"):
        money.yuan(written)


@pytest.mark.parametrize(("given_text", "wanted"), [
    ("<span class='code-red'>卡盟</span>不退", "卡盟不退"), ("一<br/>二</p>三", "一\n二\n三"), ("a &amp; b&nbsp;c", "a & b c"),
    ("到\x00账\x07了\x85", "到账了"), ("坏\ud83d字", "坏\ufffd字"), ("  头\t 尾\u3000\u3000", "头 尾"), ("一\r\n\r\n 二", "一\n二"),
    ("价格<100元>50元", "价格<100元>50元"), ("a\u2028b", "a\nb"), (None, ""), ("", ""), ("干净的一行", "干净的一行"),
    ("一<!-- 注 <b> -->二<!---->三<!-- 开", "一二三<!-- 开"), (f"数&#{'9' * 5000};字", "数\ufffd;字"), ("&#38;&#x4e00;", "&一"),
    ("卡\u202e盟\u202c\u2066不\u2069退\u200b\ufeff", "卡盟不退"), ("一家\U0001f468\u200d\U0001f469", "一家\U0001f468\u200d\U0001f469"),
])
def test_text_loses_markup_and_control_characters_only(given_text: str | None, wanted: str) -> None:
    """Markup, entities, control characters and lone surrogates go; the words and their lines stay."""
    assert plain(given_text) == wanted


@given(st.text(max_size=200))
def test_cleaned_text_can_always_be_written(text: str) -> None:
    """Cleaned text encodes as UTF-8, holds no NUL, and has no blank line."""
    found = plain(text)
    assert found.encode() is not None and "\x00" not in found and "\n\n" not in found


@pytest.mark.parametrize(("changes", "reason"), [
    ({"id": None}, "no_id"), ({"title": " ", "body": None}, "no_text"), ({"posted": "2025-11-03 10:00"}, "posted_in_future"),
    ({"posted": "1999-12-31"}, "posted_too_early"), ({"amount": "-5元"}, "negative_amount"),
])
def test_impossible_values_are_refused_by_name(changes: dict[str, Any], reason: str) -> None:
    """What cannot be a post is rejected with its reason, and the detail never holds the text of the post."""
    with pytest.raises(base.Reject) as refused:
        cleaned(**changes)
    assert refused.value.reason == reason and "演示数据" not in refused.value.detail


def test_a_clock_somewhat_ahead_is_let_pass() -> None:
    """A post dated less than a day after its capture is kept: sites' clocks differ."""
    assert cleaned(posted="2025-11-02 09:00").post["posted_at"] is not None


def test_missing_stays_missing_and_unreadable_is_noted() -> None:
    """No date, amount, status or target is made up; what could not be read is noted by its shape."""
    found = cleaned(posted="前天", amount="面议", status=None)
    empty = {name: found.post[name] for name in ("posted_at", "posted_precision", "amount_yuan", "status", "target", "appeal")}
    assert set(empty.values()) == {None}
    assert found.notes == [("unreadable_time", "posted", "字字"), ("unreadable_amount", "amount", "字字")] and found.events == []


def test_overlong_text_is_cut_and_says_so() -> None:
    """A body over the cap keeps its beginning, is marked truncated, and is counted."""
    found = cleaned(body="长" * 20_001)
    assert (len(found.post["body"]), found.post["truncated"], found.notes) == (20_000, True, [("text_capped", "正文", "")])
    both = cleaned(title="长" * 501, appeal="长" * 501)
    assert both.notes == [("text_capped", "标题", ""), ("text_capped", "投诉要求", "")] and not both.post["truncated"]


@pytest.mark.parametrize("before", range(485, 500))
def test_nothing_half_is_left_at_the_cap(before: int) -> None:
    """A number across the cap leaves neither some of its digits nor a piece of its placeholder."""
    title = cleaned(title="退" * before + "手机13912345678，不退" + "钱" * 400).post["title"]
    assert len(title) <= 500 and set(title.replace("[手机号]", "")) <= set("退手机，不")


@pytest.mark.parametrize("before", range(15))
def test_what_placeholders_make_shorter_holds_nothing_half(before: int) -> None:
    """What is read beyond the cap, so that a number across it is found whole, is no part of the text, however short the rest becomes."""
    title = cleaned(title=("手机13912345678，" * 40 + "退" * 200)[:675 + before] + "微信号kami_2020x不退" * 40).post["title"]
    assert not set("kami_2020x139") & set(title) and not title.endswith(("[", "[手", "[手机", "[手机号"))


def _kinds(found: onepost.Cleaned) -> list[tuple[str, bool]]:
    return [(event["kind"], event["at"] is not None) for event in found.events]


def test_a_status_proves_an_event_only_up_to_the_capture() -> None:
    """已回复 seen at capture is a reply by then at the latest; 待分配 proves nothing."""
    replied = cleaned(status="已回复")
    assert _kinds(replied) == [("posted", True), ("merchant_replied", False)]
    assert replied.events[1]["seen_by"] == PAGE.fetched_at and replied.events[1]["actor"] == "merchant"
    assert _kinds(cleaned(status="待分配")) == [("posted", True)]


def test_steps_tell_exactly_and_the_status_then_adds_nothing() -> None:
    """Steps become events at their own times in the order of time; a merchant's words never stand for the site's."""
    assert _kinds(cleaned(status="已回复", steps=STEPS)) == [("posted", True), ("merchant_replied", True)]


@pytest.mark.parametrize(("what", "wanted"), [("系统自动完成", "auto_closed"), ("消费者确认完成", "consumer_confirmed"), (None, "closed")])
def test_completed_is_an_automatic_close_where_a_step_says_so(what: str | None, wanted: str) -> None:
    """已完成 is auto_closed by the time-out step, confirmed by the consumer's step, and only closed where nothing says who."""
    steps = [{"who": "系统", "what": what, "at": "2025-10-20 00:00:00", "text": ""}, *STEPS] if what else STEPS
    assert _kinds(cleaned(status="已完成", steps=steps))[-1] == (wanted, what is not None)


@pytest.mark.parametrize(("posted", "ended", "wanted"), [
    ("2025-10-01 10:00", "2025-10-01", "10-01 10:00"), ("2025-10-01 00:30", "2025年10月1日", "10-01 00:30"),
    ("2025-10-01", "2025-10-01", "10-01 00:00"),
    ("2025-10-01 10:00", "2025-10-02", "10-02 00:00"), ("2025-10-01 10:00", "2025-09-30", "09-30 00:00"),
    ("2025-10-01 10:00", "2025-10-01 09:00:00", "10-01 09:00")])
def test_a_step_on_the_day_of_posting_is_not_before_it(posted: str, ended: str, wanted: str) -> None:
    """A step of which only the day is told, the day of posting in Beijing, is at the time of posting; one on another day, or told to the
    minute, stays as written, though it contradict the posting."""
    found = cleaned(posted=posted, status="已完成", steps=[{"who": "系统", "what": "系统自动完成", "at": ended, "text": ""}])
    (at,) = (event["at"] for event in found.events if event["kind"] == "auto_closed")
    assert f"{at.astimezone(times.BEIJING):%m-%d %H:%M}" == wanted


def test_a_step_at_an_impossible_time_is_only_known_by_the_capture() -> None:
    """A step dated after the capture keeps its event without the time, and is noted."""
    found = cleaned(steps=[{"who": "商家", "what": "商家回复", "at": "2031-01-01 00:00:00", "text": ""}])
    assert ("merchant_replied", False) in _kinds(found) and ("impossible_time", "step", "") in found.notes


def test_the_pages_own_clock_dates_what_was_seen() -> None:
    """The time a page says it was answered counts as last seen, unless it lies after the fetch."""
    earlier = cleaned(seen_at="2025-10-05T00:00:00+08:00", first_seen="2025-10-01 11:00")
    assert f"{earlier.post['first_seen_at']:%m-%d %H}" == "10-01 11" and f"{earlier.post['last_seen_at']:%m-%d}" == "10-05"
    assert cleaned(seen_at="2030-10-05T00:00:00+08:00").post["last_seen_at"] == PAGE.fetched_at


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///home/x.csv", "见附件", "http://a b", "https://x/" + "a" * 600, None])
def test_only_an_address_a_reader_may_follow_is_kept(url: str | None) -> None:
    """Scripts, local files and words in an address column do not become links."""
    assert cleaned(url=url).post["url"] is None and cleaned(url="https://example.org/c/1").post["url"] == "https://example.org/c/1"


TEXTS = st.dictionaries(st.sampled_from(["id", "title", "body", "target", "appeal", "posted", "amount", "status", "url", "seen_at"]),
                        st.text(max_size=12) | st.sampled_from(["2025-10-01", "5元", "已回复", "a\nb", "1e400", "9" * 400]), min_size=3)


@settings(max_examples=30, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=8))
def test_whatever_is_let_through_fits_the_tables(raws: list[dict[str, str]]) -> None:
    """Posts and events of any strings at all either are rejected or meet the schema of their tables."""
    posts, events = {}, []
    for raw in raws:
        try:
            found = cleaned(**raw)
        except base.Reject:
            continue
        posts[found.post["post_id"]] = found.post
        events += found.events
    later = {"platform": None, "platform_known": False, "post_type": "other", "gate_rule": "", "in_scope": False, "product": "none",
             "outcome": "unclear", "dup_group": "", "dup_kind": "first", "dup_size": 1, "is_used": False}
    assert len(records.validate("posts", records.frame("posts", [later | post for post in posts.values()]))) == len(posts)
    assert len(records.validate("events", records.frame("events", events))) == len(events)


def test_every_column_before_labelling_is_filled() -> None:
    """Cleaning gives exactly the columns that do not need the platform list, the labels or the duplicates."""
    later = {"platform", "platform_known", "post_type", "gate_rule", "in_scope", "product", "outcome", "dup_group", "dup_kind", "dup_size",
             "is_used"}
    assert set(cleaned().post) == {column.name for column in records.TABLES["posts"]} - later


def test_a_withdrawn_address_names_no_other_post() -> None:
    """Without its query a withdrawn address stands only for a path with its own number, not for a page that shows many posts."""
    page = "https://bbs.example.cn/view.php"
    for more in ("?code=13912345678", "?id=5"):
        names = clean.asked_out({page + more, "heimao:1"})
        assert page not in names and "heimao:1" in names
    assert f"{page}?id=5" in names
    assert clean.asked_out({"https://bbs.example.cn/view/17351054590?from=share"}) >= {"https://bbs.example.cn/view/17351054590"}


ODD_TIMES = ["2020-10-16 08:48:00", "2020-02-30 10:00:00", "0000-01-01 00:00:00", "\ud83d", "昨天", "44118"]
ISO_TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(lambda at: f"{at:%Y-%m-%dT%H:%M:%S}")


@given(st.lists(st.none() | st.sampled_from(ODD_TIMES) | ISO_TIMES, max_size=6))
def test_a_column_of_times_is_read_as_each_is(written: list[str | None]) -> None:
    """However many are read at once, each time is that which it is by itself, and what cannot be read is none."""
    found, precisions = times.instants(written)
    for text, moment, precision in zip(written, found, precisions, strict=True):
        try:
            at, exact = times.instant(text or "")
        except ValueError:
            assert np.isnat(moment) and precision is None
        else:
            assert moment == times.column([at])[0] and precision == exact
