"""Clean raw posts, a column at a time: return the columns of `posts` that labelling does not give, and the events the posts prove.

Nothing is guessed: a missing value stays missing, an unreadable one becomes missing and is noted, an impossible one rejects its post.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any, cast
from urllib.parse import unquote, urlsplit, urlunsplit

import numpy as np

from kamen_analysis import money, times
from kamen_analysis.captures.page import Page
from kamen_analysis.captures.withdraw import ID_PAIR, OWN_NUMBER
from kamen_analysis.plain import plain
from kamen_analysis.redact import find
from kamen_analysis.redact.engine import replaced
from kamen_analysis.sources.audit import Note, shape
from kamen_analysis.sources.base import RawPost, Reject, Source
from kamen_analysis.sources.events import events
from kamen_analysis.times import CLOCK_ERROR, EARLIEST, Instants

LONGEST_TITLE = 500  # characters
LONGEST_BODY = 20_000
LONGEST_NAME = 200
CAPS = {"正文": LONGEST_BODY, "标题": LONGEST_TITLE, "投诉要求": LONGEST_TITLE}  # the texts whose cutting is told
_LONGEST_IDENTIFIER = 200  # characters of a number or address that redaction finds
_LONGEST_PLACEHOLDER = 8

_ADDRESS = re.compile(r"https?://[^\s<>\"\x00-\x20]{1,500}", re.I)
_PLAIN_PATH, _LONG_NUMBER = re.compile(r"[\w/.~-]*", re.ASCII), re.compile(r"\d{15}", re.ASCII)
_NO_PATH = frozenset({"NAME", "ADDRESS", "EMAIL", "IDCARD"})

Columns = dict[str, Any]
"""Name → the values of all rows: a list, or instants."""
_Given = Sequence[dict[str, Any]]


@dataclass
class Cleaned:
    """Cleaned posts: `posts` are columns of records.TABLES["posts"], `events` of "events", the post's number `row` in place of its id.

    rejected: the page of each post that is left out, and why. notes: what could not be read.
    """

    posts: Columns
    events: Columns
    rejected: list[tuple[Page, Reject]]
    notes: list[Note]


@dataclass
class _Said:
    """What is said of posts by their number: notes, and why one is no post, of which the first reason counts."""

    notes: list[tuple[int, Note]] = field(default_factory=list)
    refused: dict[int, Reject] = field(default_factory=dict)

    def refuse(self, row: int, reason: str, detail: str, post_id: str | None = None) -> None:
        self.refused.setdefault(row, Reject(reason, detail, post_id))


def clean(raws: Sequence[RawPost], pages: Sequence[Page], source: Source) -> Cleaned:
    """Return raw posts, each from the page at its place, as columns; what cannot be a post is left out."""
    given, said = cast(_Given, raws), _Said()
    posts = {"source": [source.KEY] * len(raws), "url": [address(raw.get("url")) for raw in given],
             "capture_file": [page.file for page in pages], "capture_offset": [page.offset for page in pages],
             "capture_digest": [page.digest for page in pages], "target": _names(given, "target"), "status": _names(given, "status"),
             "is_synthetic": [source.SYNTHETIC or bool(raw.get("synthetic")) for raw in given],
             **_texts(given, source, said)}
    posts |= _times(given, pages, posts["post_id"], said)
    posts["amount_yuan"] = _amounts(given, posts["post_id"], said)
    if said.refused:
        kept = np.array([row not in said.refused for row in range(len(raws))], np.bool_)
        raws = list(compress(raws, kept))
        posts = {name: column[kept] if isinstance(column, np.ndarray) else list(compress(column, kept)) for name, column in posts.items()}
    notes = [note for row, note in said.notes if row not in said.refused]
    happened = events(raws, posts["status"], posts["posted_at"], posts["last_seen_at"], source, notes)
    return Cleaned(posts, happened, [(pages[row], said.refused[row]) for row in sorted(said.refused)], notes)


def _names(given: _Given, key: str) -> list[str | None]:
    """Return a column of short texts; few of them are different."""
    known = {written: _capped(plain(written), LONGEST_NAME) or None for written in {raw.get(key) for raw in given}}
    return [known[raw.get(key)] for raw in given]


def _texts(given: _Given, source: Source, said: _Said) -> Columns:
    """Return the columns of identifiers and long texts; posts without either are refused."""
    keys = ["".join(plain(raw.get("id")).split())[:LONGEST_NAME] for raw in given]
    ids = [f"{source.KEY}:{key}" for key in keys]
    title, body, appeal = ([plain(raw.get(name)) for raw in given] for name in ("title", "body", "appeal"))
    for row, (key, one, other) in enumerate(zip(keys, title, body, strict=True)):
        if not key:
            said.refuse(row, "no_id", "没有编号")
        elif not one and not other:
            said.refuse(row, "no_text", "既无标题也无正文", ids[row])
    truncated = [bool(raw.get("truncated")) for raw in given]
    for column, name in ((body, "正文"), (title, "标题"), (appeal, "投诉要求")):
        for row in [row for row, text in enumerate(column) if len(text) > CAPS[name]]:
            column[row] = _capped(column[row], CAPS[name])
            truncated[row] |= column is body
            said.notes.append((row, ("text_capped", name, "")))
    return {"post_id": ids, "title": title, "body": body, "appeal": [text or None for text in appeal], "truncated": truncated}


def _times(given: _Given, pages: Sequence[Page], ids: Sequence[str], said: _Said) -> Columns:
    """Return the columns of times: when a page shows a post's state by its own clock, unless that is impossible; else by when fetched."""
    fetched = times.column([page.fetched_at for page in pages])
    shown, _ = _moments([raw.get("seen_at") for raw in given], "seen_at", said)
    seen: Instants = np.where(times.between(shown, fetched + CLOCK_ERROR), shown, fetched)
    first, _ = _moments([raw.get("first_seen") for raw in given], "first_seen", said)
    written = [(raw.get("posted") or "").strip() for raw in given]
    posted, precisions = _moments(written, "posted", said)
    for row in np.flatnonzero(~np.isnat(posted) & ~times.between(posted, seen + CLOCK_ERROR)).tolist():
        day = times.instant(written[row])[0]
        reason, detail = (("posted_too_early", f"发布时间早于 2000 年：{day.year}") if posted[row] < EARLIEST else
                          ("posted_in_future", f"发布时间在抓取时间之后：{day:%Y-%m-%d}"))
        said.refuse(row, reason, detail, ids[row])
    return {"posted_at": posted, "posted_precision": precisions, "last_seen_at": seen,
            "first_seen_at": np.where(times.between(first, seen), first, seen)}


