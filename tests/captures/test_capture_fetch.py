"""Fetching politely: what is asked, what is refused and why, how long it waits."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from capture_helpers import refusal, stored
from conftest import FakeClock
from hostile_site import Site

from kamen_analysis import __version__
from kamen_analysis.captures import pace, policy, warc
from kamen_analysis.captures.fetch import Session
from kamen_analysis.captures.members import records
from kamen_analysis.captures.policy import Refused, Stopped
from kamen_analysis.errors import KamenError

Start = Callable[..., Session]


def test_we_say_who_we_are(session: Start, hostile: Site) -> None:
    """The User-Agent names the tool and a contact, and nothing of a browser."""
    session(contact="mailto:a@example.org").get(f"{hostile.url}/post/1")
    agents = {headers["User-Agent"] for _, headers in hostile.asked}
    assert agents == {f"kamen_analysis/{__version__} (+mailto:a@example.org)"}


def test_no_contact_no_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a contact nothing beyond loopback is fetched, and unknown settings are refused."""
    monkeypatch.delenv("KAMEN_CONTACT", raising=False)
    with pytest.raises(KamenError, match="联系方式"):
        policy.load(hosts=["example.com"])
    with pytest.raises(KamenError, match="pause"):
        policy.load(allow_loopback=True, pause=0)


def test_robots_are_obeyed_and_kept(session: Start, hostile: Site) -> None:
    """A forbidden half is not asked for, the Crawl-delay is kept, and robots.txt lies in the WARC but is no page."""
    hostile.robots = "User-agent: *\nDisallow: /post/1\nCrawl-delay: 5\n"
    one = session()
    assert one.get(f"{hostile.url}/post/2") and refusal(one, f"{hostile.url}/post/1") == "robots"
    assert one.get(f"{hostile.url}/post/3") and hostile.hits["/post/1"] == 0 and hostile.hits["/robots.txt"] == 1
    assert one.waited_s >= 10
    assert [page.url[-1] for page in stored(one)] == ["2", "3"]
    assert any(warc.is_robots(record.url) and b"Crawl-delay: 5" in record.block for record in records(one.raw / one.file))


def test_an_endless_crawl_delay_ends_the_run(session: Start, hostile: Site) -> None:
    """A Crawl-delay of years is a no: the run ends and says so, instead of sleeping."""
    hostile.robots = "User-agent: *\nCrawl-delay: 99999999999\n"
    with pytest.raises(Stopped, match="robots.txt 要求每两页之间停"):
        session().get(f"{hostile.url}/post/1")


@pytest.mark.parametrize(("value", "seconds"), [
    ("120", 120), ("Sun, 22 Nov 2026 04:02:00 GMT", 120), ("Sunday, 22-Nov-26 04:02:00 GMT", 120), ("Sun, 22 Nov 2020 04:02:00 GMT", 0),
    ("", None), ("soon", None), ("-5", None), ("٣", None), ("1.5", None), ("1 Nov 99999999999 00:00:00", None),
])
def test_retry_after_is_read_strictly(value: str, seconds: float | None) -> None:
    """Both forms of Retry-After give seconds from now; the past gives none to wait; anything else says nothing."""
    assert pace.retry_after(value, datetime(2026, 11, 22, 4, 0, tzinfo=UTC)) == seconds


@pytest.mark.parametrize(("status", "allowed"), [(404, True), (403, True), (503, False)])
def test_robots_missing_or_broken(session: Start, hostile: Site, status: int, allowed: bool) -> None:
    """No robots.txt allows everything; one that cannot be read allows nothing (RFC 9309)."""
    hostile.robots = status
    one = session()
    if allowed:
        assert one.get(f"{hostile.url}/post/1")
    else:
        assert refusal(one, f"{hostile.url}/post/1") == "robots_unavailable" and hostile.hits["/post/1"] == 0


