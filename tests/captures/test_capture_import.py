"""User files into WARC and back."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from capture_helpers import imported, put

from kamen_analysis.captures import importer, shelf, sidecar, warc
from kamen_analysis.captures.importer import import_files
from kamen_analysis.captures.verify import verify
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, sha256
from kamen_analysis.sources import base, table

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def test_each_loose_file_is_one_record_byte_for_byte(empty: Home) -> None:
    """Every exported kind becomes one resource record that holds exactly the file's bytes."""
    names = ["a.html", "b.json", "c.jsonp", "d.jsonl", "e.csv", "f.xlsx", "g.parquet", "中文 名.csv"]
    files = [put(empty, name, f"内容 {name}".encode()) for name in names]
    found = imported(empty, import_files("table", files, empty))
    assert [page.body for page in found] == [path.read_bytes() for path in files]
    assert [page.digest for page in found] == [sha256(path) for path in files]
    assert found[4].url == "file:///e.csv" and found[4].content_type == "text/csv"
    assert found[7].url == "file:///%E4%B8%AD%E6%96%87%20%E5%90%8D.csv"


def test_an_import_is_dated_by_the_import_not_by_the_file(empty: Home) -> None:
    """A loose file's modification time is not believed: the record carries the time of the import, in UTC."""
    page, = imported(empty, import_files("table", [put(empty, "a.csv", "x")], empty, now=lambda: NOW))
    assert page.fetched_at == NOW and page.fetched_at.tzinfo is not None


def test_the_same_file_is_not_imported_twice(empty: Home) -> None:
    """A second import of the same bytes is skipped and said so, and writes no file; force takes it again."""
    path = put(empty, "a.csv", "标题,内容\n")
    first = import_files("table", [path], empty)
    again = import_files("table", [path], empty)
    assert (again.files, again.records, again.warc, again.skipped) == (0, 0, None, (("a.csv", "此前已导入"),))
    assert first.warc != import_files("table", [path], empty, force=True).warc
    assert len(list((empty.raw / "table").glob("*.warc.gz"))) == 2


def test_sidecars_form_a_chain(empty: Home) -> None:
    """Each sidecar holds the digest of its WARC and of the sidecar before it."""
    for name in ("a.csv", "b.csv", "c.csv"):
        import_files("table", [put(empty, name, name)], empty)
    chain = sidecar.entries(empty.raw / "table")
    assert [entry["previous"] for _, entry in chain] == [None, sidecar.digest(chain[0][0]), sidecar.digest(chain[1][0])]
    assert all(entry["sha256"] == sha256(path.parent / entry["warc"]) for path, entry in chain)
    assert chain[0][1]["inputs"][0]["name"] == "a.csv" and chain[0][1]["keep_until"] > "2026"


