"""A long table cut into pieces that are tables themselves, so that a capture stays a small unit of work: streamed, never whole in memory.

JSON lines are cut after a line; CSV after a row, each piece under the same head (all up to the header row). Other forms, and UTF-16,
stay whole.
"""

from __future__ import annotations

import csv
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

IsHeader = Callable[[list[str]], bool]
_HEAD_WITHIN = 100  # rows
_FIELD_LIMIT = 1 << 26  # characters


def pieces(path: Path, content_type: str, size: int, is_header: IsHeader = any) -> Iterator[BinaryIO]:
    """Yield the file, or, if it is longer than `size` bytes, its pieces of about that size; `is_header` tells a CSV's header row."""
    with path.open("rb") as file:
        wide = file.read(2) in (BOM_UTF16_LE, BOM_UTF16_BE)
        file.seek(0)
        if wide or path.stat().st_size <= size:
            yield file
        elif content_type == "application/x-ndjson":
            while piece := file.read(size):
                yield BytesIO(piece + file.readline())
        elif content_type in ("text/csv", "text/tab-separated-values") and (head := _head(file, is_header)):
            yield from _rows(file, head, size)
        else:
            file.seek(0)
            yield file


class _Lines:
    """The lines of a file, and the bytes of those read since the last `take`."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.held = file, bytearray()

    def __iter__(self) -> Iterator[str]:
        for line in self.file:
            self.held += line
            # In UTF-8 as in GB18030 no byte of a longer character is a quote, a comma, a tab or a line end.
            yield line.decode("latin-1")

    def take(self) -> bytes:
        taken, self.held = bytes(self.held), bytearray()
        return taken


def _reader(lines: _Lines, mark: str) -> Iterator[list[str]]:
    csv.field_size_limit(_FIELD_LIMIT)
    return csv.reader(iter(lines), delimiter=mark, strict=True)


def _mark(line: bytes) -> str:
    return "\t" if line.count(b"\t") > line.count(b",") else ","


def _head(file: BinaryIO, is_header: IsHeader) -> bytes:
    """Return all up to and with the header row, the file standing after it; nothing where there is none."""
    mark, lines = _mark(file.readline()), _Lines(file)
    file.seek(0)
    try:
        for number, row in enumerate(_reader(lines, mark)):
            if is_header([_decoded(cell) for cell in row]):
                return lines.take()
            if number >= _HEAD_WITHIN:
                break
    except csv.Error:
        pass
    return b""


def _decoded(cell: str) -> str:
    raw = cell.encode("latin-1").removeprefix(b"\xef\xbb\xbf")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")


def _rows(file: BinaryIO, head: bytes, size: int) -> Iterator[BinaryIO]:
    lines = _Lines(file)
    try:
        for _ in _reader(lines, _mark(head.partition(b"\n")[0])):
            if len(lines.held) >= size:
                yield BytesIO(head + lines.take())
    except csv.Error:  # whoever reads the piece says what is wrong with it
        lines.held += file.read()
    if lines.held:
        yield BytesIO(head + lines.take())
