"""The shared reader: whatever table a person holds, the same records come out, and damage is one clear line."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from kamen_analysis.errors import KamenError
from kamen_analysis.tabular import read_records, write_records

ROWS = [{"id": str(i), "title": "标题，带逗号", "body": '正文\n第二行"引号"'} for i in range(3)]
JSONL = "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS)


def _write(folder: Path, name: str) -> Path:
    path, table = folder / name, pd.DataFrame(ROWS)
    writers = {
        "utf8.jsonl": lambda: path.write_text(JSONL, "utf-8"), "gbk.jsonl": lambda: path.write_text(JSONL, "gbk"),
        "bom.jsonl": lambda: path.write_text(JSONL, "utf-8-sig"), "array.json": lambda: path.write_text(json.dumps(ROWS), "utf-8"),
        "utf8.csv": lambda: table.to_csv(path, index=False), "gbk.csv": lambda: table.to_csv(path, index=False, encoding="gb18030"),
        "bom.csv": lambda: table.to_csv(path, index=False, encoding="utf-8-sig"),
        "utf16.tsv": lambda: table.to_csv(path, index=False, sep="\t", encoding="utf-16"),
        "a.xlsx": lambda: table.to_excel(path, index=False), "a.parquet": lambda: table.to_parquet(path),
    }
    writers[name]()
    return path


def test_a_workbook_with_a_flipped_byte_is_one_clear_line(tmp_path: Path) -> None:
    """Wherever one byte of an .xlsx is damaged, the rows come out unchanged or the file is named as damaged."""
    body = _write(tmp_path, "a.xlsx").read_bytes()
    for at in range(0, len(body), 97):
        damaged = tmp_path / "damaged.xlsx"
        damaged.write_bytes(body[:at] + bytes([body[at] ^ 0x55]) + body[at + 1:])
        try:
            assert list(read_records(damaged)) == ROWS
        except KamenError as error:
            assert "damaged.xlsx" in str(error) and "\n" not in str(error)


@pytest.mark.parametrize("name", ["utf8.jsonl", "gbk.jsonl", "bom.jsonl", "array.json", "utf8.csv", "gbk.csv", "bom.csv", "utf16.tsv",
                                  "a.xlsx", "a.parquet"])
def test_every_form_gives_the_same_records(tmp_path: Path, name: str) -> None:
    """The same three records come out of every file form and encoding."""
    assert list(read_records(_write(tmp_path, name))) == ROWS


@pytest.mark.parametrize(("name", "cut"), [("utf8.jsonl", 7), ("utf8.csv", 4), ("a.xlsx", 400), ("a.parquet", 40)])
def test_a_cut_file_is_named_in_one_line(tmp_path: Path, name: str, cut: int) -> None:
    """A truncated file raises a one-line error that names the file."""
    path = _write(tmp_path, name)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(KamenError, match=name) as error:
        list(read_records(path))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("content", "says"), [
    (b"a,b\n1\n", "第 2 行有 1 格"), (b"a,a\n1,2\n", "重名"), (b'{"a":1}\n3\n', "第 2 行不是 JSON 对象"),
    (b'{"a":' + b"[" * 100_000, "第 1 行不是完整的 JSON"), (JSONL.encode().replace("二".encode(), b"\xff\xfe"), "第 1 行不是 UTF-8"),
    (b"\xd0\xcf\x11\xe0 old", "旧式 Excel"),
])
def test_damage_is_told_by_line(tmp_path: Path, content: bytes, says: str) -> None:
    """Bad rows, headers, nesting, bytes and forms are each told apart."""
    path = tmp_path / "bad"
    path.write_bytes(content)
    with pytest.raises(KamenError, match=says):
        list(read_records(path))


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    """A path that is not there raises KamenError, not OSError."""
    with pytest.raises(KamenError, match="打不开"):
        list(read_records(tmp_path / "none.csv"))


def test_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """'-' reads the same forms from standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(JSONL.encode("gbk"))))
    assert list(read_records("-")) == ROWS


def test_records_survive_a_round_trip(tmp_path: Path) -> None:
    """Written records read back equal, lone surrogates and line separators included, and the file is valid UTF-8."""
    rows = [{"body": "a\ud800b\u2028c\x00"}, {"body": None}]
    path = tmp_path / "out.jsonl"
    assert write_records(rows, path) == 2
    assert path.read_text("utf-8")
    assert list(read_records(path)) == rows


def test_a_failing_source_leaves_earlier_output(tmp_path: Path) -> None:
    """When reading fails midway the file written earlier stands as it was."""
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"a": 1}\n{"a": ', "utf-8")
    out.write_text("earlier", "utf-8")
    with pytest.raises(KamenError):
        write_records(read_records(source), out)
    assert out.read_text("utf-8") == "earlier"


@pytest.mark.parametrize(("line", "value"), [
    ('{"id": 123456789012345678901234567890}', 123456789012345678901234567890),
    (r'{"id": "\ud83d"}', "\ud83d"), ('{"id": 1e400}', float("inf")),
])
def test_json_is_read_as_json_reads_it(tmp_path: Path, line: str, value: object) -> None:
    """Numbers too long for 64 bits, halves of characters and overlarge floats come through the fast reader as through the usual one."""
    path = tmp_path / "a.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    assert [row["id"] for row in read_records(path)] == [value]
