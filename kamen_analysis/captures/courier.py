"""Request one address politely: wait before it, and try again, with growing waits, when the site is busy or the connection breaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from kamen_analysis.captures import pace
from kamen_analysis.captures.address import Lookup
from kamen_analysis.captures.decode import BadBody, codings, decode
from kamen_analysis.captures.policy import Policy, Refused, Stopped
from kamen_analysis.captures.transport import Transport
from kamen_analysis.captures.warc import Exchange

_BUSY = frozenset({429, 500, 502, 503, 504})
_BROKEN = frozenset({"cut", "unreachable"})


@dataclass(frozen=True)
class Answer:
    """A completed exchange (`seen`), its decoded body, and the number of attempts it took."""

    seen: Exchange
    body: bytes
    attempts: int

    def header(self, name: str) -> str:
        """Return a header of the answer (`name` in lower case), "" if it is absent."""
        return header(self.seen, name)

    def facts(self) -> dict[str, Any]:
        """Return the content of the metadata record that is stored with the answer."""
        return {"attempts": self.attempts, "fetchTimeMs": self.seen.took_ms}

    def asked_as(self, url: str) -> Answer:
        """Return the answer marked as the target of a redirect from `url`."""
        return replace(self, seen=replace(self.seen, requested=url))


def header(seen: Exchange, name: str) -> str:
    """Return a header of an exchange's answer (`name` in lower case), "" if it is absent."""
    return next((value for key, value in seen.headers if key.lower() == name), "")


class Courier:
    """Sends requests with pauses and retries. It does not handle robots.txt, redirects or storage; `pacer` decides the waits."""

    def __init__(self, policy: Policy, clock: pace.Clock, lookup: Lookup) -> None:
        self.policy, self.clock = policy, clock
        self.pacer = pace.Pacer(clock, policy.jitter)
        self._transport = Transport(policy, lookup)
        self._headers = {"User-Agent": policy.user_agent, "Accept": "*/*", "Accept-Language": "zh-CN", "Accept-Encoding": codings()}

    def ask(self, url: str, pause_s: float, validators: Mapping[str, str]) -> Answer:
        """Return an answer that is neither busy nor broken, after at most `policy.attempts` tries; raise Refused or Stopped.

        The wait a busy site asks for holds for the next request to it, even one for another page.
        """
        host, policy = urlsplit(url).netloc, self.policy
        failed = Refused("busy")
        for attempt in range(policy.attempts):
            self.pacer.before(host, pause_s)
            wait = self.pacer.backoff(attempt, policy.backoff_s, policy.backoff_cap_s)
            try:
                seen = self._transport.send(url, self._headers | dict(validators))
                if seen.status not in _BUSY:
                    return Answer(seen, self._decoded(seen), attempt + 1)
                failed, wait = Refused("busy", f"HTTP {seen.status}"), self._asked_wait(seen, wait)
            except Refused as refused:
                if refused.reason not in _BROKEN:
                    raise
                failed = refused
            finally:
                self.pacer.after(host)
            self.pacer.hold(host, wait)
        raise failed

    def _asked_wait(self, seen: Exchange, backoff: float) -> float:
        """Return the wait the site's Retry-After asks for, else `backoff`; raise Stopped if it is longer than the policy allows."""
        asked = pace.retry_after(header(seen, "retry-after"), self.clock.now())
        if asked is not None and asked > self.policy.max_wait_s:
            host = urlsplit(seen.url).hostname
            raise Stopped(f"{host} 要求等待 {asked:.0f} 秒（HTTP {seen.status}），已停止；请到时再运行，会从断点继续")
        return backoff if asked is None else asked

    def _decoded(self, seen: Exchange) -> bytes:
        """Return the decoded body; raise Refused if it is too large, cut short or damaged, so that it is not stored."""
        try:
            return decode(seen.body, header(seen, "content-encoding"), self.policy.decoded_bytes)
        except BadBody as bad:
            raise Refused({"too_large": "decoded_size", "cut_short": "cut"}.get(bad.reason, "coding")) from None

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()
