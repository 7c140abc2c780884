"""Decode HTTP content codings up to a size limit, so that a small body cannot expand to gigabytes."""

from __future__ import annotations

import importlib
import importlib.util
import io
import zlib
from typing import Any, Protocol


class BadBody(Exception):  # noqa: N818 (a verdict on a body, not a fault of the program)
    """A body that cannot be decoded; `reason` is one of too_large, cut_short, unknown_coding, damaged."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Decoder(Protocol):
    def piece(self, data: bytes, room: int) -> bytes: ...
    def finished(self) -> bool: ...


class _Zlib:
    """Decodes gzip (of one or several members) and deflate (with or without zlib header)."""

    def __init__(self, bits: int) -> None:
        self.bits, self.engine = bits, zlib.decompressobj(bits)

    def piece(self, data: bytes, room: int) -> bytes:
        out = [self.engine.decompress(data, room)]
        while self.engine.eof and self.engine.unused_data.startswith(b"\x1f\x8b") and self.bits == 31 and sum(map(len, out)) < room:
            rest = self.engine.unused_data
            self.engine = zlib.decompressobj(self.bits)
            out.append(self.engine.decompress(rest, room - sum(map(len, out))))
        return b"".join(out)

    def finished(self) -> bool:
        return self.engine.eof


class _Brotli:
    def __init__(self) -> None:
        try:
            self.engine: Any = importlib.import_module("brotli").Decompressor()
        except ImportError:
            raise BadBody("unknown_coding") from None

    def piece(self, data: bytes, room: int) -> bytes:
        out: bytes = self.engine.process(data, output_buffer_limit=max(1, room))
        return out

    def finished(self) -> bool:
        return bool(self.engine.is_finished())


def codings() -> str:
    """Return the codings this installation can decode, as an Accept-Encoding value."""
    return "gzip, deflate, br" if importlib.util.find_spec("brotli") else "gzip, deflate"


def _decoder(coding: str, body: bytes) -> _Decoder:
    if coding in {"gzip", "x-gzip"}:
        return _Zlib(31)
    if coding == "deflate":
        # By RFC 9110 deflate has a zlib header, which is divisible by 31; some servers send it without.
        return _Zlib(15 if len(body) > 1 and int.from_bytes(body[:2], "big") % 31 == 0 else -15)
    if coding == "br":
        return _Brotli()
    raise BadBody("unknown_coding")


def _undo(body: bytes, coding: str, cap: int) -> bytes:
    decoder = _decoder(coding, body)
    try:
        whole = decoder.piece(body, cap + 1)
    except Exception as error:  # brotli's own error type exists only where brotli is installed
        raise BadBody("damaged") from error
    if len(whole) > cap:
        raise BadBody("too_large")
    if not decoder.finished():
        raise BadBody("cut_short")
    return whole


def decode(body: bytes, coding: str, cap: int) -> bytes:
    """Return `body` decoded from its Content-Encoding (`coding`, as in the header); raise BadBody, also for more than `cap` bytes.

    An empty body stays empty whatever the header says (HEAD, 204, 304).
    """
    for name in reversed([part.strip().lower() for part in coding.split(",") if part.strip()]):
        if name != "identity" and body:
            body = _undo(body, name, cap)
    if len(body) > cap:
        raise BadBody("too_large")
    return body


def dechunk(body: bytes, cap: int) -> bytes:
    """Return an HTTP/1.1 chunked body joined, cut after `cap` + 1 bytes; a body that is not chunked is returned as it is."""
    from warcio.bufferedreaders import ChunkedDataReader  # slow to load and rarely needed

    whole: bytes = ChunkedDataReader(io.BytesIO(body), decomp_type=None).read(cap + 1)
    return whole
