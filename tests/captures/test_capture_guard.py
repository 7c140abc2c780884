"""Answers that would harm us: too slow, too large, garbled, or leading where no one should go."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from capture_helpers import refusal, stored
from hostile_site import Site

from kamen_analysis.captures import policy
from kamen_analysis.captures.fetch import Session

Start = Callable[..., Session]


def test_no_pause_only_on_loopback() -> None:
    """A source may be slower than the default pause; only loopback may be faster."""
    assert [policy.load(contact="x", pause_s=pause).pause_s for pause in (0, 1, 5)] == [2, 2, 5]
    assert policy.load(allow_loopback=True, pause_s=0).pause_s == 0


def test_the_loopback_switch_opens_nothing_else(session: Start) -> None:
    """Without a contact the switch for tests does not reach a public address."""
    def lookup(host: str, port: int, **_: Any) -> list[Any]:
        return [(0, 0, 0, "", ("93.184.216.34", port))]

    assert refusal(session(hosts=["example.com"], lookup=lookup), "http://example.com/") == "contact"


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


def test_no_proxy_from_the_environment(session: Start, site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment would undo the address check: it is not used."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    assert session().get(f"{site}/post/1")