def test_the_pause_is_kept_and_jittered(session: Start, site: str, clock: FakeClock) -> None:
    """Two requests to one host are at least the pause apart, never exactly regular."""
    one = session(pause_s=2)
    for number in range(6):
        one.get(f"{site}/post/{number}")
    assert len(clock.slept) == 6 and all(1.99 <= slept <= 3 for slept in clock.slept) and len(set(clock.slept)) > 1


@pytest.mark.parametrize(("how", "low", "high"), [("seconds", 7, 7), ("date", 8, 9), ("rubbish", 2.5, 5), ("none", 2.5, 5)])
def test_retry_after_in_both_forms(session: Start, site: str, clock: FakeClock, how: str, low: float, high: float) -> None:
    """After 429 it waits what Retry-After says, as seconds or as a date, else its own back-off, then gets the page once."""
    one = session()
    page = one.get(f"{site}/busy/{how}")
    assert page and page.text() == "好了" and low <= sum(clock.slept) <= high
    assert len(stored(one)) == 1


def test_a_busy_site_is_left_alone_for_all_its_pages(session: Start, site: str, clock: FakeClock) -> None:
    """When one page is given up, the wait the site asked for still comes before the next page."""
    one = session(attempts=1)
    assert refusal(one, f"{site}/busy/seconds") == "busy" and clock.slept == []
    one.get(f"{site}/post/1")
    assert clock.slept == [7]


def test_a_long_retry_after_ends_the_run(session: Start, site: str, clock: FakeClock) -> None:
    """A site that says to come back tomorrow is not asked again, and the message says so."""
    with pytest.raises(Stopped, match="要求等待 86400 秒"):
        session().get(f"{site}/busy/long")
    assert clock.slept == []


def test_a_503_storm(session: Start, hostile: Site, clock: FakeClock) -> None:
    """A storm is met with doubling waits, given up page by page, and ends the run after three pages with a message."""
    one = session()
    assert refusal(one, f"{hostile.url}/busy/a?times=99&status=503") == "busy"
    assert hostile.hits["/busy/a"] == 4 and len(clock.slept) == 3
    assert 2.5 <= clock.slept[0] <= 5 and 5 <= clock.slept[1] <= 10 and 10 <= clock.slept[2] <= 20
    assert [refusal(one, f"{hostile.url}/busy/{name}?times=99&status=503") for name in "bc"] == ["busy"] * 2
    with pytest.raises(Stopped, match="连续 3 次拒绝"):
        one.get(f"{hostile.url}/post/1")
    assert hostile.hits["/post/1"] == 0
    assert stored(one) == []
    assert [r.fields()["refused"] for r in records(one.raw / one.file) if r.type == "metadata" and b"refused" in r.block] == ["busy"] * 3


def test_blocked_is_stored_and_stops(session: Start, site: str) -> None:
    """Answers that mean "not you" are stored as they are, and after three in a row nothing is asked; a good page resets the count."""
    one = session()
    for path in ("status/456", "status/403", "post/1", "status/456", "status/403", "status/456"):
        one.get(f"{site}/{path}")
    with pytest.raises(Stopped, match="HTTP 456"):
        one.get(f"{site}/post/2")
    assert [page.status for page in stored(one)] == [456, 403, 200, 456, 403, 456]


def test_gone_is_a_page(session: Start, site: str) -> None:
    """404 and 410 are answers: stored with their status, never a reason to stop."""
    one = session()
    assert [one.get(f"{site}/status/{code}").status for code in (404, 410, 404, 410)] == [404, 410, 404, 410]  # type: ignore[union-attr]


def test_an_unresolvable_name(session: Start) -> None:
    """A name that does not resolve is one refusal in Chinese that names the cause."""
    def lookup(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror

    with pytest.raises(Refused, match="robots.txt 读不到.*none.example 无法解析"):
        session(hosts=["none.example"], lookup=lookup).get("http://none.example/")
