"""Records in from any table a person may hold (JSONL, JSON, CSV, TSV, Parquet, XLSX), records out as JSONL.

A file is read as what it is, not as what its name says. Whatever is wrong with it becomes one clear line (KamenError) that
names the file and the line, never a value.
"""

from __future__ import annotations

import io
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from kamen_analysis.errors import KamenError, told
from kamen_analysis.paths import atomic_write
from kamen_analysis.tabular.forms import Bad, IsHeader, Record, read, refuse


def read_records(source: str | Path) -> Iterator[Record]:
    """Yield a file's records ('-': standard input) in order, JSON and Excel values typed; KamenError where it cannot be read."""
    if str(source) == "-":
        with tempfile.SpooledTemporaryFile(max_size=64 << 20) as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
            file.seek(0)
            yield from read(file, "标准输入", "")
        return
    path = Path(source)
    try:
        opened = path.open("rb")
    except OSError as error:
        raise KamenError(f"{path}：打不开（{told(error)}）") from None
    with opened:
        yield from read(opened, str(path), path.suffix.lower())


def read_bytes(body: bytes, name: str, is_header: IsHeader = any, bad: Bad = refuse) -> Iterator[Record]:
    """Yield the records of a file's content; CSV and XLSX rows above the first `is_header` row are left out, `bad`: see `forms.records`."""
    return read(io.BytesIO(body), name, Path(name).suffix.lower(), is_header, bad)


def write_records(records: Iterable[Record], out: str | Path) -> int:
    """Write one JSON object a line to `out` ('-' is standard output) and return how many; on any error an earlier file stays as it was."""
    with _opened(out) as file:
        return sum(1 for record in records if file.write(_line(record)))


@contextmanager
def _opened(out: str | Path) -> Iterator[IO[str]]:
    if str(out) == "-":
        yield sys.stdout
        sys.stdout.flush()
        return
    try:
        with atomic_write(Path(out)) as file:
            yield file
    except OSError as error:
        raise KamenError(f"{out}：写不了（{told(error)}）") from None


def _line(record: Record) -> str:
    line = json.dumps(record, ensure_ascii=False, default=str)
    try:
        line.encode()
    except UnicodeEncodeError:  # lone surrogates travel as \uXXXX, so the file stays valid UTF-8
        line = json.dumps(record, default=str)
    return line + "\n"
