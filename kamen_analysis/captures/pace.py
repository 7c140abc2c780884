"""Decide when the next request may be sent: a pause for each host, back-off when a site is busy, and the site's own Retry-After."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol


class Clock(Protocol):
    """The clock of a session; tests use one that does not wait."""

    def now(self) -> datetime:
        """Return the present, UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class WallClock:
    """The real time."""

    def now(self) -> datetime:
        """Return the present, UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class Pacer:
    """Waits between the requests to each host; `waited_s` is how many seconds it has slept in all."""

    def __init__(self, clock: Clock, jitter: float) -> None:
        self.clock, self.jitter = clock, jitter
        self.waited_s = 0.0
        self._last: dict[str, datetime] = {}
        self._not_before: dict[str, datetime] = {}
        self._random = random.Random()

    def before(self, host: str, pause_s: float) -> None:
        """Sleep until `pause_s` (plus a random share of it, up to the jitter) after the last request to `host`, and until its hold ends."""
        waits = [(self._not_before[host] - self.clock.now()).total_seconds()] if host in self._not_before else []
        if pause_s and host in self._last:
            wanted = pause_s * (1 + self.jitter * self._random.random())
            waits.append(wanted - (self.clock.now() - self._last[host]).total_seconds())
        self._sleep(max(waits, default=0))

    def hold(self, host: str, seconds: float) -> None:
        """Let no request go to `host` in the next `seconds`."""
        self._not_before[host] = self.clock.now() + timedelta(seconds=seconds)

    def after(self, host: str) -> None:
        """Remember that a request to `host` has just ended."""
        self._last[host] = self.clock.now()

    def backoff(self, attempt: int, first_s: float, cap_s: float) -> float:
        """Return the seconds to wait after failed attempt `attempt` (from 0): doubled each time, capped, randomly reduced by up to half."""
        return min(cap_s, first_s * 2.0 ** attempt) * (0.5 + 0.5 * self._random.random())

    def _sleep(self, seconds: float) -> None:
        if seconds > 0:
            self.clock.sleep(seconds)
            self.waited_s += seconds


def retry_after(value: str, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header, in either of its forms (RFC 9110), asks for; None if it cannot be read."""
    if value.strip().isascii() and value.strip().isdigit():
        return float(value)
    try:
        at = parsedate_to_datetime(value)
        return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())
    except (ValueError, OverflowError):
        return None
