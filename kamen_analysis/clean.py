"""Clean a raw post: return its columns of `posts`, apart from those that redaction and labelling give, and the events it proves.

Nothing is guessed: a missing value stays missing, an unreadable one becomes missing and is noted, an impossible one is a Reject.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from kamen_analysis import money, times
from kamen_analysis.captures.page import Page
from kamen_analysis.captures.withdraw import ID_PAIR, OWN_NUMBER
from kamen_analysis.plain import plain
from kamen_analysis.redact import find, redact
from kamen_analysis.sources.audit import Note, shape
from kamen_analysis.sources.base import RawPost, Reject, Source, Step, step_event

LONGEST_TITLE = 500  # characters
LONGEST_BODY = 20_000
LONGEST_NAME = 200
CAPS = {"正文": LONGEST_BODY, "标题": LONGEST_TITLE, "投诉要求": LONGEST_TITLE}  # the texts whose cutting is told
_LONGEST_IDENTIFIER = 200  # characters of a number or address that redaction finds
EARLIEST = datetime(2000, 1, 1, tzinfo=times.BEIJING)
_CLOCK_ERROR = timedelta(days=1)  # how far a site's clock may be ahead of ours

ACTORS = {
    "posted": "consumer", "assigned": "platform", "merchant_replied": "merchant", "merchant_says_resolved": "merchant",
    "consumer_confirmed": "consumer", "auto_closed": "system", "closed": "unknown", "deleted": "unknown", "withdrawn": "consumer",
}
# A status proves its event only if no step of the post already shows one of these, which are more exact.
_SAME_TURN = {
    "merchant_replied": {"merchant_replied", "merchant_says_resolved"},
    "closed": {"closed", "auto_closed", "consumer_confirmed", "withdrawn", "deleted"},
}

_ADDRESS = re.compile(r"https?://[^\s<>\"\x00-\x20]{1,500}", re.I)
_PLAIN_PATH, _LONG_NUMBER = re.compile(r"[\w/.~-]*", re.ASCII), re.compile(r"\d{15}", re.ASCII)
_NO_PATH = frozenset({"NAME", "ADDRESS", "EMAIL", "IDCARD"})


@dataclass(slots=True)
class Cleaned:
    """A cleaned post: `post` holds columns of records.TABLES["posts"], `events` rows of "events", `notes` what could not be read."""

    post: dict[str, Any]
    events: list[dict[str, Any]]
    notes: list[Note] = field(default_factory=list)


def clean(raw: RawPost, page: Page, source: Source) -> Cleaned:
    """Return one post and its events; raise Reject(reason, detail) for what cannot be a post."""
    notes: list[Note] = []
    key = "".join(plain(raw.get("id")).split())[:LONGEST_NAME]
    if not key:
        raise Reject("no_id", "没有编号")
    post_id = f"{source.KEY}:{key}"
    seen = _seen(raw, page, notes)
    title, body, appeal = plain(raw.get("title")), plain(raw.get("body")), plain(raw.get("appeal"))
    if not title and not body:
        raise Reject("no_text", "既无标题也无正文", post_id)
    posted, precision = _posted(raw, seen, notes, post_id)
    post = {
        "post_id": post_id, "source": source.KEY, "url": address(raw.get("url")),
        "capture_file": page.file, "capture_offset": page.offset, "capture_digest": page.digest,
        "posted_at": posted, "posted_precision": precision, "first_seen_at": _first_seen(raw, seen, notes),
        "last_seen_at": seen,
        "target": _capped(plain(raw.get("target")), LONGEST_NAME) or None,
        "title": _capped(title, LONGEST_TITLE), "body": _capped(body, LONGEST_BODY),
        "truncated": bool(raw.get("truncated")) or len(body) > LONGEST_BODY,
        "appeal": _capped(appeal, LONGEST_TITLE) or None,
        "amount_yuan": _amount(raw, notes, post_id), "status": _capped(plain(raw.get("status")), LONGEST_NAME) or None,
        "is_synthetic": source.SYNTHETIC or bool(raw.get("synthetic")),
    }
    given = {"正文": body, "标题": title, "投诉要求": appeal}
    notes += [("text_capped", name, "") for name, most in CAPS.items() if len(given[name]) > most]
    return Cleaned(post, _events(raw, post, source, notes), notes)


def _capped(text: str, most: int) -> str:
    # A number cut in two would not be found any more, though half of it still identifies: redact what straddles the cap first.
    return text if len(text) <= most else redact(text[: most + _LONGEST_IDENTIFIER]).text[:most]


def address(url: str | None) -> str | None:
    """Return a page's address without what could be personal (user, anchor, parts of the query); None if it may not be kept at all."""
    # Only addresses a reader can follow: not the name of a saved file, a script, or words in an address column.
    if not url or not _ADDRESS.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    path = unquote(parts.path)
    # A number in a path is mostly the page's own; but no page has a person's name, house or mailbox in its address.
    is_plain = _PLAIN_PATH.fullmatch(path) and not _LONG_NUMBER.search(path)
    if not is_plain and any(span.kind in _NO_PATH for span in find(path)):
        return None
    kept = [pair for pair in parts.query.split("&") if ID_PAIR.fullmatch(pair) or not find(f"https://a.example/?{unquote(pair)}")]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "&".join(kept), ""))


