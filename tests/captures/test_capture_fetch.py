"""Fetching from a hostile site: what is stored, what is refused and why, how long it waits."""

from __future__ import annotations

import gzip
import resource
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import FakeClock
from hostile_site import Site

from kamen_analysis.captures import pace, policy, shelf, warc
from kamen_analysis.captures.fetch import Session
from kamen_analysis.captures.members import records
from kamen_analysis.captures.page import Page
from kamen_analysis.captures.policy import Refused, Stopped
from kamen_analysis.errors import KamenError

Start = Callable[..., Session]


def stored(session: Session) -> list[Page]:
    """Close the session and read its file back."""
    session.__exit__(None, None, None)
    return list(warc.read(session.raw / session.file, session.raw))


def refusal(session: Session, url: str) -> str:
    """Return why `url` was refused."""
    with pytest.raises(Refused) as caught:
        session.get(url)
    return caught.value.reason


def test_a_page_is_stored_as_it_came(session: Start, site: str) -> None:
    """What get returns is what the WARC gives back: address, time, status, body, digest, place; request and metadata lie beside it."""
    one = session()
    page = one.get(f"{site}/post/7#reply")
    assert page and page.url == f"{site}/post/7" and "帖子 7" in page.text()
    assert stored(one) == [page]
    kinds = [record.type for record in records(one.raw / one.file)]
    assert kinds == ["warcinfo"] + ["response", "request", "metadata"] * 2


def test_we_say_who_we_are(session: Start, hostile: Site) -> None:
    """The User-Agent names the tool and a contact, and nothing of a browser."""
    session(contact="mailto:a@example.org").get(f"{hostile.url}/post/1")
    agents = {headers["User-Agent"] for _, headers in hostile.asked}
    assert agents == {"kamen_analysis/0.1.0 (+mailto:a@example.org)"}


def test_no_contact_no_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a contact nothing beyond loopback is fetched, and unknown settings are refused."""
    monkeypatch.delenv("KAMEN_CONTACT", raising=False)
    with pytest.raises(KamenError, match="联系方式"):
        policy.load(hosts=["example.com"])
    with pytest.raises(KamenError, match="pause"):
        policy.load(allow_loopback=True, pause=0)


def test_no_pause_only_on_loopback() -> None:
    """A source may be slower than the default pause; only loopback may be faster."""
    assert [policy.load(contact="x", pause_s=pause).pause_s for pause in (0, 1, 5)] == [2, 2, 5]
    assert policy.load(allow_loopback=True, pause_s=0).pause_s == 0


def test_the_loopback_switch_opens_nothing_else(session: Start) -> None:
    """Without a contact the switch for tests does not reach a public address."""
    def lookup(host: str, port: int, **_: Any) -> list[Any]:
        return [(0, 0, 0, "", ("93.184.216.34", port))]

    assert refusal(session(hosts=["example.com"], lookup=lookup), "http://example.com/") == "contact"


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


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_slow_drip_is_cut_off(session: Start, site: str, part: str) -> None:
    """Headers or a body that drip byte by byte are dropped at the time limit, not at their end, and nothing is stored."""
    started, one = time.monotonic(), session(total_s=0.3)
    assert refusal(one, f"{site}/drip/{part}") == "slow"
    assert time.monotonic() - started < 2 and stored(one) == []


@pytest.mark.parametrize("how", ["length", "chunk", "close"])
def test_a_cut_body_is_never_stored(session: Start, hostile: Site, how: str) -> None:
    """A body that breaks off (against its length, its chunks, or its gzip end) is tried again and then given up, not stored."""
    one = session()
    assert refusal(one, f"{hostile.url}/cut/{how}") == "cut"
    assert hostile.hits[f"/cut/{how}"] == 4 and stored(one) == []


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_a_decompression_bomb_is_refused(session: Start, hostile: Site, coding: str) -> None:
    """A small body that would unpack to 200 MB is refused once, without being unpacked."""
    one = session()
    assert refusal(one, f"{hostile.url}/bomb/{coding}") == "decoded_size"
    assert hostile.hits[f"/bomb/{coding}"] == 1 and stored(one) == []


def test_size_on_the_wire(session: Start, site: str) -> None:
    """A 20 MB page is stored whole; an endless one is cut off at the cap."""
    one = session()
    page = one.get(f"{site}/big/20")
    assert page and len(page.body) > 20 << 20
    assert refusal(one, f"{site}/endless") == "wire_size"
    assert [len(stored_page.body) for stored_page in stored(one)] == [len(page.body)]


@pytest.mark.parametrize("how", ["none", "wrong", "latin", "absent"])
def test_charsets_that_lie(session: Start, site: str, how: str) -> None:
    """A wrong or missing charset does not garble the text."""
    page = session().get(f"{site}/charset/{how}")
    assert page and page.text() == "投诉：不给退款"


@pytest.mark.parametrize(("path", "text"), [("chunked", "分块正文"), ("coded/gzip", "压缩的正文"), ("coded/br", "压缩的正文")])
def test_codings_read_back(session: Start, site: str, path: str, text: str) -> None:
    """Chunked and compressed answers are stored as sent and read back as text."""
    one = session()
    one.get(f"{site}/{path}")
    assert [page.text() for page in stored(one)] == [text]


def test_a_redirect_is_followed_once(session: Start, hostile: Site) -> None:
    """A redirect's target is the page, with the address first asked for; a second redirect to the same place fetches nothing."""
    one = session()
    page = one.get(f"{hostile.url}/to?u=/post/5")
    assert page and page.url.endswith("/post/5") and page.requested.endswith("/to?u=/post/5")
    assert refusal(one, f"{hostile.url}/to?u=/post/5&again=1") == "already"
    assert hostile.hits["/post/5"] == 1 and stored(one) == [page]


