"""Read pages from WARC. `Writer` and `Exchange` can be imported from here too, so that one module serves both directions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from kamen_analysis.captures.decode import BadBody, dechunk, decode
from kamen_analysis.captures.members import Damage, Record, records, salvaged
from kamen_analysis.captures.page import Page
from kamen_analysis.captures.writer import REQUESTED, Exchange, Writer
from kamen_analysis.errors import KamenError

__all__ = ["Exchange", "Writer", "holds_page", "http_parts", "is_robots", "page", "page_of", "read", "readable"]

# None of our pages is larger; the limit keeps a hostile imported body from filling memory, at import and when it is read again.
MAX_BODY = 1 << 28


def http_parts(record: Record) -> tuple[int, dict[str, str], bytes]:
    """Return the status, headers (names in lower case) and payload of a response record."""
    head, _, payload = record.block.partition(b"\r\n\r\n")
    first, _, rest = head.decode("utf-8", errors="replace").partition("\r\n")
    pairs = (line.partition(":") for line in rest.split("\r\n"))
    words = first.split(" ", 2)
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    return status, {name.strip().lower(): value.strip() for name, sep, value in pairs if sep}, payload


def page(record: Record, file: str, digest: str = "") -> Page:
    """Return a response or resource record as a page with decoded body; raise BadBody. `digest`: that of its block, if known."""
    if record.type == "resource":
        return _page(record, file, 200, record.headers.get("content-type", ""), record.block, digest=digest)
    status, headers, body = http_parts(record)
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = dechunk(body, MAX_BODY)
    body = decode(body, headers.get("content-encoding", ""), MAX_BODY)
    return _page(record, file, status, headers.get("content-type", ""), body, headers.get("location", ""))


def _page(record: Record, file: str, status: int, content_type: str, body: bytes, location: str = "", digest: str = "") -> Page:
    return Page(record.url, record.date, status, content_type, body, file, record.offset, digest or hashlib.sha256(body).hexdigest(),
                record.headers.get(REQUESTED.lower(), ""), location)


def page_of(seen: Exchange, body: bytes, file: str, offset: int) -> Page:
    """Return an exchange as the page that `read` would yield; `body`: its decoded body."""
    headers = {name.lower(): value for name, value in seen.headers}
    return Page(seen.url, seen.at, seen.status, headers.get("content-type", ""), body, file, offset, hashlib.sha256(body).hexdigest(),
                seen.requested, headers.get("location", ""))


def is_robots(url: str) -> bool:
    """Return whether an address is a site's robots.txt."""
    return url.partition("?")[0].split("/", 3)[3:] == ["robots.txt"]


def holds_page(record: Record) -> bool:
    """Return whether a record is a response or resource other than robots.txt."""
    asked = record.headers.get(REQUESTED.lower(), "")
    return record.type in {"response", "resource"} and not is_robots(record.url) and not is_robots(asked)


def read(path: Path, raw: Path) -> Iterator[Page]:
    """Yield the pages of one file: responses and resources, without robots.txt, redirects (3xx) and erased records.

    Raises Torn if the file is damaged, and KamenError if a body cannot be decoded.
    """
    file = path.relative_to(raw).as_posix()
    for record in records(path):
        if not holds_page(record):
            continue
        try:
            found = page(record, file)
        except BadBody as error:
            raise KamenError(f"存档 {file} 第 {record.offset} 字节处的正文无法解码（{error.reason}）") from None
        if not 300 <= found.status < 400:
            yield found


def readable(path: Path, raw: Path) -> Iterator[Page | Damage]:
    """Yield the pages of one file as `read` does, with a Damage in place of what cannot be read instead of raising an error.

    Damage is a stretch without an intact record, a record that does not match its own digest, or a body that cannot be decoded.
    """
    file = path.relative_to(raw).as_posix()
    for record in salvaged(path):
        if isinstance(record, Damage):
            yield record
        elif holds_page(record):
            found = _checked(record, file)
            if isinstance(found, Damage) or not 300 <= found.status < 400:
                yield found


def _checked(record: Record, file: str) -> Page | Damage:
    digest = hashlib.sha256(record.block).hexdigest()
    stated = record.headers.get("warc-block-digest", "")
    try:
        if not stated.startswith("sha256:") or stated == f"sha256:{digest}":
            return page(record, file, digest)
    except (BadBody, KeyError, ValueError):  # a bad body, a missing or impossible date
        pass
    return Damage(record.offset, record.end, digest)