def asked_out(names: Iterable[str]) -> frozenset[str]:
    """Return the names on the opt-out list, addresses in the forms in which tables may hold them: people copy whole ones."""
    names = frozenset(names)
    return frozenset({name for name in names if "://" not in name}.union(*map(_forms, names)))


def _forms(name: str) -> set[str]:
    """Return a withdrawn address as tables may hold it; without its query only if the path has a number of its own, else it names many."""
    kept = address(name)
    if kept is None:
        return set()
    bare = kept.partition("?")[0]
    if OWN_NUMBER.search(urlsplit(bare).path.rstrip("/").rpartition("/")[2]):
        return {kept, bare}
    return set() if kept == bare and urlsplit(name).query else {kept}


def _seen(raw: RawPost, page: Page, notes: list[Note]) -> datetime:
    """Return when the page shows the post's state: by its own clock, unless that is impossible; else when it was fetched."""
    fetched = times.beijing(page.fetched_at)
    written = raw.get("seen_at")
    if not written:
        return fetched
    moment = _read(written, "seen_at", notes)
    return moment[0] if moment and EARLIEST <= moment[0] <= fetched + _CLOCK_ERROR else fetched


def _first_seen(raw: RawPost, seen: datetime, notes: list[Note]) -> datetime:
    written = raw.get("first_seen")
    moment = _read(written, "first_seen", notes) if written else None
    return moment[0] if moment and EARLIEST <= moment[0] <= seen else seen


def _read(written: str, name: str, notes: list[Note]) -> tuple[datetime, str] | None:
    try:
        return times.instant(written)
    except ValueError:
        notes.append(("unreadable_time", name, shape(written)))
        return None


def _posted(raw: RawPost, seen: datetime, notes: list[Note], post_id: str) -> tuple[datetime | None, str | None]:
    written = (raw.get("posted") or "").strip()
    read = _read(written, "posted", notes) if written else None
    if read is None:
        return None, None
    if read[0] > seen + _CLOCK_ERROR:
        raise Reject("posted_in_future", f"发布时间在抓取时间之后：{read[0]:%Y-%m-%d}", post_id)
    if read[0] < EARLIEST:
        raise Reject("posted_too_early", f"发布时间早于 2000 年：{read[0].year}", post_id)
    return read


def _amount(raw: RawPost, notes: list[Note], post_id: str) -> float | None:
    written = raw.get("amount")
    if written is None:
        return None
    try:
        amount = money.yuan(written)
    except ValueError:
        notes.append(("unreadable_amount", "amount", shape(written)))
        return None
    if amount is not None and amount < 0:
        raise Reject("negative_amount", "涉诉金额为负", post_id)
    return amount


def _events(raw: RawPost, post: dict[str, Any], source: Source, notes: list[Note]) -> list[dict[str, Any]]:
    events = [_event(post, "posted", "consumer", at=post["posted_at"])] if post["posted_at"] else []
    for step in reversed(raw.get("steps") or ()):
        kind = step_event(source, step)[1]
        if kind and (kind != "posted" or not events):
            events.append(_event_of_step(step, kind, post, notes))
    proved = raw.get("proved") or source.STATUS.get(post["status"] or "")
    if proved and not {event["kind"] for event in events} & _SAME_TURN.get(proved, {proved}):
        events.append(_event(post, proved, ACTORS[proved], seen_by=post["last_seen_at"]))
    return events if len(events) < 2 else sorted(events, key=lambda event: event["at"] or event["seen_by"])


def _event_of_step(step: Step, kind: str, post: dict[str, Any], notes: list[Note]) -> dict[str, Any]:
    read = _read(step.get("at") or "", "step", notes)
    if read and EARLIEST <= read[0] <= post["last_seen_at"] + _CLOCK_ERROR:
        return _event(post, kind, ACTORS[kind], at=read[0])
    if read:
        notes.append(("impossible_time", "step", ""))
    return _event(post, kind, ACTORS[kind], seen_by=post["last_seen_at"])


def _event(post: dict[str, Any], kind: str, actor: str, *, at: datetime | None = None, seen_by: datetime | None = None) -> dict[str, Any]:
    return {"post_id": post["post_id"], "kind": kind, "at": at, "seen_by": seen_by, "actor": actor}