def _moments(written: Sequence[str | None], name: str, said: _Said) -> tuple[Instants, list[str | None]]:
    moments, precisions = times.instants([text or None for text in written])
    for row in [row for row, text in enumerate(written) if text and not precisions[row]]:
        said.notes.append((row, ("unreadable_time", name, shape(written[row]))))
    return moments, precisions


def _amounts(given: _Given, ids: Sequence[str], said: _Said) -> list[float | None]:
    amounts = list[float | None]()
    for row, raw in enumerate(given):
        written, amount = raw.get("amount"), None
        try:
            amount = None if written is None else money.yuan(written)
        except ValueError:
            said.notes.append((row, ("unreadable_amount", "amount", shape(written))))
        if amount is not None and amount < 0:
            said.refuse(row, "negative_amount", "涉诉金额为负", ids[row])
        amounts.append(amount)
    return amounts


def _capped(text: str, most: int) -> str:
    # What is cut in two would not be found any more, though half of it still identifies: what begins before the cap is redacted first.
    if len(text) <= most:
        return text
    spans = [span for span in find(text[: most + _LONGEST_IDENTIFIER]) if span.start < most]
    whole = replaced(text[: max([most, *(span.end for span in spans)])], spans)
    kept = whole[:most]
    opened = kept.rfind("[", most - _LONGEST_PLACEHOLDER)
    return kept if opened < 0 or "]" in kept[opened:] else kept[:opened]


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
