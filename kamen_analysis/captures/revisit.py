"""Visit posts again that were captured before, old ones seldom, within a budget of pages; record edits and deletions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from kamen_analysis.captures.decode import BadBody
from kamen_analysis.captures.fetch import Session
from kamen_analysis.captures.members import Record, whole
from kamen_analysis.captures.page import Page
from kamen_analysis.captures.policy import REASONS, Refused, Stopped
from kamen_analysis.captures.warc import holds_page, http_parts, page

GONE = frozenset({404, 410})
FIRST = timedelta(days=1)
LAST = timedelta(days=180)


@dataclass(frozen=True)
class Seen:
    """What the captures say about one address: its last page (body left out), first and last visit, whether it is gone, validators."""

    page: Page
    first: datetime
    last: datetime
    gone: bool
    validators: dict[str, str]


@dataclass
class RevisitSummary:
    """How many addresses a round of revisits found unchanged, edited or gone; the last two are also noted in the WARC."""

    unchanged: int = 0
    edited: int = 0
    gone: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    stopped: str = ""

    def lines(self) -> Iterator[str]:
        """Yield the summary as Chinese lines for the user."""
        yield f"再访：未变 {self.unchanged} 页，有改动 {self.edited} 页，已删除 {self.gone} 页"
        yield from (f"未取 {count} 个：{REASONS[reason]}" for reason, count in self.refused.most_common())
        if self.stopped:
            yield f"提前停止：{self.stopped}"


def history(raw: Path, source: str) -> dict[str, Seen]:
    """Return what is known about every address that a source's captures hold an answer from; bodies are not kept in memory."""
    known: dict[str, Seen] = {}
    for path in sorted((raw / source).glob("*.warc.gz")):
        for record in whole(path):
            before = known.get(record.url)
            if record.type == "revisit" and before:
                known[record.url] = Seen(before.page, before.first, record.date, before.gone, before.validators)
            elif record.type == "response" and holds_page(record):
                _note(known, record, path.relative_to(raw).as_posix())
    return known


def _note(known: dict[str, Seen], record: Record, file: str) -> None:
    try:
        found = page(record, file)
    except BadBody:
        return
    if not (found.status < 300 or found.status in GONE):
        return
    _, headers, _ = http_parts(record)
    validators = {"If-None-Match": headers.get("etag", ""), "If-Modified-Since": headers.get("last-modified", "")}
    before = known.get(found.url)
    without_body = Page(found.url, found.fetched_at, found.status, found.content_type, b"", file, found.offset, found.digest)
    known[found.url] = Seen(without_body, before.first if before else found.fetched_at, found.fetched_at, found.status in GONE,
                            {name: value for name, value in validators.items() if value})


def due(known: dict[str, Seen], now: datetime, budget: int, is_open: Callable[[str], bool]) -> list[str]:
    """Return at most `budget` addresses to visit again, the most overdue first.

    An address is due when as much time has passed since the last visit as between the first and the last one, but at least a day: it
    is visited 1, 2, 4, 8 … days after the first time. It is not visited any more after half a year, once it is gone, or if
    `is_open(url)` is false.
    """
    wait = {url: max(FIRST, seen.last - seen.first) for url, seen in known.items()
            if not seen.gone and now - seen.first <= LAST and is_open(url)}
    late = {url: (now - known[url].last) / pause for url, pause in wait.items()}
    return sorted((url for url, ratio in late.items() if ratio >= 1), key=lambda url: -late[url])[:budget]


def revisit(session: Session, known: dict[str, Seen], urls: Iterable[str]) -> RevisitSummary:
    """Fetch each address again; record an unchanged page without a second copy, an edit with both digests, 404 and 410 as a tombstone."""
    done = RevisitSummary()
    for url in urls:
        try:
            _visit(session, known[url], done)
        except Refused as refused:
            done.refused[refused.reason] += 1
        except Stopped as stopped:
            done.stopped = str(stopped)
            break
    return done


def _visit(session: Session, seen: Seen, done: RevisitSummary) -> None:
    found = session.get(seen.page.url, seen.page, seen.validators)
    if found is None:
        done.unchanged += 1
        return
    facts = {"digest-before": seen.page.digest, "last-seen": seen.last.isoformat()}
    if found.status in GONE:
        done.gone += 1
        session.writer.note(found.url, {"tombstone": found.status, **facts}, found.fetched_at)
    elif found.status < 300:
        done.edited += 1
        session.writer.note(found.url, {"edited": found.digest, **facts}, found.fetched_at)
