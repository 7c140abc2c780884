"""Fetch politely into WARC: one page at a time, by the site's rules and ours, storing every answer unchanged."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from urllib.parse import urljoin, urlsplit

from kamen_analysis.captures import pace, robots, shelf
from kamen_analysis.captures.address import Lookup, normal
from kamen_analysis.captures.courier import Answer, Courier
from kamen_analysis.captures.page import Page
from kamen_analysis.captures.policy import Policy, Refused, Stopped
from kamen_analysis.captures.warc import page_of

_MOVED = frozenset({301, 302, 303, 307, 308})
# Answers that refuse us: several in a row end the run. Sina answers 456 to a blocked address.
_UNWANTED = frozenset({401, 403, 429, 451, 456})


class Session:
    """Fetches pages of one source into one WARC file; a context manager that closes the file and writes its sidecar.

    Not thread-safe. `have` holds the addresses stored so far: a redirect to one of them is not followed.
    """

    def __init__(self, policy: Policy, raw: Path, source: str, *, about: shelf.About | None = None, clock: pace.Clock | None = None,
                 lookup: Lookup = socket.getaddrinfo) -> None:
        self.policy, self.raw, self.source = policy, raw, source
        self.clock = clock or pace.WallClock()
        self.have: set[str] = set()
        self._courier = Courier(policy, self.clock, lookup)
        self._shelf = shelf.opened(raw, source, about or shelf.About(f"kamen fetch {source}"), self.clock.now)
        self._rules: dict[str, robots.Rules] = {}
        self._refusals: list[str] = []
        # Called once the file is closed: only then is a crawl complete, whatever may kill the process before.
        self.at_close: list[Callable[[], None]] = []

    def __enter__(self) -> Session:
        self.writer = self._shelf.__enter__()
        self.file = f"{self.source}/{self.writer.path.name.removesuffix('.open')}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._courier.close()
        self._shelf.__exit__(kind, error, trace)
        for action in self.at_close:
            action()

    @property
    def waited_s(self) -> float:
        """The seconds the session has slept in all."""
        return self._courier.pacer.waited_s

    def get(self, url: str, known: Page | None = None, validators: Mapping[str, str] | None = None) -> Page | None:
        """Fetch `url`, following redirects, store and return the page; return None if it is unchanged since `known`.

        It is unchanged if the server says so (304, asked with `validators`) or if its content is the same. Raises Refused for this
        address, which is also noted in the WARC, and Stopped for the whole run.
        """
        if len(self._refusals) >= self.policy.max_refusals:
            raise Stopped(f"{urlsplit(url).hostname} 连续 {len(self._refusals)} 次拒绝或无法读取（最后一次：{self._refusals[-1]}），"
                          "已停止；不会设法绕过，已取的页面都已存好")
        try:
            answer = self._follow(url, validators or {}, self._admit)
        except Refused as refused:
            self.writer.note(url, {"refused": refused.reason, "detail": refused.detail}, self.clock.now())
            if refused.reason in {"busy", "unreachable", "cut"}:
                self._refusals.append(str(refused))
            raise
        self._refusals = [*self._refusals, f"HTTP {answer.seen.status}"] if answer.seen.status in _UNWANTED else []
        self.have |= {answer.seen.url, url}
        return self._store_if_new(answer, known)

    def _store_if_new(self, answer: Answer, known: Page | None) -> Page | None:
        if known and (answer.seen.status == 304 or _is_same(answer, known)):
            self.writer.unchanged(answer.seen, known.fetched_at)
            return None
        return self._store(answer)

    def _follow(self, url: str, validators: Mapping[str, str], admit: Callable[[str], None]) -> Answer:
        """Return the last answer of a chain of redirects; store only those before it. `admit(url)` raises Refused for a forbidden hop."""
        path = [normal(url)]
        while True:
            admit(path[-1])
            answer = self._courier.ask(path[-1], self._pause_s(path[-1]), validators).asked_as(path[0] if len(path) > 1 else "")
            target = answer.header("location")
            if answer.seen.status not in _MOVED or not target:
                return answer
            self._store(answer)
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

    def _check_host(self, url: str) -> None:
        host = urlsplit(url).hostname or ""
        if not self.policy.admits(host):
            raise Refused("host", host)

    def _admit(self, url: str) -> None:
        """Raise Refused unless both the list of hosts and the site's robots.txt allow `url`."""
        self._check_host(url)
        rules = self._rules_of(_origin(url))
        if not rules.reachable:
            raise Refused("robots_unavailable", rules.why)
        if not rules.allows(url):
            raise Refused("robots")

    def _rules_of(self, origin: str) -> robots.Rules:
        if origin not in self._rules:
            try:
                page = self._store(self._follow(f"{origin}/robots.txt", {}, self._check_host))
                self._rules[origin] = robots.read(page.status, page.body)
            except Refused as refused:
                # These concern the site, not its robots.txt: every page of it is refused for the same reason.
                if refused.reason in {"address", "contact", "tls"}:
                    raise
                self._rules[origin] = robots.Rules(None, False, str(refused))
        return self._rules[origin]

    def _pause_s(self, url: str) -> float:
        rules = self._rules.get(_origin(url))
        asked = rules.delay_s() if rules else 0.0
        if asked > self.policy.max_wait_s:
            raise Stopped(f"{urlsplit(url).hostname} 的 robots.txt 要求每两页之间停 {asked:.0f} 秒，等于不愿被抓取，已停止")
        return max(self.policy.pause_s, asked)

    def _store(self, answer: Answer) -> Page:
        return page_of(answer.seen, answer.body, self.file, self.writer.exchange(answer.seen, answer.facts()))


def _is_same(answer: Answer, known: Page) -> bool:
    seen = answer.seen
    return seen.url == known.url and seen.status == known.status and hashlib.sha256(answer.body).hexdigest() == known.digest


def _origin(url: str) -> str:
    place = urlsplit(url)
    return f"{place.scheme}://{place.netloc}"
