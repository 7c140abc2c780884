"""What all sources share: the raw post, the interface of a source, the exceptions for pages and records, and reading one page.

A source is a module in this folder; being there registers it. It describes a site and parses its pages; it never uses the network and
never repairs a value: a raw post holds strings exactly as the page has them.
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
    """One step of a post's history as the page has it."""

    who: str
    what: str
    at: str
    text: str


class RawPost(TypedDict, total=False):
    """One post as the page has it; a missing key or None is a missing value.

    `seen_at`: when the page was sent, by its own clock; `first_seen`: since when the site has shown the post; `proved`: the event that
    the status proves according to the mapping.
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
    """A page from which no post can be read; `reason`: login_required, blocked, no_such_page, changed_layout, damaged…"""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


class Reject(Exception):  # noqa: N818
    """One record that cannot become a post; `detail` never holds the value itself."""

    def __init__(self, reason: str, detail: str = "", post_id: str | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail, self.post_id = reason, detail, post_id


class Source(Protocol):
    """The interface of a source module.

    EXPECT: least and greatest number of posts in one run (one capture file). FILL: column of `posts` → least share of a run's posts
    that have it. The build withholds a run that is below either and reports it as a gap.
    FIELDS: field of the site → key of RawPost; IGNORED: fields left out on purpose. STATUS: status as written → the event it proves, or
    None. STEPS: regular expression that the beginning of a step matches → its event, or None; the first match counts. SITE: regular
    expression for those who speak for the site itself: only of their steps is the text matched too.
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
    """pages(base): the addresses a fetch starts from."""
    links: Callable[[Page], list[str]]
    """links(page): the absolute addresses a list page leads to, posts first, the next list page last."""
    parse: Callable[..., Iterator[RawPost | Reject]]
    """parse(page): the posts of a page in order, a Reject for each record that is no post; raises Unreadable for the whole page."""


@dataclass(frozen=True)
class PageResult:
    """The result of reading one page: posts, (reason, detail) of each rejected record, and what the source did not know.

    `unreadable`: (reason, detail) if the page as a whole could not be read.
    """

    posts: list[RawPost]
    rejected: list[tuple[str, str]]
    warnings: Warnings
    unreadable: tuple[str, str] | None = None


def read_page(source: Source, page: Page, mapping: Mapping | None = None) -> PageResult:
    """Return the posts of a page; whatever goes wrong becomes part of the result, and raises nothing.

    `mapping`: the user's names of columns, for sources that read tables (see `columns.of_page`).
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
        return _failed(result, error.reason, error.detail)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        # A form the parser was not written for costs this page only, and is counted.
        return _failed(result, "parser_failed", type(error).__name__)
    return result


def _failed(result: PageResult, reason: str, detail: str) -> PageResult:
    # An error after the first records counts as one lost record; before, as a lost page.
    if result.posts or result.rejected:
        result.rejected.append((reason, detail))
        return result
    return replace(result, unreadable=(reason, detail))


def _unknown(source: Source, raw: RawPost) -> list[Note]:
    """Return a note for a status and for each step that the source does not know."""
    status = (raw.get("status") or "").strip()
    is_unknown = status and status not in source.STATUS and "proved" not in raw
    return [*([("unknown_status", told(status, 12), "")] if is_unknown else ()),
            *(("unknown_step", told((step.get("what") or "").strip(), 12), shape(step.get("text", "")))
              for step in raw.get("steps", ()) if not step_event(source, step)[0])]


def step_event(source: Source, step: Step) -> tuple[bool, str | None]:
    """Return (whether the source knows this step, its event or None)."""
    texts = [step.get("what") or ""]
    if re.match(source.SITE, step.get("who") or ""):
        texts.append(step.get("text") or "")
    for pattern, kind in source.STEPS.items():
        if any(re.match(pattern, text.strip()) for text in texts):
            return True, kind
    return False, None


_LOOPBACK = ("127.0.0.1", "localhost")  # tests and rehearsals serve copies there
_REFUSALS = {401: "login_required", 403: "blocked", 404: "no_such_page", 410: "gone", 418: "blocked", 429: "blocked", 456: "blocked"}


def _check_host(source: Source, page: Page) -> None:
    # A browser's archive also holds what a page loaded from other hosts: counters, advertisements.
    host = urlsplit(page.url).hostname or ""
    if host and source.HOSTS and not any(host == own or host.endswith(f".{own}") for own in (*source.HOSTS, *_LOOPBACK)):
        raise Unreadable("other_site", host)


def check_status(page: Page) -> None:
    """Raise Unreadable if the HTTP status says that the page is not what was asked for."""
    if page.status in _REFUSALS:
        raise Unreadable(_REFUSALS[page.status], f"HTTP {page.status}")
    if not 200 <= page.status < 300:
        raise Unreadable("redirected" if 300 <= page.status < 400 else "server_error", f"HTTP {page.status}")