@pytest.mark.parametrize(("target", "reason"), [
    ("http://169.254.169.254/latest/meta-data/", "host"), ("http://other.example/", "host"), ("file:///etc/passwd", "scheme"),
    ("javascript:alert(1)", "scheme"), ("/loop", "loop"), ("/loop/0?grow=1", "redirects"), ("//user:pw@other.example/", "host"),
])
def test_redirects_that_lead_astray(session: Start, site: str, target: str, reason: str) -> None:
    """Redirects to metadata addresses, other hosts, other schemes and in circles are refused."""
    assert refusal(session(), f"{site}/to?u={target}") == reason


@pytest.mark.parametrize("inside", [
    "169.254.169.254", "10.0.0.8", "192.168.1.1", "172.16.0.1", "100.64.0.1", "100.100.100.200", "0.0.0.0", "224.0.0.1", "255.255.255.255",
    "192.0.2.1", "198.18.0.1", "::", "fe80::1", "fd00:ec2::254", "ff02::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1",
    "2002:a00:1::", "2001:db8::1",
])
def test_no_name_leads_inside(session: Start, inside: str) -> None:
    """A listed name that resolves to an inner, shared, reserved or multicast address is refused, whatever its form; nothing is asked."""
    def lookup(host: str, port: int, **_: Any) -> list[Any]:
        return [(0, 0, 0, "", (inside, port))]

    assert refusal(session(hosts=["example.com"], lookup=lookup), "http://example.com/") == "address"


def test_loopback_only_where_allowed(session: Start, site: str) -> None:
    """Loopback is an inner address like others unless the policy says it is a test."""
    one = session(allow_loopback=False, contact="x", hosts=["127.0.0.1", "localhost", "2130706433"])
    assert refusal(one, f"{site}/post/1") == "address"
    assert refusal(one, f"http://2130706433:{site.rpartition(':')[2]}/post/1") == "address"


def test_one_private_answer_spoils_the_name(session: Start) -> None:
    """A name with a public and a private address, as DNS rebinding has, is refused as a whole."""
    def lookup(host: str, port: int, **_: Any) -> list[Any]:
        return [(0, 0, 0, "", ("93.184.216.34", port)), (0, 0, 0, "", ("10.0.0.1", port))]

    assert refusal(session(hosts=["example.com"], lookup=lookup), "http://example.com/") == "address"


def test_the_connection_goes_to_the_checked_address(session: Start, hostile: Site) -> None:
    """The name is resolved once, the connection uses that answer, and the Host header stays the site's name: rebinding finds no gap."""
    asked: list[str] = []

    def lookup(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(0, 0, 0, "", ("127.0.0.1" if len(asked) == 1 else "10.0.0.1", port))]

    port = hostile.url.rpartition(":")[2]
    one = session(hosts=["board.example"], lookup=lookup)
    for number in range(3):
        assert one.get(f"http://board.example:{port}/post/{number}")
    assert asked == ["board.example"]
    assert {headers["Host"] for _, headers in hostile.asked} == {f"board.example:{port}"}


def test_an_unresolvable_name(session: Start) -> None:
    """A name that does not resolve is one refusal in Chinese that names the cause."""
    def lookup(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror

    with pytest.raises(Refused, match="robots.txt 读不到.*none.example 无法解析"):
        session(hosts=["none.example"], lookup=lookup).get("http://none.example/")


def test_no_proxy_from_the_environment(session: Start, site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment would undo the address check: it is not used."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    assert session().get(f"{site}/post/1")


def test_a_login_page_is_stored_for_the_parser_to_judge(session: Start, site: str) -> None:
    """A login page served as 200 is an answer like others: stored, never worked around."""
    one = session()
    one.get(f"{site}/login")
    assert "请登录" in stored(one)[0].text()


def test_an_unchanged_page_costs_no_second_copy(session: Start, site: str) -> None:
    """With the ETag of the earlier copy a 304 becomes a revisit record that points to it, and no page."""
    one = session()
    first = one.get(f"{site}/post/1")
    assert one.get(f"{site}/post/1", known=first, validators={"If-None-Match": '"1"'}) is None
    assert stored(one) == [first]
    revisit, = (record for record in records(one.raw / one.file) if record.type == "revisit")
    assert first and revisit.headers["warc-refers-to-date"] == first.fetched_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_request_records_hold_what_was_sent(session: Start, site: str) -> None:
    """The request record shows the request line and headers as sent."""
    one = session()
    one.get(f"{site}/post/1?a=b")
    one.__exit__(None, None, None)
    text = gzip.decompress((one.raw / one.file).read_bytes())
    assert b"GET /post/1?a=b HTTP/1.1\r\nHost: 127.0.0.1" in text and b"User-Agent: kamen_analysis" in text


def test_a_full_disk_is_one_clear_line(session: Start, site: str) -> None:
    """When nothing more can be written the run ends with one Chinese line, and what was stored before is recovered next time."""
    one = session()
    one.get(f"{site}/post/1")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (one.writer.path.stat().st_size + 5000, hard))
    try:
        with pytest.raises(KamenError, match="写不下去"):
            for number in range(2, 50):
                one.get(f"{site}/post/{number}")
        with pytest.raises(KamenError, match="写不下去"):
            one.__exit__(None, None, None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    closed, = shelf.recover(one.raw / "board")
    assert len(list(warc.read(closed, one.raw))) >= 2


def test_a_file_is_named_by_utc(session: Start, site: str, tmp_path: Path) -> None:
    """The file carries its UTC time and stands in the source's folder once closed."""
    one = session()
    one.get(f"{site}/post/1")
    stored(one)
    assert [path.name for path in (tmp_path / "raw/board").glob("*.warc.gz*")] == ["20261122T040000000000Z.warc.gz"]
