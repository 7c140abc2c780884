"""Read archives made by other programs, record by record: any WARC (by warcio), and a browser's HAR and MHTML."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from http.client import responses
from pathlib import Path
from typing import Any

from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import DecompressingBufferedReader
from warcio.exceptions import ArchiveLoadFailed

from kamen_analysis.captures.decode import BadBody, dechunk, decode
from kamen_analysis.captures.warc import MAX_BODY as LARGEST
from kamen_analysis.captures.warc import Exchange
from kamen_analysis.errors import KamenError

# A HAR holds the body decoded and joined, which these headers contradict. Cookies give access to the user's account.
_UNTRUE = {"content-encoding", "transfer-encoding", "content-length"}
_SECRET = {"set-cookie", "cookie", "authorization"}
_HEADERS = 1 << 20  # bytes of a record's headers, of both kinds together
_MEDIA = ("image/", "font/", "audio/", "video/", "text/css", "font-woff", "wasm", "pdf")


@dataclass(frozen=True)
class Foreign:
    """One record of a foreign archive: an HTTP exchange, or a resource with its content type."""

    exchange: Exchange
    resource: str = ""


@dataclass(frozen=True)
class Left:
    """One record that is left out, and why (in Chinese, without the record's content)."""

    why: str


def is_text(content_type: str) -> bool:
    """Return whether a content type can hold posts: pages, JSON, tables, but not pictures, styles or fonts."""
    return not any(part in content_type.lower() for part in _MEDIA)


def _is_web(url: str) -> bool:
    # For example wget stores its own log under metadata://…
    return url.startswith(("http://", "https://", "file:///"))


class _Bounded(DecompressingBufferedReader):  # type: ignore[misc]
    """Reads no more by lines (set to 0 for each record) than headers take: a few packed bytes may hold a line, or lines, without end."""

    lines = 0

    def readline(self, length: int | None = None) -> bytes:
        line: bytes = super().readline(min(length or _HEADERS, _HEADERS))
        self.lines += len(line)
        if self.lines >= _HEADERS:
            raise ValueError("headers without end")
        return line


def read_warc(path: Path) -> Iterator[Foreign | Left]:
    """Yield the responses and resources of a .warc or .warc.gz, checking digests; request records, which hold cookies, are ignored."""
    try:
        with path.open("rb") as file:
            archive = ArchiveIterator(file, check_digests=True)
            archive.reader = _Bounded(file)
            for record in archive:
                archive.reader.lines = 0
                if record.rec_type in {"response", "resource"}:
                    yield _foreign(record)
    except (ArchiveLoadFailed, EOFError, ValueError) as error:
        raise KamenError(f"{path.name} 不是完好的 WARC（{type(error).__name__}）") from None


def _body(record: Any) -> bytes | None:
    """Return the content of a record, None if it is larger than LARGEST: then no more than that is held in memory."""
    pieces, size = [], 0
    while piece := record.raw_stream.read(1 << 20):
        size += len(piece)
        if size > LARGEST:
            return None
        pieces.append(piece)
    return b"".join(pieces)


def _foreign(record: Any) -> Foreign | Left:
    headers, http = record.rec_headers, record.http_headers
    body = _body(record)
    if body is None:
        return Left(f"记录超过 {LARGEST >> 20} MB")
    # Programs compute the payload digest in different ways, but agree on the block digest and the length.
    if any(problem.startswith("block") for problem in record.digest_checker.problems):
        return Left("记录与其摘要不符")
    if record.raw_stream.limit > 0:
        return Left("记录不完整")
    url, date = (headers.get_header("WARC-Target-URI") or "").strip("<>"), headers.get_header("WARC-Date")
    at = datetime.fromisoformat(date.replace("Z", "+00:00"))
    kind = (http.get_header("Content-Type") if http else headers.get_header("Content-Type")) or ""
    if not is_text(kind) or not _is_web(url):
        return Left("不是文本内容")
    if record.rec_type == "resource" or not http:
        return Foreign(Exchange(url, at, (), 200, "", (), body), kind or "application/octet-stream")
    try:
        whole = dechunk(body, LARGEST) if (http.get_header("Transfer-Encoding") or "").lower() == "chunked" else body
        decode(whole, http.get_header("Content-Encoding") or "", LARGEST)
    except BadBody as bad:
        return Left({"too_large": f"正文解压后超过 {LARGEST >> 20} MB"}.get(bad.reason, "正文无法解码"))
    status, _, reason = http.statusline.partition(" ")
    kept = [(name, value) for name, value in http.headers if name.lower() not in _SECRET]
    return Foreign(Exchange(url, at, (), int(status), reason, kept, body, headers.get_header("WARC-IP-Address") or ""))


def read_har(path: Path) -> Iterator[Foreign | Left]:
    """Yield the answers in a browser's HAR export, each with its own time; one saved without its body is left out."""
    try:
        entries = json.loads(path.read_bytes().decode("utf-8-sig"))["log"]["entries"]
        for entry in entries:
            yield _answer(entry)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KamenError(f"{path.name} 不是完好的 HAR（{type(error).__name__}）") from None


def _answer(entry: dict[str, Any]) -> Foreign | Left:
    answer, url = entry["response"], entry["request"]["url"]
    content = answer.get("content") or {}
    kind, text = content.get("mimeType") or "", content.get("text")
    if not is_text(kind) or not _is_web(url):
        return Left("不是文本内容")
    if not text:
        return Left("导出时没有带上正文")
    body = base64.b64decode(text) if content.get("encoding") == "base64" else text.encode("utf-8", "surrogatepass")
    kept = [(h["name"], h["value"]) for h in answer.get("headers", []) if h["name"].lower() not in _UNTRUE | _SECRET]
    if content.get("encoding") != "base64":
        # The browser has decoded the text: we store it as UTF-8, whatever charset the site sent.
        kept = [(f"X-Archive-Orig-{n}" if n.lower() == "content-type" else n, v) for n, v in kept]
        kept.append(("Content-Type", f"{kind.partition(';')[0] or 'text/html'}; charset=utf-8"))
    at = datetime.fromisoformat(entry["startedDateTime"].replace("Z", "+00:00")).astimezone(UTC)
    status = int(answer["status"])
    reason = answer.get("statusText") or responses.get(status, "")
    return Foreign(Exchange(url, at, (), status, reason, kept, body))


def read_mhtml(path: Path) -> Iterator[Foreign | Left]:
    """Yield the page of a browser's MHTML file, with the address and time the browser wrote; its pictures are ignored."""
    whole = message_from_bytes(path.read_bytes(), policy=default)
    part = next((part for part in whole.walk() if part.get_content_type() == "text/html"), None)
    url = str(part["Content-Location"] or whole["Snapshot-Content-Location"] or "") if part else ""
    if part is None or not url or not whole["Date"] or not whole["Date"].datetime:
        raise KamenError(f"{path.name} 不是完好的 MHTML（缺少网页、网址或时间）")
    at, body = whole["Date"].datetime, part.get_payload(decode=True)
    kind = f"text/html; charset={part.get_content_charset() or 'utf-8'}"
    yield Foreign(Exchange(url, at.astimezone(UTC), (), 200, "", (), bytes(body)), kind)
