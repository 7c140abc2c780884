"""Polite fetching into WARC: one page at a time, by the site's rules and ours, every answer stored as it came."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from urllib.parse import urljoin, urlsplit

from kamen_analysis.captures import pace, robots, shelf
from kamen_analysis.captures.address import Lookup, normal
from kamen_analysis.captures.decode import BadBody, codings, decode
from kamen_analysis.captures.page import Page
from kamen_analysis.captures.policy import Policy, Refused, Stopped
from kamen_analysis.captures.transport import Transport
from kamen_analysis.captures.warc import Exchange, page_of

_MOVED = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({429, 500, 502, 503, 504})
# Answers that mean "not you": several in a row end the run. 456 is what Sina answers to a blocked address.
_UNWANTED = frozenset({401, 403, 429, 451, 456})


class Session:
    """Fetches pages of one source into one WARC file; a context manager that closes the file with its sidecar.

    Not for several threads. `have` holds the addresses stored so far: a redirect to one of them is not followed.
    """

    def __init__(self, policy: Policy, raw: Path, source: str, *, about: shelf.About | None = None, clock: pace.Clock | None = None,
                 lookup: Lookup = socket.getaddrinfo) -> None:
        self.policy, self.raw, self.source = policy, raw, source
        self.clock = clock or pace.WallClock()
        self.pacer = pace.Pacer(self.clock, policy.jitter)
        self.have: set[str] = set()
        self._transport = Transport(policy, lookup)
        self._shelf = shelf.opened(raw, source, about or shelf.About(f"kamen fetch {source}"), self.clock.now)
        self._rules: dict[str, robots.Rules] = {}
        self._refusals = 0
        self._headers = {"User-Agent": policy.user_agent, "Accept": "*/*", "Accept-Language": "zh-CN", "Accept-Encoding": codings()}

    def __enter__(self) -> Session:
        self.writer = self._shelf.__enter__()
        self.file = f"{self.source}/{self.writer.path.name.removesuffix('.open')}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._transport.close()
        self._shelf.__exit__(kind, error, trace)

    def get(self, url: str, known: Page | None = None, validators: Mapping[str, str] | None = None) -> Page | None:
        """Fetch and store `url`, following redirects; None where the page is still as `known`,
        by the server's word (304, asked with `validators`) or by its content.

        Raises Refused for this address, Stopped for the run. What was refused is noted in the WARC.
        """
        try:
            return self._get(url, known, validators or {})
        except Refused as refused:
            self.writer.note(url, {"refused": refused.reason, "detail": refused.detail}, self.clock.now())
            if refused.reason in {"busy", "unreachable", "cut"}:
                self._count_refusal(urlsplit(url).hostname or "", str(refused))
            raise

    def _get(self, url: str, known: Page | None, validators: Mapping[str, str]) -> Page | None:
        seen = self._follow(url, validators, self._admit)
        if known and (seen.status == 304 or _is_same(seen, self._body, known)):
            self.writer.unchanged(seen, known.fetched_at)
            return None
        page = self._store(seen)
        self.have |= {seen.url, url}
        self._judge(seen)
        return page

    def _follow(self, url: str, validators: Mapping[str, str], admit: Callable[[str], None]) -> Exchange:
        """Return the last answer of a chain of redirects, not yet stored; those before it are. `admit` raises Refused for each hop."""
        path = [normal(url)]
        while True:
            admit(path[-1])
            seen = self._persist(path[-1], validators)
            seen = replace(seen, requested=path[0] if len(path) > 1 else "")
            target = _header(seen, "location")
            if seen.status not in _MOVED or not target:
                return seen
            self.writer.exchange(seen, self._facts)
            path, validators = self._next_hop(path, target), {}

    def _next_hop(self, path: list[str], target: str) -> list[str]:
        url = normal(urljoin(path[-1], target))
        if url in path:
            raise Refused("loop")
        if len(path) > self.policy.max_redirects:
            raise Refused("redirects")
        if url in self.have:
            raise Refused("already")
        return [*path, url]

    def _on_list(self, url: str) -> None:
        host = urlsplit(url).hostname or ""
        if not self.policy.admits(host):
            raise Refused("host", host)

    def _admit(self, url: str) -> None:
        self._on_list(url)
        rules = self._rules_of(_origin(url))
        if not rules.reachable:
            raise Refused("robots_unavailable", rules.why)
        if not rules.allows(url):
            raise Refused("robots")

    def _rules_of(self, origin: str) -> robots.Rules:
        if origin not in self._rules:
            try:
                page = self._store(self._follow(f"{origin}/robots.txt", {}, self._on_list))
                self._rules[origin] = robots.read(page.status, page.body)
            except Refused as refused:
                # An address we may not ask at all, or a certificate that fails, is told as such for every page.
                if refused.reason in {"address", "contact", "tls"}:
                    raise
                self._rules[origin] = robots.Rules(None, False, str(refused))
        return self._rules[origin]

    def _pause_s(self, url: str) -> float:
        rules = self._rules.get(_origin(url))
        return max(self.policy.pause_s, rules.delay_s() if rules else 0.0)

    def _persist(self, url: str, validators: Mapping[str, str]) -> Exchange:
        """Return an answer that is neither busy nor broken, after at most `attempts` tries."""
        host, policy = urlsplit(url).netloc, self.policy
        for attempt in range(policy.attempts):
            self.pacer.before(host, self._pause_s(url))
            wait = self.pacer.backoff(attempt, policy.backoff_s, policy.backoff_cap_s)
            try:
                seen = self._transport.send(url, self._headers | dict(validators))
                if seen.status not in _BUSY:
                    self._check(seen)
                    self._facts = {"attempts": attempt + 1, "fetchTimeMs": seen.took_ms}
                    return seen
                failed, wait = Refused("busy", f"HTTP {seen.status}"), self._asked_wait(seen, wait)
            except Refused as refused:
                if refused.reason not in {"cut", "unreachable"}:
                    raise
                failed = refused
            finally:
                self.pacer.after(host)
            if attempt + 1 < policy.attempts:
                self.pacer.sleep(wait)
        raise failed

    def _asked_wait(self, seen: Exchange, backoff: float) -> float:
        asked = pace.retry_after(_header(seen, "retry-after"), self.clock.now())
        if asked is not None and asked > self.policy.max_wait_s:
            host = urlsplit(seen.url).hostname
            raise Stopped(f"{host} 要求等待 {asked:.0f} 秒（HTTP {seen.status}），已停止；请到时再运行，会从断点继续")
        return backoff if asked is None else asked

    def _check(self, seen: Exchange) -> None:
        """Decode the body once for its caps, before anything is stored."""
        try:
            self._body = decode(seen.body, _header(seen, "content-encoding"), self.policy.decoded_bytes)
        except BadBody as bad:
            raise Refused({"too_large": "decoded_size", "cut_short": "cut"}.get(bad.reason, "coding")) from None

    def _store(self, seen: Exchange) -> Page:
        return page_of(seen, self._body, self.file, self.writer.exchange(seen, self._facts))

    def _judge(self, seen: Exchange) -> None:
        if seen.status in _UNWANTED:
            self._count_refusal(urlsplit(seen.url).hostname or "", f"HTTP {seen.status}")
        else:
            self._refusals = 0

    def _count_refusal(self, host: str, why: str) -> None:
        self._refusals += 1
        if self._refusals >= self.policy.max_refusals:
            raise Stopped(f"{host} 连续 {self._refusals} 次拒绝或无法读取（最后一次：{why}），已停止；不会设法绕过，已取的页面都已存好")


def _header(seen: Exchange, name: str) -> str:
    return next((value for key, value in seen.headers if key.lower() == name), "")


def _is_same(seen: Exchange, body: bytes, known: Page) -> bool:
    return seen.url == known.url and seen.status == known.status and hashlib.sha256(body).hexdigest() == known.digest


def _origin(url: str) -> str:
    place = urlsplit(url)
    return f"{place.scheme}://{place.netloc}"
