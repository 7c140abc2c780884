"""What every source shares: the raw post, what a source states, the ways a page can fail, and the reading of one page.

A source is a module in this folder; being there registers it. It says who the site is and how its pages read; it never
touches the network and never repairs a value: a raw post holds strings exactly as the page has them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass, replace
from typing import Protocol, TypedDict
from urllib.parse import urlsplit

from kamen_analysis.captures.page import Page
from kamen_analysis.sources.audit import Note, Warnings, shape, told
from kamen_analysis.sources.columns import Mapping


class Step(TypedDict, total=False):
    """One line of a post's history as the page has it."""

    who: str
    what: str
    at: str
    text: str


class RawPost(TypedDict, total=False):
    """One post as the page has it; a missing key or None is a missing value.

    `seen_at`: when the page says it was answered; `first_seen`: since when the site shows the post; `proved`:
    the event that a user's mapping says this status proves.
    """

    id: str | None
    url: str | None
    title: str | None
    body: str | None
    target: str | None
    appeal: str | None
    amount: str | None
    posted: str | None
    status: str | None
    truncated: bool
    synthetic: bool
    steps: list[Step]
    rating: dict[str, str]
    issue: str | None
    seen_at: str | None
    first_seen: str | None
    proved: str
    notes: list[Note]


class Unreadable(Exception):  # noqa: N818 (a verdict on a page, not a fault of the program)
    """A page that holds no post that can be read: login_required, blocked, no_such_page, changed_layout, damaged…"""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


class Reject(Exception):  # noqa: N818
    """One record that cannot become a post; `detail` never holds the value itself."""

    def __init__(self, reason: str, detail: str = "", post_id: str | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail, self.post_id = reason, detail, post_id


class Source(Protocol):
    """What a module in this folder states.

    EXPECT: the posts one run (one capture file) holds at least and at most. FILL: column of `posts` → the share of a run's posts
    that have it at least; a run below either is withheld by the build and shown as a dated gap.
    FIELDS: field of the site → key of RawPost; IGNORED: fields left out on purpose. STATUS: status as written → the event it
    proves, or None. STEPS: regular expression at the start of a step → its event, or None; the first that fits counts.
    SITE: who speaks for the site itself, as a regular expression: only then is a step's text read as the site's word.
    """

    KEY: str
    NAME_ZH: str
    HOME: str
    TERMS: str
    HOSTS: tuple[str, ...]
    PAUSE_S: float
    EXPECT: tuple[int, int]
    FILL: dict[str, float]
    SYNTHETIC: bool
    FIELDS: Dict[str, str]
    IGNORED: Collection[str]
    STATUS: Dict[str, str | None]
    STEPS: Dict[str, str | None]
    SITE: str

    pages: Callable[..., Iterable[str]]
    """pages(base): the addresses a fetch begins with."""
    links: Callable[[Page], list[str]]
    """links(page): the absolute addresses a list page leads to, posts first, the next list page last."""
    parse: Callable[..., Iterator[RawPost | Reject]]
    """parse(page): the posts of a page in its order, a Reject for each record that is none; raises Unreadable for the page."""


@dataclass(frozen=True)
class PageResult:
    """What one page gave: posts, (reason, detail) of each record it did not give, and what the source did not know.

    `unreadable`: (reason, detail) where the page as a whole gave nothing.
    """

    posts: list[RawPost]
    rejected: list[tuple[str, str]]
    warnings: Warnings
    unreadable: tuple[str, str] | None = None


def read_page(source: Source, page: Page, mapping: Mapping | None = None) -> PageResult:
    """Return the posts of a page; whatever goes wrong is a row in `rejected`, never silence and never a crash.

    `mapping`: the columns as the user named them, for sources that read tables (see `columns.of_page`).
    """
    result = PageResult([], [], Warnings())
    try:
        check_status(page)
        _check_host(source, page)
        for item in source.parse(page, mapping) if mapping else source.parse(page):
            if isinstance(item, Reject):
                result.rejected.append((item.reason, item.detail))
            else:
                result.posts.append(item)
                if notes := [*item.get("notes", ()), *_unknown(source, item)]:
                    result.warnings.add(notes)
    except Unreadable as error:
        return _broken_off(result, error.reason, error.detail)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        # A parser met a form it was not written for: the page is named and counted, the others are still read.
        return _broken_off(result, "parser_failed", type(error).__name__)
    return result


def _broken_off(result: PageResult, reason: str, detail: str) -> PageResult:
    # A page that broke off after some posts is one lost record; one that gave nothing is a lost page.
    if result.posts or result.rejected:
        result.rejected.append((reason, detail))
        return result
    return replace(result, unreadable=(reason, detail))


def _unknown(source: Source, raw: RawPost) -> list[Note]:
    status = (raw.get("status") or "").strip()
    is_unknown = status and status not in source.STATUS and "proved" not in raw
    return [*([("unknown_status", told(status, 12), "")] if is_unknown else ()),
            *(("unknown_step", told((step.get("what") or "").strip(), 12), shape(step.get("text", "")))
              for step in raw.get("steps", ()) if not step_event(source, step)[0])]


def step_event(source: Source, step: Step) -> tuple[bool, str | None]:
    """Return (whether the source knows this step, the event it is or None)."""
    said = [step.get("what") or ""]
    if re.match(source.SITE, step.get("who") or ""):
        said.append(step.get("text") or "")
    for pattern, kind in source.STEPS.items():
        if any(re.match(pattern, text.strip()) for text in said):
            return True, kind
    return False, None


_LOOPBACK = ("127.0.0.1", "localhost")  # tests and rehearsals serve copies there
_REFUSALS = {401: "login_required", 403: "blocked", 404: "no_such_page", 410: "gone", 418: "blocked", 429: "blocked", 456: "blocked"}


def _check_host(source: Source, page: Page) -> None:
    # A browser's archive also holds what a page loaded from elsewhere: counters, advertisements.
    host = urlsplit(page.url).hostname or ""
    if host and source.HOSTS and not any(host == own or host.endswith(f".{own}") for own in (*source.HOSTS, *_LOOPBACK)):
        raise Unreadable("other_site", host)


def check_status(page: Page) -> None:
    """Raise Unreadable where the HTTP status says that the page is not what was asked for."""
    if page.status in _REFUSALS:
        raise Unreadable(_REFUSALS[page.status], f"HTTP {page.status}")
    if not 200 <= page.status < 300:
        raise Unreadable("redirected" if 300 <= page.status < 400 else "server_error", f"HTTP {page.status}")