def test_what_we_write_passes_warcio_check(empty: Home) -> None:
    """The independent checker finds every digest right."""
    summary = import_files("table", [put(empty, "a.csv", "x,y\n"), put(empty, "b.html", "<p>甲</p>" * 9000)], empty)
    command = [sys.executable, "-m", "warcio.cli", "check", "-v", str(summary.warc)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.count("digest pass") == 5


def test_a_saved_page_keeps_its_address(empty: Home) -> None:
    """The comment a browser writes into a saved page gives the record its URL."""
    html = "<!DOCTYPE html>\n<!-- saved from url=(0030)https://example.com/view/1234/ -->\n<p>正文</p>"
    page, = imported(empty, import_files("heimao", [put(empty, "saved.html", html)], empty))
    assert page.url == "https://example.com/view/1234/"


@pytest.mark.parametrize(("name", "content", "message"), [
    ("a.docx", b"x", "不认识 a.docx 的格式"), ("a.har", b"{}", "a.har 不是完好的 HAR"), ("a.har", b"\xff\x00", "a.har 不是完好的 HAR"),
    ("a.warc.gz", b"not gzip", "a.warc.gz 不是完好的 WARC"), ("a.warc", b"hello\r\n", "a.warc 不是完好的 WARC"),
])
def test_an_unreadable_file_is_one_clear_line(empty: Home, name: str, content: bytes, message: str) -> None:
    """Unknown and broken files give one Chinese line that names the file, and leave nothing half written."""
    with pytest.raises(KamenError, match=message):
        import_files("heimao", [put(empty, name, content)], empty)
    assert not list((empty.raw).rglob("*.open"))


def test_missing_and_empty_files(empty: Home) -> None:
    """A file that is not there is an error; an empty one is skipped and named."""
    with pytest.raises(KamenError, match="找不到文件"):
        import_files("table", [empty.root / "none.csv"], empty)
    assert import_files("table", [put(empty, "e.csv", b"")], empty).skipped == (("e.csv", "空文件"),)


def test_a_long_list_of_lines_becomes_several_captures(empty: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long JSONL is cut at line ends into captures of their own, each under the mapping; together they are the file, byte for byte."""
    monkeypatch.setattr(importer, "CAPTURE_BYTES", 1000)
    content = "".join(json.dumps({"id": n, "title": "标题" * 20}, ensure_ascii=False) + "\n" for n in range(50))
    mapping = put(empty, "own.yaml", "key: own\n")
    summary = import_files("table", [put(empty, "long.jsonl", content), put(empty, "b.csv", "x")], empty, mapping=mapping)
    found = [list(warc.read(path, empty.raw)) for path in summary.warcs]
    assert len(found) > 3 and all(group[0].url == "mapping:///own.yaml" for group in found)
    parts = [page for group in found for page in group if "long" in page.url]
    assert b"".join(page.body for page in parts) == content.encode() and all(page.body.endswith(b"}\n") for page in parts)
    assert summary.records == len(parts) + 1 and verify(empty).ok
    assert import_files("table", [empty.root / "inbox/long.jsonl"], empty, mapping=mapping).files == 0
    assert import_files("table", [empty.root / "inbox/b.csv"], empty).files == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_long_csv_becomes_several_captures(empty: Home, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    """A long CSV is cut between rows, never within a quoted line break; each piece is a table under the same title and header rows."""
    monkeypatch.setattr(importer, "CAPTURE_BYTES", 1000)
    head = "导出时间 2026-11-01,,\n编号,标题,正文\n"
    rows = [f'TS202611{n:04},标题,"演示数据 第{n}行\n写着""退款""，换了行"\n' for n in range(80)]
    path = put(empty, "long.csv", (head + "".join(rows)).encode(encoding))
    summary = import_files("table", [path], empty, is_header=lambda cells: "编号" in cells)
    found = [page for warc_file in summary.warcs for page in warc.read(warc_file, empty.raw)]
    start = head.encode(encoding)
    assert len(found) > 3 and all(page.body.startswith(start) for page in found)
    assert start + b"".join(page.body.removeprefix(start) for page in found) == path.read_bytes()
    read = [post for page in found for post in base.read_page(table, page).posts]
    assert [post["id"] for post in read] == [f"TS202611{n:04}" for n in range(80)] and read[7]["body"].startswith("演示数据 第7行\n")


def test_a_folder_is_searched(empty: Home) -> None:
    """A folder's readable files are taken; office lock files and others are not."""
    put(empty, "a.csv", "1")
    put(empty, "~$b.xlsx", "2")
    put(empty, "c.png", "3")
    assert import_files("table", [empty.root / "inbox"], empty).files == 1


def test_one_writer_at_a_time(empty: Home) -> None:
    """While one process writes a source, another gets a clear refusal."""
    with shelf.opened(empty.raw, "table", shelf.About("test")), pytest.raises(KamenError, match="正由另一个进程写入"):
        import_files("table", [put(empty, "a.csv", "x")], empty)


def test_a_wrong_charset_is_passed_over(empty: Home) -> None:
    """Text is read by what its bytes are where the declared charset cannot be right."""
    cases = {"gb.html": "<p>退款</p>".encode("gb18030"), "liar.html": b'<meta charset="utf-8">' + "退款".encode("gbk"),
             "default.html": b'<meta charset="iso-8859-1">' + "退款".encode(), "bom.csv": "退款".encode("utf-16"),
             "sig.csv": "退款".encode("utf-8-sig")}
    files = [put(empty, name, content) for name, content in cases.items()]
    assert all("退款" in page.text() and "\ufeff" not in page.text() for page in imported(empty, import_files("table", files, empty)))
