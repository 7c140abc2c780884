"""The loopback site and the clock of the captures' tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from capture_helpers import NUMBERS, put
from hostile_site import Site

from kamen_analysis.captures import policy
from kamen_analysis.captures.fetch import Session
from kamen_analysis.captures.importer import import_files
from kamen_analysis.paths import Home


class FakeClock:
    """A clock that does not wait: a sleep only moves it on."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        """The present."""
        return self.at

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def hostile() -> Iterator[Site]:
    """A loopback site with every bad habit, fresh for each test."""
    with Site() as site:
        yield site


@pytest.fixture
def site(hostile: Site) -> str:
    """The address of the loopback site."""
    return hostile.url


@pytest.fixture
def clock(hostile: Site) -> FakeClock:
    """A clock that does not wait, shared with the site."""
    fake = FakeClock()
    hostile.now = fake.now
    return fake


@pytest.fixture
def session(tmp_path: Path, clock: FakeClock) -> Iterator[Callable[..., Session]]:
    """Open sessions on loopback with changes to the policy; all are closed at the end."""
    opened: list[Session] = []

    def start(**changes: Any) -> Session:
        lookup = {"lookup": changes.pop("lookup")} if "lookup" in changes else {}
        settings = {"hosts": ["127.0.0.1"], "allow_loopback": True, "pause_s": 0} | changes
        opened.append(Session(policy.load(**settings), tmp_path / "raw", "board", clock=clock, **lookup).__enter__())
        return opened[-1]

    yield start
    for one in opened:
        if not one.writer.closed:
            one.__exit__(None, None, None)


@pytest.fixture
def where(tmp_path: Path) -> Home:
    """A home with two imports of one source: a list of three posts, then a page of its own for each."""
    home = Home(tmp_path)
    posts = [{"main": {"sn": sn, "url": f"//board.example/view/{sn}/"}, "text": f"甲乙丙{sn[-1]}"} for sn in NUMBERS]
    put(home, "feed.jsonp", f"try{{cb_1({json.dumps({'data': {'list': posts}})});}}catch(e){{}};")
    for sn in NUMBERS:
        put(home, f"page{sn[-1]}.html", f"<label>投诉编号</label>{sn}<p>甲乙丙{sn[-1]}</p>")
    import_files("heimao", [tmp_path / "inbox/feed.jsonp"], home)
    import_files("heimao", sorted((tmp_path / "inbox").glob("*.html")), home)
    return home


@pytest.fixture
def empty(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path)
