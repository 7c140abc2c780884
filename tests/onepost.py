"""One post cleaned by itself: its row of `posts`, the rows of its events, and what was noted."""

from __future__ import annotations

from typing import Any, NamedTuple

from kamen_analysis import clean, records
from kamen_analysis.captures.page import Page
from kamen_analysis.sources import base
from kamen_analysis.sources.audit import Note


class Cleaned(NamedTuple):
    """A cleaned post."""

    post: dict[str, Any]
    events: list[dict[str, Any]]
    notes: list[Note]


def cleaned(raw: base.RawPost, page: Page, source: base.Source) -> Cleaned:
    """Return a post, its events in the order of time; raise Reject for what cannot be a post."""
    found = clean.clean([raw], [page], source)
    if found.rejected:
        raise found.rejected[0][1]
    post = records.typed("posts", found.posts).to_pylist()[0]
    events = records.typed("events", found.events).to_pylist()
    rows = [{"post_id": post["post_id"], **event} for event in sorted(events, key=lambda event: event["at"] or event["seen_by"])]
    return Cleaned(post, rows, found.notes)
