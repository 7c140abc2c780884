"""Crawl: fetch start addresses and the addresses their pages lead to; resume an interrupted crawl.

The captures themselves are the record of progress: to resume, the crawl's WARC files are read again, their links are followed in the
same order, and only what is missing is fetched. A small state file names the crawl and its first capture.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kamen_analysis.captures import warc
from kamen_analysis.captures.address import normal
from kamen_analysis.captures.decode import BadBody
from kamen_analysis.captures.fetch import Session
from kamen_analysis.captures.members import whole
from kamen_analysis.captures.page import Page
from kamen_analysis.captures.policy import REASONS, TRANSIENT, Refused, Stopped
from kamen_analysis.paths import atomic_write

NextPages = Callable[[Page], Iterable[str]]
STATE = ".crawl"
# An older crawl starts again from the beginning: its list pages have changed since.
RESUME_DAYS = 3


@dataclass
class CrawlSummary:
    """What a crawl did: pages stored now, and before an interruption; refused by reason, with an example; why it stopped early."""

    pages: int = 0
    resumed: int = 0
    waited_s: float = 0.0
    refused: Counter[str] = field(default_factory=Counter)
    example: dict[str, str] = field(default_factory=dict)
    stopped: str = ""
    warc: Path | None = None

    def lines(self) -> Iterator[str]:
        """Yield the summary as Chinese lines for the user."""
        kept = f"（续上次，此前已有 {self.resumed} 页）" if self.resumed else ""
        yield f"取得 {self.pages} 页{kept}，等待 {self.waited_s:.0f} 秒"
        for reason, count in self.refused.most_common():
            detail = self.example.get(reason)
            yield f"未取 {count} 个：{REASONS[reason]}" + (f"，如 {detail}" if detail else "")
        if self.stopped:
            yield f"提前停止：{self.stopped}"


class _Frontier:
    """Addresses still to fetch, each once, in the order they were found."""

    def __init__(self, next_pages: NextPages) -> None:
        self.next_pages = next_pages
        self.waiting: deque[str] = deque()
        self.found: set[str] = set()
        self.done: set[str] = set()

    def add(self, urls: Iterable[str]) -> None:
        for url in map(_normal, urls):
            if url not in self.found:
                self.found.add(url)
                self.waiting.append(url)

    def finish(self, page: Page) -> None:
        """Mark a page as done and queue what it leads to; status 0 stands for an address refused for good, which leads nowhere."""
        self.done |= {page.url, page.requested or page.url}
        if page.status:
            self.add(self.next_pages(page))

    def __iter__(self) -> Iterator[str]:
        while self.waiting:
            url = self.waiting.popleft()
            if url not in self.done:
                yield url


def _normal(url: str) -> str:
    # An address that is no web address stays as it is: fetching it raises Refused, which is counted and noted.
    try:
        return normal(url)
    except Refused:
        return url


def crawl(session: Session, start_urls: Iterable[str], next_pages: NextPages, max_pages: int, *,
          on_page: Callable[[Page], None] = lambda page: None) -> CrawlSummary:
    """Fetch `start_urls` and what `next_pages` finds, at most `max_pages`, counting those of an interrupted crawl that is resumed.

    A page is passed to `next_pages` and `on_page` after it is stored. An interrupted or stopped crawl of the same start addresses is
    resumed; one that was completed starts again.
    """
    start = list(start_urls)
    frontier, summary = _Frontier(next_pages), CrawlSummary()
    frontier.add(start)
    state = session.raw / session.source / STATE
    for page in _earlier(session, _since(state, start, session)):
        frontier.finish(page)
        summary.resumed += page.status > 0
    session.have |= frontier.done
    try:
        _run(session, frontier, max_pages - summary.resumed, summary, on_page)
        session.at_close.append(lambda: state.unlink(missing_ok=True))
    except Stopped as stopped:
        summary.stopped = str(stopped)
    summary.waited_s = session.waited_s
    summary.warc = session.raw / session.file if summary.pages else None
    return summary


def _run(session: Session, frontier: _Frontier, budget: int, summary: CrawlSummary, on_page: Callable[[Page], None]) -> None:
    for url in frontier:
        if summary.pages >= budget:
            return
        try:
            page = session.get(url)
        except Refused as refused:
            summary.refused[refused.reason] += 1
            summary.example.setdefault(refused.reason, refused.detail)
            continue
        if page:
            summary.pages += 1
            frontier.finish(page)
            on_page(page)


def _since(state: Path, start: list[str], session: Session) -> str:
    """Return the name of the crawl's first capture: the interrupted crawl's if this one resumes it, else this session's."""
    now, current = session.clock.now(), Path(session.file).name
    try:
        known: dict[str, Any] = json.loads(state.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        known = {}
    if known.get("start") == start and now - datetime.fromisoformat(known["began"]) < timedelta(days=RESUME_DAYS):
        return str(known["since"])
    with atomic_write(state) as file:
        json.dump({"start": start, "since": current, "began": now.isoformat()}, file, ensure_ascii=False)
    return current


def _earlier(session: Session, since: str) -> Iterator[Page]:
    """Yield the pages that earlier runs of this crawl stored; an address refused for good comes as an empty page of status 0."""
    for path in sorted((session.raw / session.source).glob("*.warc.gz")):
        if path.name >= since:
            yield from _done_in(path, session.raw)


def _done_in(path: Path, raw: Path) -> Iterator[Page]:
    for record in whole(path):
        try:
            if record.type == "response" and warc.holds_page(record):
                page = warc.page(record, path.relative_to(raw).as_posix())
                if not 300 <= page.status < 400:
                    yield page
            elif record.type == "metadata" and record.fields().get("refused", "busy") not in TRANSIENT:
                yield Page(_normal(record.url), record.date, 0, "", b"", "", record.offset, "")
        except BadBody:
            continue
