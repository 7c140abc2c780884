"""The forms a table comes in, told by their content: Parquet, XLSX, CSV and TSV, JSON and JSONL, in UTF-8, UTF-16 or GB18030."""

from __future__ import annotations

import codecs
import csv
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from typing import IO, Any, Literal

import orjson

from kamen_analysis.errors import KamenError
from kamen_analysis.tabular import limits
from kamen_analysis.tabular.encoding import encoding_of
from kamen_analysis.tabular.separated import rows_of

Record = dict[str, Any]
IsHeader = Callable[[list[str]], bool]
Bad = Callable[[str], Record]
Kind = Literal["parquet", "xlsx", "array", "csv", "jsonl"]

_CHUNK = 1 << 20
_BATCH = 8192
# A damaged archive shows in its checksums; a workbook against the form shows in whatever openpyxl trips over.
BAD_XLSX = (zipfile.BadZipFile, zlib.error, LookupError, ValueError, TypeError, AttributeError, OSError, EOFError, SyntaxError,
             RuntimeError)
_LONG_NUMBER, _AS_ZERO = b"0" * 19, bytes.maketrans(b"123456789", b"000000000")


def refuse(said: str) -> Record:
    """Raise what is wrong with a row as the error that ends the reading."""
    raise KamenError(said)


