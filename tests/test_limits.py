"""Caps: a file, a line, a cell or a worksheet larger than its limit is one line that names the file and the limit, and costs no memory."""

from __future__ import annotations

import io
import json
import re
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest

from kamen_analysis import tabular
from kamen_analysis.captures import importer
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home
from kamen_analysis.tabular import limits

HEADER = "编号,标题,正文\n"
_SPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def _sparse(path: Path, start: bytes, size: int) -> Path:
    """Write a file that says it is `size` bytes long and takes no room: after `start` it is one endless line of zeros."""
    with path.open("wb") as file:
        file.write(start)
        file.truncate(size)
    return path


@pytest.mark.parametrize(("name", "start", "size", "limit"), [
    ("x.csv", HEADER.encode(), limits.STREAMED + 1, "16,384 MB"), ("x.jsonl", b'{"a": 1}\n', limits.STREAMED + 1, "16,384 MB"),
    ("x.json", b'[{"a": 1}', limits.WHOLE + 1, "256 MB"), ("x.xlsx", b"PK\x03\x04", limits.WHOLE + 1, "256 MB"),
    ("x.parquet", b"PAR1", limits.WHOLE + 1, "256 MB"), ("x.html", b"<html>", limits.WHOLE + 1, "256 MB"),
    ("x.har", b"{}", limits.WHOLE + 1, "256 MB"), ("x.mhtml", b"x", limits.WHOLE + 1, "256 MB"),
    ("x.warc.gz", b"\x1f\x8b", limits.STREAMED + 1, "16,384 MB"),
])
def test_too_large_a_file(tmp_path: Path, name: str, start: bytes, size: int, limit: str) -> None:
    """A file larger than its kind may be is refused on import, and by whoever reads tables, before it is read."""
    path = _sparse(tmp_path / name, start, size)
    with pytest.raises(KamenError, match=f"{name}：文件有 .*超过上限 {limit}"):
        importer.import_files("table", [path], Home(tmp_path / "home"))
    if path.suffix in (".csv", ".jsonl", ".json", ".xlsx", ".parquet"):
        with pytest.raises(KamenError, match=f"{name}：文件有 .*超过上限 {limit}"):
            list(tabular.read_records(path))


@pytest.mark.parametrize(("name", "start"), [("x.csv", HEADER.encode()), ("x.jsonl", b'{"a": 1}\n')])
def test_too_long_a_line(tmp_path: Path, name: str, start: bytes) -> None:
    """A line without end is refused in every way in, with less memory than the line would take; one of 100 kB is an ordinary line."""
    path = _sparse(tmp_path / name, start, limits.LINE + (8 << 20))
    assert path.stat().st_blocks < 1000
    for read in (lambda: list(tabular.read_records(path)), lambda: importer.import_files("table", [path], Home(tmp_path / "home"))):
        with pytest.raises(KamenError, match=f"{name}：.*超过一行的上限 64 MB"):
            read()
    body = "退" * 33_000
    path.write_text(f"{HEADER}1,a,{body}\n" if name == "x.csv" else json.dumps({"正文": body}, ensure_ascii=False), "utf-8")
    (record,) = tabular.read_records(path)
    assert record["正文"] == body


@pytest.mark.parametrize(("name", "content"), [
    ("x.csv", HEADER + '1,a,"' + "退" * (limits.CELL + 1) + '"\n'), ("x.csv", HEADER + '1,a,"' + "退,\n" * limits.CELL),
    ("x.jsonl", json.dumps({"正文": "退" * (limits.CELL + 1)}, ensure_ascii=False)),
    ("x.json", json.dumps([{"正文": "退" * (limits.CELL + 1)}], ensure_ascii=False)),
], ids=["csv", "an open quote", "jsonl", "json"])
def test_too_long_a_cell(tmp_path: Path, name: str, content: str) -> None:
    """A cell longer than any post is refused by file, line and limit; an open quote, that swallows what follows, is one."""
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(KamenError, match=rf"{name}：第 \d+ [行项]有一格超过上限 1,048,576 字"):
        list(tabular.read_records(tmp_path / name))


def _sheet(rows: str, dimension: str = "") -> bytes:
    """Return a workbook whose only sheet is `rows` (XML)."""
    made, kept = io.BytesIO(), io.BytesIO()
    openpyxl.Workbook().save(made)
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            sheet = f"<worksheet {_SPACE}>{dimension}<sheetData>{rows}</sheetData></worksheet>"
            new.writestr(part, sheet if part == "xl/worksheets/sheet1.xml" else old.read(part))
    return kept.getvalue()


def _cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


HEAD = f'<row r="1">{_cell("A1", "标题")}{_cell("B1", "正文")}</row>'
LAST = f'<row r="2">{_cell("A2", "点卡")}{_cell("B2", "不退")}</row>'
# The reading runs in a process of its own, with a bound on its processor time and memory: without the defence it would not end.
_READ = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
from kamen_analysis import tabular
print(len(list(tabular.read_records(sys.argv[1]))))
"""


@pytest.mark.parametrize(("content", "says"), [
    (_sheet(HEAD + f'<row r="99999999999">{_cell("A99999999999", "x")}</row>'), "超过上限 1,048,576 行"),
    (_sheet(HEAD + "".join(f'<row r="{n}">{_cell(f"XFD{n}", "x")}</row>' for n in range(2, 12_000))), "100,000,000 格"),
    (_sheet(f'<row r="1">{_cell("A1", "标题")}{_cell("B1", "退" * (limits.CELL + 1))}</row>'), "有一格超过上限 1,048,576 字"),
    (_sheet(HEAD + " " * (80 << 20)), "解压后有 .*超过上限 64 MB"),
], ids=["a row past the last", "a wide sheet", "a cell", "a bomb"])
def test_a_worksheet_without_end(tmp_path: Path, content: bytes, says: str) -> None:
    """A worksheet with rows, columns, cells or spaces without end is one line that names the file and the limit, in bounded time."""
    (tmp_path / "x.xlsx").write_bytes(content)
    done = subprocess.run([sys.executable, "-c", _READ, str(tmp_path / "x.xlsx")], capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1] if done.stderr else done.stdout
    assert "KamenError" in last and "x.xlsx：" in last, last
    assert re.search(says, last), last


@pytest.mark.parametrize("dimension", ['<dimension ref="A1:XFD1048576"/>', '<dimension ref="A1"/>', ""])
def test_what_a_sheet_says_of_its_size_is_not_believed(dimension: str) -> None:
    """A sheet that says it is larger or smaller than it is gives its own rows, no more and no fewer, quickly."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    assert list(tabular.read_bytes(_sheet(HEAD + LAST, dimension), "x.xlsx")) == [{"标题": "点卡", "正文": "不退"}]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 30
