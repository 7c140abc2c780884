"""`kamen fetch`: fetch a source's public pages politely and store them in data/raw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from kamen_analysis import sources
from kamen_analysis.captures import policy, revisit, shelf
from kamen_analysis.captures.crawl import CrawlSummary, crawl
from kamen_analysis.captures.fetch import Session
from kamen_analysis.captures.page import Page
from kamen_analysis.captures.revisit import RevisitSummary
from kamen_analysis.data import read_table
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home
from kamen_analysis.sources.base import Source, Unreadable

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Asked:
    """What the user asked for: the source's key, start addresses (default: the source's own), page budget, contact for the User-Agent."""

    source: str
    urls: tuple[str, ...] = ()
    max_pages: int = 200
    contact: str = ""
    allow_loopback: bool = False
    pause_s: float | None = None


def _source(key: str) -> Source:
    source = sources.registry().get(key)
    if source is None:
        raise KamenError(f"没有来源 {key}；可选：{'、'.join(sources.registry())}")
    return source


def _session(where: Home, source: Source, asked: Asked, urls: list[str], verb: str) -> Session:
    local = tuple({urlsplit(url).hostname or "" for url in urls}) if asked.allow_loopback else ()
    changes = {"contact": asked.contact} if asked.contact else {}
    pause = source.PAUSE_S if asked.pause_s is None else asked.pause_s
    rules = policy.load(hosts=(*source.HOSTS, *local), allow_loopback=asked.allow_loopback, pause_s=pause, **changes)
    return Session(rules, where.raw, asked.source, about=shelf.About(f"kamen fetch {asked.source} {verb}", terms=source.TERMS))


def fetch(where: Home, asked: Asked, progress: Progress) -> CrawlSummary:
    """Fetch and store pages; if the site refuses, the run ends and keeps the pages it has."""
    source = _source(asked.source)
    start = list(asked.urls) or list(source.pages())
    if not start:
        raise KamenError(f"{source.NAME_ZH} 不能自动抓取：请用自己的浏览器存档或导出，再 kamen import {asked.source} FILE…")
    done = 0

    def count(_page: object) -> None:
        nonlocal done
        done += 1
        progress("抓取", done, 0)

    with _session(where, source, asked, start, " ".join(start)) as session:
        return crawl(session, start, lambda page: _links(source, page), asked.max_pages, on_page=count)


def _links(source: Source, page: Page) -> list[str]:
    try:
        return list(source.links(page))
    except Unreadable:
        # A login or error page leads nowhere; it is stored, and the build counts it as unreadable with its reason.
        return []


# After one of these events a post is not expected to change any more.
_ENDED = frozenset({"consumer_confirmed", "auto_closed", "closed", "withdrawn", "deleted"})


def look_again(where: Home, asked: Asked) -> RevisitSummary:
    """Re-fetch posts that were still open when last seen, the most overdue first, within the page budget."""
    source = _source(asked.source)
    posts, events = (read_table(where.processed, table) for table in ("posts", "events"))
    ended = set(events.loc[events["kind"].isin(_ENDED), "post_id"])
    still_open = set(posts.loc[(posts["source"] == source.KEY) & ~posts["post_id"].isin(ended), "url"].dropna())
    known = revisit.history(where.raw, source.KEY)
    urls = revisit.due(known, datetime.now(UTC), asked.max_pages, still_open.__contains__)
    if not urls:
        return RevisitSummary()
    with _session(where, source, asked, urls, "--revisit") as session:
        return revisit.revisit(session, known, urls)
