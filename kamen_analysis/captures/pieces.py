"""Split a long table into pieces that are tables themselves, so that captures stay small; it is streamed, never whole in memory.

JSON lines are split after a line, CSV after a row; each piece of a CSV begins with the same head (everything up to the header row).
Other formats, and UTF-16, are not split.
"""

from __future__ import annotations

import csv
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import BinaryIO

from kamen_analysis.tabular import limits
from kamen_analysis.tabular.separated import rows_of

IsHeader = Callable[[list[str]], bool]
_HEAD_WITHIN = 100  # rows


def pieces(path: Path, content_type: str, size: int, is_header: IsHeader = any) -> Iterator[BinaryIO]:
    """Yield the file or, if it is longer than `size` bytes, pieces of about that size; `is_header` recognises the header row of a CSV.

    Raises KamenError if a file that is not split, or a line, is larger than `limits` allows.
    """
    with path.open("rb") as file:
        is_utf16 = file.read(2) in (BOM_UTF16_LE, BOM_UTF16_BE)
        file.seek(0)
        if path.stat().st_size <= size:
            yield file
        elif content_type == "application/x-ndjson" and not is_utf16:
            while piece := file.read(size):
                yield BytesIO(piece + _line(file, path.name))
        elif content_type in ("text/csv", "text/tab-separated-values") and not is_utf16 and (head := _head(file, path.name, is_header)):
            yield from _rows(file, path.name, head, size)
        else:
            limits.refuse_size(path.name, path.stat().st_size, limits.WHOLE)
            file.seek(0)
            yield file


def _line(file: BinaryIO, name: str, number: int | None = None) -> bytes:
    """Return the next line, or the rest of the current one; raise KamenError if it is too long."""
    line = file.readline(limits.LINE + 1)
    limits.refuse_line(name, number, len(line))
    return line


class _Lines:
    """The lines of a file, one character a byte; `held` collects the bytes read since the last `take`."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.file, self.name, self.held = file, name, bytearray()

    def __iter__(self) -> Iterator[str]:
        for number in count(1):
            line = _line(self.file, self.name, number)
            if not line:
                return
            self.held += line
            # For finding cells and rows Latin-1 will do: in UTF-8 and GB18030 no byte of a longer character is a quote, comma, tab or
            # line end.
            yield line.decode("latin-1")

    def take(self) -> bytes:
        taken, self.held = bytes(self.held), bytearray()
        return taken


def _head(file: BinaryIO, name: str, is_header: IsHeader) -> bytes:
    """Return everything up to and including the header row, leaving the file after it; empty if there is no header row."""
    first, lines = _line(file, name, 1), _Lines(file, name)
    file.seek(0)
    try:
        for number, row in enumerate(rows_of(iter(lines), first.decode("latin-1"))):
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


def _rows(file: BinaryIO, name: str, head: bytes, size: int) -> Iterator[BinaryIO]:
    lines = _Lines(file, name)
    try:
        for _ in rows_of(iter(lines), head.partition(b"\n")[0].decode("latin-1")):
            if len(lines.held) >= size:
                yield BytesIO(head + lines.take())
    except csv.Error:  # the rest becomes one piece: the parser will report what is wrong with it
        lines.held += file.read(limits.WHOLE + 1)
        limits.refuse_size(name, len(lines.held), limits.WHOLE)
    if lines.held:
        yield BytesIO(head + lines.take())
