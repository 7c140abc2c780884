"""Withdrawal of posts: the opt-out list, which every build obeys, and the erasure of posts from the captures.

`data/raw/withdrawn.txt` holds one post id (`heimao:17351054590`), number or address a line; what follows `#` is a remark.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from kamen_analysis.captures import shelf, sidecar
from kamen_analysis.captures.cutting import without
from kamen_analysis.captures.decode import BadBody
from kamen_analysis.captures.members import Damage, Record, member, salvaged
from kamen_analysis.captures.page import Page
from kamen_analysis.captures.warc import holds_page, page
from kamen_analysis.captures.writer import body_replaced, stub
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, atomic_write, sha256

LIST = "withdrawn.txt"
Cut = Callable[[Page, str], bytes | None]
OWN_NUMBER = re.compile(r"\d{6}")
# A part of a query that may name the post. A user's (`uid=8`) does not, but says who shares it.
ID_PAIR = re.compile(r"(?:id|sn|no|[a-z]id|post_id|complaint_id|page|type)=[\w-]{1,40}", re.ASCII | re.I)


@dataclass(frozen=True)
class Erased:
    """How many records an erasure replaced by stubs, and from how many it cut only the withdrawn post.

    unread: records whose body cannot be decoded, and damaged stretches of files: it is unknown whether they hold the post.
    """

    stubs: int
    cut: int
    unread: int = 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig") if path.exists() else ""
    except UnicodeDecodeError:
        raise KamenError(f"撤回名单 {path} 须为 UTF-8 编码") from None


def listed(home: Home) -> frozenset[str]:
    """Return the opt-out list: the ids, numbers and addresses of posts that tables and reports leave out; KamenError if it is not UTF-8."""
    lines = _text(home.raw / LIST).split("\n")
    # An address may contain "#"; a remark follows after white space.
    return frozenset(line.split(" #")[0].split("\t#")[0].strip() for line in lines if line.strip() and not line.lstrip().startswith("#"))


def is_withdrawn(post_id: str, url: str | None, names: frozenset[str]) -> bool:
    """Return whether a post of the tables is on the opt-out list, by its full id, its number within the source, or its address.

    `names`: the list, its addresses in the form the tables have them (see `clean.asked_out`).
    """
    return post_id in names or post_id.partition(":")[2] in names or url in names


def withdraw(home: Home, name: str, remark: str = "") -> bool:
    """Put a post on the opt-out list; return False if it was there already. Raises KamenError if `name` cannot name one post."""
    name = name.strip()
    place = urlsplit(name)
    is_whole_site = "://" in name and not place.path.strip("/") and not place.query
    if not name or is_whole_site or any(map(str.isspace, name)):
        raise KamenError("请给出一个帖子编号（如 heimao:17351054590）或网址")
    if not _split(name)[1]:
        raise KamenError("冒号后面缺少帖子编号，应如 heimao:17351054590")
    if name in listed(home):
        return False
    path = home.raw / LIST
    before = _text(path)
    with atomic_write(path) as file:
        gap = "" if not before or before.endswith("\n") else "\n"
        note = " ".join(remark.split())  # what follows a line break in it would be taken for a name
        file.write(f"{before}{gap}{name}{f'  # {note}' if note else ''}\n")
    return True


def erase(home: Home, name: str, reason: str, *, cut: Cut = without, now: Callable[[], datetime] = shelf.utc_now) -> Erased:
    """Put a post on the opt-out list and remove it from all captures.

    A record that holds only this post is replaced by a stub; from a list or table only the post is cut (`cut(page, number)` returns the
    body without it, empty to erase the whole record, None if the post is not in it). The chain gets an `erasure` entry for each
    changed file; changed records keep the digest of what they held, so that everything else can still be verified.
    """
    withdraw(home, name, reason)
    source, number = ("", _address(name)) if "://" in name else _split(name)
    done = [0, 0, 0]
    for folder in sorted(path for path in home.raw.glob("*") if path.is_dir() and source in ("", path.name)):
        with sidecar.lock(folder):
            shelf.recover(folder)
            for path in sorted(folder.glob("*.warc.gz")):
                changes, unread = _changes(path, home.raw, number, cut)
                done[2] += unread
                if changes:
                    _rewrite(path, changes, reason, now())
                    done[0] += sum(record.type == "metadata" for record in changes.values())
                    done[1] += sum(record.type != "metadata" for record in changes.values())
    return Erased(*done)


def _split(name: str) -> tuple[str, str]:
    source, mark, number = name.partition(":")
    return (source, number) if mark else ("", name)


def _address(name: str) -> str:
    """Return an address as captures may hold it: without scheme, nor what only leads there (`?from=share`) or to a place on the page.

    No less than what names the post, or others would go along: an anchor and the query except an id go if the path ends in a number of its
    own (which may be a month or a board), an anchor also if it has no number and is no path (`#/post/1`).
    """
    place = urlsplit(name.strip())
    path = place.path.rstrip("/")
    host = place.netloc.rpartition("@")[2].lower()
    if OWN_NUMBER.search(path.rpartition("/")[2]):
        pairs = [pair for pair in place.query.split("&") if ID_PAIR.fullmatch(pair) and not pair.lower().startswith("uid=")]
        return f"{host}{place.path}?{'&'.join(pairs)}" if pairs else host + path
    is_place = not any(mark.isdigit() or mark == "/" for mark in place.fragment)
    return place._replace(netloc=host, fragment="" if is_place else place.fragment).geturl().partition("://")[2]


def _changes(path: Path, raw: Path, number: str, cut: Cut) -> tuple[dict[int, Record], int]:
    """Return the new records by the offset of those that hold the post, in order, and how many records or damaged stretches are unread."""
    found: dict[int, Record] = {}
    unread = 0
    for record in salvaged(path):
        if isinstance(record, Damage):
            unread += 1
            continue
        if not holds_page(record):
            continue
        try:
            kept = cut(page(record, path.relative_to(raw).as_posix()), number)
        except BadBody:
            unread += 1
            continue
        if kept is not None:
            found[record.offset] = body_replaced(record, kept) if kept else stub(record)
    return found, unread


def _rewrite(path: Path, changes: dict[int, Record], reason: str, at: datetime) -> None:
    """Write a file anew with `changes`, add the entry to the chain, then replace the file; `shelf.recover` finishes this after a crash."""
    fresh, was, written = path.with_name(f"{path.name}.new"), path.read_bytes(), 0
    with fresh.open("wb") as file:
        for offset, record in changes.items():
            file.write(was[written:offset] + member(record, record.end - offset))
            written = record.end
        file.write(was[written:])
        file.flush()
        os.fsync(file.fileno())
    entry = {"kind": "erasure", "source": path.parent.name, "warc": path.name, "created": at.isoformat(), "tool": sidecar.TOOL,
             "reason": reason, "records": sorted(changes), "was": sha256(path), "sha256": sha256(fresh)}
    sidecar.append(path.parent, sidecar.stamp(path.parent, at), entry)
    fresh.replace(path)
