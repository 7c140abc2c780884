"""Write exchanges and files as WARC records.

A file is called `<UTC>.warc.gz.open` while it is written, and `<UTC>.warc.gz` when it is complete. Each exchange is handed to the
operating system before the next begins: a killed process loses at most the current one, and `shelf.recover` closes the file.
"""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from kamen_analysis.captures.members import Record
from kamen_analysis.errors import KamenError, told

Headers = Iterable[tuple[str, str]]
SYNC_S = 1.0
# On a record that a redirect led to: the address first asked for.
REQUESTED = "Kamen-Requested-URI"
# On a record changed by an erasure: the digest of the block it held when captured.
ERASED = "kamen-erased-block"


class _Sha256:
    """A digest for warcio in hex, as in the tables, instead of base32."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def update(self, data: bytes) -> None:
        self._hash.update(data)

    def __str__(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"


class _Records(WARCWriter):  # type: ignore[misc]
    @staticmethod
    def _create_digester() -> _Sha256:
        return _Sha256()


@dataclass(frozen=True)
class Exchange:
    """One request and its answer as they were sent; `body` still has its Content-Encoding, but its chunks are joined."""

    url: str
    at: datetime
    request: Headers
    status: int
    reason: str
    headers: Headers
    body: bytes
    address: str = ""
    requested: str = ""
    took_ms: int = 0

    def stream(self) -> BinaryIO:
        """Return the body as a stream."""
        return io.BytesIO(self.body)


class Writer:
    """Appends records to one open WARC file. The caller holds the folder's lock and calls `shelf.finish` at the end."""

    def __init__(self, path: Path, about: Mapping[str, str]) -> None:
        self.path, self.pages = path, 0
        self._file: BinaryIO = path.open("xb", buffering=1 << 20)
        self._warc = _Records(self._file, gzip=True, warc_version="1.1")
        self._synced = time.monotonic()
        self._warc.write_record(self._warc.create_warcinfo_record(path.name.removesuffix(".open"), dict(about)))
        self.sync()

    def exchange(self, seen: Exchange, facts: Mapping[str, Any] | None = None) -> int:
        """Write response, request and (with `facts`) metadata records; return the byte offset of the response."""
        offset, name = self.response(seen)
        path = seen.url.split("/", 3)
        ask = StatusAndHeaders(f"GET /{path[3] if len(path) > 3 else ''} HTTP/1.1", list(seen.request), is_http_request=True)
        self._write("request", seen.url, seen.at, io.BytesIO(), http=ask, extra={"WARC-Concurrent-To": name})
        if facts:
            self.note(seen.url, facts, seen.at, concurrent=name)
        self.flush()
        return offset

    def response(self, seen: Exchange) -> tuple[int, str]:
        """Write a response record alone; return its byte offset and id."""
        extra = {"WARC-IP-Address": seen.address, REQUESTED: seen.requested}
        line = StatusAndHeaders(f"{seen.status} {seen.reason}".strip(), list(seen.headers), protocol="HTTP/1.1")
        self.pages += 1
        return self._write("response", seen.url, seen.at, seen.stream(), http=line, extra=extra)

    def unchanged(self, seen: Exchange, refers_to: datetime) -> None:
        """Write a revisit record: by a 304, or by its content, the page is still the copy captured at `refers_to`."""
        profile = "server-not-modified" if seen.status == 304 else "identical-payload-digest"
        extra = {"WARC-Profile": f"http://netpreserve.org/warc/1.1/revisit/{profile}", "WARC-Refers-To-Target-URI": seen.url,
                 "WARC-Refers-To-Date": _iso(refers_to)}
        if seen.status != 304:
            extra["WARC-Payload-Digest"] = f"sha256:{hashlib.sha256(seen.body).hexdigest()}"
        line = StatusAndHeaders(f"{seen.status} {seen.reason}".strip(), list(seen.headers), protocol="HTTP/1.1")
        self._write("revisit", seen.url, seen.at, io.BytesIO(), http=line, extra=extra)
        self.flush()

    def resource(self, url: str, at: datetime, content_type: str, payload: BinaryIO, extra: Mapping[str, str] | None = None) -> int:
        """Write a file unchanged, as a stream; return the byte offset of its record."""
        self.pages += 1
        offset, _ = self._write("resource", url, at, payload, content_type=content_type, extra=extra)
        self.flush()
        return offset

    def note(self, url: str, facts: Mapping[str, Any], at: datetime, concurrent: str = "") -> None:
        """Write a metadata record: facts about `url` that are not an answer (a refusal, an edit, an input file)."""
        lines = "".join(f"{name}: {' '.join(str(value).split())}\r\n" for name, value in facts.items())
        self._write("metadata", url, at, io.BytesIO(lines.encode()), extra={"WARC-Concurrent-To": concurrent})
        self.flush()

    def _write(self, kind: str, url: str, at: datetime, payload: BinaryIO, *, http: Any = None, content_type: str = "",
               extra: Mapping[str, str] | None = None) -> tuple[int, str]:
        offset, size = self._file.tell(), payload.seek(0, io.SEEK_END)
        payload.seek(0)
        wanted = {"WARC-Date": _iso(at)} | {k: v for k, v in (extra or {}).items() if v}
        record = self._warc.create_warc_record(url, kind, payload=payload, length=size, warc_headers_dict=wanted, http_headers=http,
                                               warc_content_type=content_type)
        with self._plain_errors():
            self._warc.write_record(record)
        return offset, record.rec_headers.get_header("WARC-Record-ID")

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        """Raise an OSError of the block as a one-line KamenError."""
        try:
            yield
        except OSError as error:
            raise KamenError(f"存档 {self.path.name} 写不下去：{told(error)}；已写好的记录都在，下次运行时收尾") from None

    def flush(self) -> None:
        """Hand what is written to the operating system, and to the disk at most every SYNC_S seconds."""
        with self._plain_errors():
            self._file.flush()
        if time.monotonic() - self._synced > SYNC_S:
            self.sync()

    def sync(self) -> None:
        """Put what is written on the disk."""
        with self._plain_errors():
            self._file.flush()
            os.fsync(self._file.fileno())
        self._synced = time.monotonic()

    @property
    def closed(self) -> bool:
        """Whether the file is closed."""
        return self._file.closed

    def close(self) -> None:
        """Put everything on the disk and close the file, which keeps its `.open` name."""
        self.sync()
        self._file.close()


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _original_digest(record: Record) -> dict[str, str]:
    # A record erased twice keeps the digest of what was captured.
    return {ERASED: record.headers.get(ERASED) or hashlib.sha256(record.block).hexdigest()}


def stub(record: Record) -> Record:
    """Return the stub of an erased record: its id, date and address and the digest of what it held; it fits the record's place."""
    kept = {name: record.headers[name] for name in ("warc-record-id", "warc-date", "warc-target-uri")}
    lead = {"warc-type": "metadata", **kept, "content-type": "application/warc-fields", "content-length": "0"}
    return replace(record, headers=lead | _original_digest(record), block=b"")


def body_replaced(record: Record, body: bytes) -> Record:
    """Return a record with another (decoded) body; a response keeps its status and headers, without those of coding and length."""
    block = body
    if record.type != "resource":
        head = record.block.partition(b"\r\n\r\n")[0].split(b"\r\n")
        untrue = (b"content-encoding:", b"transfer-encoding:", b"content-length:")
        block = b"\r\n".join(line for line in head if not line.lower().startswith(untrue)) + b"\r\n\r\n" + body
    digests = {f"warc-{name}-digest": f"sha256:{hashlib.sha256(part).hexdigest()}" for name, part in (("block", block), ("payload", body))}
    headers = record.headers | digests | {"content-length": str(len(block))} | _original_digest(record)
    return replace(record, headers=headers, block=block)