def read(file: IO[bytes], name: str, suffix: str, is_header: IsHeader = any, bad: Bad = refuse) -> Iterator[Record]:
    """Yield the records of an open file, whatever table it is; rows above the first `is_header` row are left out.

    `bad` makes a record of what is wrong with one row (JSON that does not parse, cells that do not fit the header), or raises.
    """
    head, size = file.read(8), file.seek(0, io.SEEK_END)
    file.seek(0)
    is_packed = head.startswith((b"PAR1", b"PK\x03\x04", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    limits.refuse_size(name, size, limits.WHOLE if is_packed else limits.STREAMED)
    kind, encoding = form_of(file, name, suffix)
    if kind == "parquet":
        return _parquet(file, name)
    if kind == "xlsx":
        return _xlsx(file, name, is_header)
    if kind == "array":
        limits.refuse_size(name, size, limits.WHOLE)
        return _json_array(io.TextIOWrapper(file, encoding, "replace", newline="\n"), name, bad)
    limits.refuse_long_lines(file, name)
    if kind == "csv":
        return _csv(io.TextIOWrapper(file, encoding, "replace", newline=""), name, is_header, bad)
    # A quarter of the time where the bytes are read as they are.
    return _jsonl(file if encoding == "utf-8" else io.TextIOWrapper(file, encoding, "replace", newline="\n"), name, bad)


def form_of(file: IO[bytes], name: str, suffix: str) -> tuple[Kind, str]:
    """Return what kind of table an open file is, and the encoding of its text ("" for none); the file then stands at its start.

    The content tells; `suffix` decides only where a text may be either. Raises KamenError for an old workbook or an unknown encoding.
    """
    file.seek(0)
    head = file.read(8)
    file.seek(0)
    if head.startswith(b"PAR1"):
        return "parquet", ""
    if head.startswith(b"PK\x03\x04"):
        return "xlsx", ""
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise KamenError(f"{name}：旧式 Excel（.xls）或加密的工作簿，请另存为 .xlsx 或 CSV")
    encoding = encoding_of(file, name)
    first = file.read(4096).decode(encoding, "ignore").lstrip()[:1]
    file.seek(0)
    if suffix in {".csv", ".tsv"}:
        return "csv", encoding
    if first == "[":
        return "array", encoding
    return ("jsonl" if first == "{" or suffix in {".jsonl", ".ndjson", ".json"} else "csv"), encoding


def _jsonl(lines: Iterable[str | bytes], name: str, bad: Bad) -> Iterator[Record]:
    for number, line in enumerate(lines, 1):
        try:
            value = _loads(line)
        except (ValueError, RecursionError):
            if line.strip():
                yield bad(f"{name}：第 {number} 行不是完整的 JSON（文件可能被截断）")
        else:
            yield value if type(value) is dict and len(line) <= limits.CELL else _object(value, name, f"第 {number} 行", bad)


def _loads(line: str | bytes) -> Any:
    # orjson makes a float of a number too long for 64 bits, and refuses NaN and halves of characters, which json lets pass.
    if isinstance(line, str) or _LONG_NUMBER in line.translate(_AS_ZERO):
        return json.loads(line)
    try:
        return orjson.loads(line)
    except ValueError:
        return json.loads(line.decode("utf-8", "replace"))


def _json_array(text: IO[str], name: str, bad: Bad) -> Iterator[Record]:
    try:
        values = json.load(text)
    except (ValueError, RecursionError):
        raise KamenError(f"{name}：不是完整的 JSON（文件可能被截断）") from None
    for number, value in enumerate(values, 1):
        yield _object(value, name, f"第 {number} 项", bad)


def _object(value: Any, name: str, where: str, bad: Bad) -> Record:
    """Return a JSON value as a record, or what `bad` makes of it."""
    if not isinstance(value, dict):
        return bad(f"{name}：{where}不是 JSON 对象（要 {{…}}）")
    return bad(limits.too_long(name, where)) if _has_long(value.values()) else value


def _has_long(cells: Iterable[Any]) -> bool:
    return any(isinstance(cell, str) and len(cell) > limits.CELL for cell in cells)


def _csv(text: IO[str], name: str, is_header: IsHeader, bad: Bad) -> Iterator[Record]:
    first = text.readline(_CHUNK)
    text.seek(0)
    rows = rows_of(text, first)
    try:
        header = next(filter(is_header, rows), [])
        if len(set(header)) < len(header):
            raise KamenError(f"{name}：表头有重名的列")
        for row in filter(None, rows):
            if len(row) == len(header):
                yield dict(zip(header, row, strict=True))
            else:
                yield bad(f"{name}：第 {rows.line_num} 行有 {len(row)} 格，表头有 {len(header)} 列（文件可能被截断）")
    except csv.Error as error:
        if "field limit" in str(error):
            raise KamenError(f"{limits.too_long(name, f'第 {rows.line_num} 行')}（多半是引号未闭合）") from None
        raise KamenError(f"{name}：第 {rows.line_num} 行不是合规的 CSV（引号未闭合，或文件被截断）") from None


def _parquet(file: IO[bytes], name: str) -> Iterator[Record]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        for batch in pq.ParquetFile(file).iter_batches(_BATCH):
            yield from batch.to_pylist()
    except (pa.ArrowException, OSError):
        raise KamenError(f"{name}：Parquet 文件损坏或不完整") from None


def _xlsx(file: IO[bytes], name: str, is_header: IsHeader) -> Iterator[Record]:
    import openpyxl  # reads XML through defusedxml: no external entities

    try:
        with zipfile.ZipFile(file) as parts:
            limits.refuse_bomb(name, *(sum(getattr(part, size) for part in parts.infolist()) for size in ("file_size", "compress_size")))
            if parts.testzip():
                raise zipfile.BadZipFile
        sheet = openpyxl.load_workbook(file, read_only=True, data_only=True).worksheets[0]
        sheet.reset_dimensions()  # a sheet that says it is larger than it is takes forever, one that says smaller loses rows
        rows = _counted(sheet.iter_rows(values_only=True), name)
        header = next(filter(is_header, (["" if cell is None else str(cell) for cell in row] for row in rows)), [])
        for row in rows:
            if any(cell is not None for cell in row):
                yield {key: cell for key, cell in zip_longest(header, row[:len(header)]) if key}
    except BAD_XLSX:
        raise KamenError(f"{name}：不是完整的 Excel 工作簿（.xlsx）") from None


def _counted(rows: Iterable[tuple[Any, ...]], name: str) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a worksheet as long as they are no more, no wider and no fuller than a worksheet can be."""
    cells = 0
    for number, row in enumerate(rows, 1):
        cells += len(row)
        if number > limits.ROWS or cells > limits.CELLS:
            raise KamenError(f"{name}：工作表超过上限 {limits.ROWS:,} 行、{limits.CELLS:,} 格")
        if _has_long(row):
            raise KamenError(limits.too_long(name, f"第 {number} 行"))
        yield row
