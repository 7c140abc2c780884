"""Read the records of our own WARC files, in which every record is a gzip member, as the standard asks.

`warcio`, which reads files of any program (see `archives`), takes about five times as long.
"""

from __future__ import annotations

import hashlib
import mmap
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kamen_analysis.errors import KamenError

_PIECE = 16384
# Bytes of header, zero after the comment, checksum and length (RFC 1952).
_GZIP_FRAME = 19
_BEGINS, _MAGIC = b"WARC/", b"\x1f\x8b\x08"
_BROKEN = (zlib.error, EOFError, KeyError, ValueError)


class Torn(KamenError):  # noqa: N818 (a state of a file: cut, and then whole again)
    """A file ends or is damaged inside a record; `offset` is where that record starts: everything before it is intact."""

    def __init__(self, path: Path, offset: int) -> None:
        super().__init__(f"存档 {path.name} 在第 {offset} 字节处断裂或损坏，之前的记录完好")
        self.path, self.offset = path, offset

    def __reduce__(self) -> tuple[type[Torn], tuple[Path, int]]:
        # For pickle: the error passes from a worker process to the one that reports it.
        return type(self), (self.path, self.offset)


@dataclass(frozen=True)
class Damage:
    """A stretch [offset, end) of a file in which at least one record is lost; `digest`: SHA-256 (hex) of its bytes."""

    offset: int
    end: int
    digest: str


@dataclass(frozen=True)
class Record:
    """One WARC record: header names in lower case, the block as stored, and the bytes [offset, end) it takes in the file."""

    offset: int
    end: int
    headers: dict[str, str]
    block: bytes

    @property
    def type(self) -> str:
        """The record's kind: response, resource, request, metadata, warcinfo, revisit."""
        return self.headers.get("warc-type", "")

    @property
    def url(self) -> str:
        """The address the record is about."""
        return self.headers.get("warc-target-uri", "").strip("<>")

    @property
    def date(self) -> datetime:
        """The WARC-Date, UTC."""
        return datetime.fromisoformat(self.headers["warc-date"].replace("Z", "+00:00"))

    def fields(self) -> dict[str, str]:
        """Return the block of a metadata or warcinfo record as names and values."""
        return _headers(self.block)


def _headers(text: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.decode("utf-8", errors="replace").split("\r\n"))
    return {name.strip().lower(): value.strip() for name, sep, value in pairs if sep}


def _member(view: mmap.mmap, offset: int) -> tuple[bytes, int]:
    """Return the gzip member at `offset`, decompressed, and where it ends; raise zlib.error or EOFError if there is none."""
    engine, at, parts = zlib.decompressobj(31), offset, []
    while not engine.eof:
        piece = view[at:at + _PIECE]
        if not piece:
            raise EOFError
        parts.append(engine.decompress(piece))
        at += len(piece)
        if len(parts) == 1 and not parts[0].startswith(_BEGINS[:len(parts[0])]):
            raise EOFError
    return b"".join(parts), at - len(engine.unused_data)


def _record(data: bytes, offset: int, end: int) -> Record:
    split = data.find(b"\r\n\r\n")
    headers = _headers(data[:split])
    length = int(headers["content-length"])
    block = data[split + 4:split + 4 + length]
    if not data.startswith(_BEGINS) or len(block) != length:
        raise EOFError
    return Record(offset, end, headers, block)


def records(path: Path) -> Iterator[Record]:
    """Yield every record of a .warc.gz; raise Torn where the file is damaged, ends inside a record, or is not WARC."""
    for found in salvaged(path):
        if isinstance(found, Damage):
            raise Torn(path, found.offset)
        yield found


def whole(path: Path) -> Iterator[Record]:
    """Yield the intact records of a .warc.gz, skipping damaged stretches."""
    return (found for found in salvaged(path) if isinstance(found, Record))


def salvaged(path: Path) -> Iterator[Record | Damage]:
    """Yield the intact records of a .warc.gz and, between them, a Damage for each stretch that cannot be read.

    Since each record is a gzip member, its own checksum shows whether it is intact, whatever happened elsewhere in the file.
    """
    if path.stat().st_size == 0:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        at = 0
        while at < len(view):
            found = _record_in(view, at) or _damage(view, at)
            yield found
            at = found.end


def _record_in(view: mmap.mmap, offset: int) -> Record | None:
    try:
        data, end = _member(view, offset)
        return _record(data, offset, end)
    except _BROKEN:
        return None


def _damage(view: mmap.mmap, offset: int) -> Damage:
    """Return the damaged stretch from `offset` to the next intact record or the end of the file."""
    end = view.find(_MAGIC, offset + 1)
    while end >= 0 and _record_in(view, end) is None:
        end = view.find(_MAGIC, end + 1)
    end = len(view) if end < 0 else end
    return Damage(offset, end, hashlib.sha256(view[offset:end]).hexdigest())


def member(record: Record, size: int) -> bytes:
    """Return a record as a gzip member of `size` bytes, padded by a comment in its header; it is longer if the record does not fit.

    So a record can be replaced in a file without moving those after it.
    """
    head = "".join(f"{name}: {value}\r\n" for name, value in record.headers.items())
    data = b"WARC/1.1\r\n" + head.encode() + b"\r\n" + record.block + b"\r\n\r\n"
    engine = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = engine.compress(data) + engine.flush()
    comment = b" " * (size - len(packed) - _GZIP_FRAME)
    return b"\x1f\x8b\x08\x10\0\0\0\0\x02\xff" + comment + b"\0" + packed + struct.pack("<LL", zlib.crc32(data), len(data) & 0xFFFFFFFF)
