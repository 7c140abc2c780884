"""The loopback site and the clock of the captures' tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hostile_site import Site

from kamen_analysis.captures import policy
from kamen_analysis.captures.fetch import Session


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
