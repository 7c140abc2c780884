"""What a file of records may hold at most. Beyond, it is refused in one line that names the file and the limit, before memory fills."""

from __future__ import annotations

from typing import IO

from kamen_analysis.errors import KamenError

WHOLE = 256 << 20  # bytes of a file that must be in memory as a whole: XLSX, Parquet, one JSON array, a page, HAR, MHTML, UTF-16
STREAMED = 16 << 30  # bytes of a file that is read piece by piece: CSV, JSON lines, WARC
LINE = 64 << 20  # bytes
CELL = 1 << 20  # characters
ROWS, CELLS = 1 << 20, 100_000_000  # of a worksheet; Excel's own rows, and what a reader gets through in seconds
_CHUNK = 1 << 20
# What an .xlsx may unpack to, in bytes and in times its own size (a real one takes 5 to 20 times); beyond, it is taken for a bomb.
UNPACKED, UNPACKED_SMALL, UNPACKED_RATIO = 2 << 30, 64 << 20, 100


def refuse_size(name: str, size: int, limit: int) -> None:
    """Raise KamenError where a file has more bytes than `limit`."""
    if size > limit:
        raise KamenError(f"{name}：文件有 {size / (1 << 20):,.1f} MB，超过上限 {limit >> 20:,} MB；请分成几个文件，或另存为 JSONL、CSV")


def refuse_line(name: str, number: int | None, size: int) -> None:
    """Raise KamenError where a line (None: of a number not counted) has more bytes than LINE."""
    if size > LINE:
        raise KamenError(f"{name}：{f'第 {number} 行' if number else '有一行'}超过一行的上限 {LINE >> 20} MB")


def refuse_long_lines(file: IO[bytes], name: str) -> None:
    """Raise KamenError where any line of an open file has more bytes than LINE; the file then stands at its start."""
    file.seek(0)
    number, length = 1, 0
    for chunk in iter(lambda: file.read(_CHUNK), b""):
        breaks = chunk.count(b"\n")
        refuse_line(name, number, length + (chunk.find(b"\n") if breaks else len(chunk)))
        number += breaks
        length = len(chunk) - chunk.rfind(b"\n") - 1 + (0 if breaks else length)
    file.seek(0)


def refuse_bomb(name: str, unpacked: int, packed: int) -> None:
    """Raise KamenError where a zip file unpacks to more than it may."""
    most = min(UNPACKED, max(UNPACKED_SMALL, UNPACKED_RATIO * packed))
    if unpacked > most:
        raise KamenError(f"{name}：解压后有 {unpacked >> 20:,} MB，大得反常，超过上限 {most >> 20:,} MB，不读")


def too_long(name: str, where: str) -> str:
    """Return what is said of a cell with more than CELL characters."""
    return f"{name}：{where}有一格超过上限 {CELL:,} 字"
