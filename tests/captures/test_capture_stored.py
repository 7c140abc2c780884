"""What lies in the WARC after a fetch."""

from __future__ import annotations

import gzip
import resource
from collections.abc import Callable
from pathlib import Path

import pytest
from capture_helpers import stored

from kamen_analysis.captures import shelf, warc
from kamen_analysis.captures.fetch import Session
from kamen_analysis.captures.members import records
from kamen_analysis.errors import KamenError

Start = Callable[..., Session]


def test_a_page_is_stored_as_it_came(session: Start, site: str) -> None:
    """What get returns is what the WARC gives back: address, time, status, body, digest, place; request and metadata lie beside it."""
    one = session()
    page = one.get(f"{site}/post/7#reply")
    assert page and page.url == f"{site}/post/7" and "帖子 7" in page.text()
    assert stored(one) == [page]
    kinds = [record.type for record in records(one.raw / one.file)]
    assert kinds == ["warcinfo"] + ["response", "request", "metadata"] * 2


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


def test_a_login_page_is_stored_for_the_parser_to_judge(session: Start, site: str) -> None:
    """A login page served as 200 is an answer like others: stored, never worked around."""
    one = session()
    one.get(f"{site}/login")
    assert "请登录" in stored(one)[0].text()
