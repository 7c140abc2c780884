"""User files into WARC and back."""

from __future__ import annotations

import base64
import gzip
import io
import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from kamen_analysis.captures import importer, shelf, sidecar, warc
from kamen_analysis.captures.importer import ImportSummary, import_files
from kamen_analysis.captures.page import Page
from kamen_analysis.captures.verify import verify
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, sha256

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


@pytest.fixture
def where(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path)


def put(where: Home, name: str, content: bytes | str) -> Path:
    """Write a user's file outside the home's data."""
    path = where.root / "inbox" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def pages(where: Home, summary: ImportSummary) -> list[Page]:
    """Read back what an import wrote."""
    assert summary.warc is not None
    return list(warc.read(summary.warc, where.raw))


def foreign_warc(records: list[tuple[str, str, list[tuple[str, str]], bytes]], compress: bool = True) -> bytes:
    """A WARC of another maker's hand: (type, url, http headers, body)."""
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=compress)
    for kind, url, headers, body in records:
        http = StatusAndHeaders("200 OK", headers, protocol="HTTP/1.1") if kind == "response" else None
        dated = {"WARC-Date": "2022-01-17T04:34:40Z"}
        record = writer.create_warc_record(url, kind, io.BytesIO(body), http_headers=http, length=len(body), warc_headers_dict=dated)
        writer.write_record(record)
    return out.getvalue()


def test_each_loose_file_is_one_record_byte_for_byte(where: Home) -> None:
    """Every exported kind becomes one resource record that holds exactly the file's bytes."""
    names = ["a.html", "b.json", "c.jsonp", "d.jsonl", "e.csv", "f.xlsx", "g.parquet", "中文 名.csv"]
    files = [put(where, name, f"内容 {name}".encode()) for name in names]
    found = pages(where, import_files("table", files, where))
    assert [page.body for page in found] == [path.read_bytes() for path in files]
    assert [page.digest for page in found] == [sha256(path) for path in files]
    assert found[4].url == "file:///e.csv" and found[4].content_type == "text/csv"
    assert found[7].url == "file:///%E4%B8%AD%E6%96%87%20%E5%90%8D.csv"


def test_an_import_is_dated_by_the_import_not_by_the_file(where: Home) -> None:
    """A loose file's modification time is not believed: the record carries the time of the import, in UTC."""
    page, = pages(where, import_files("table", [put(where, "a.csv", "x")], where, now=lambda: NOW))
    assert page.fetched_at == NOW and page.fetched_at.tzinfo is not None


def test_the_same_file_is_not_imported_twice(where: Home) -> None:
    """A second import of the same bytes is skipped and said so, and writes no file; force takes it again."""
    path = put(where, "a.csv", "标题,内容\n")
    first = import_files("table", [path], where)
    again = import_files("table", [path], where)
    assert (again.files, again.records, again.warc, again.skipped) == (0, 0, None, (("a.csv", "此前已导入"),))
    assert first.warc != import_files("table", [path], where, force=True).warc
    assert len(list((where.raw / "table").glob("*.warc.gz"))) == 2


def test_sidecars_form_a_chain(where: Home) -> None:
    """Each sidecar holds the digest of its WARC and of the sidecar before it."""
    for name in ("a.csv", "b.csv", "c.csv"):
        import_files("table", [put(where, name, name)], where)
    chain = sidecar.entries(where.raw / "table")
    assert [entry["previous"] for _, entry in chain] == [None, sidecar.digest(chain[0][0]), sidecar.digest(chain[1][0])]
    assert all(entry["sha256"] == sha256(path.parent / entry["warc"]) for path, entry in chain)
    assert chain[0][1]["inputs"][0]["name"] == "a.csv" and chain[0][1]["keep_until"] > "2026"


def test_what_we_write_passes_warcio_check(where: Home) -> None:
    """The independent checker finds every digest right."""
    summary = import_files("table", [put(where, "a.csv", "x,y\n"), put(where, "b.html", "<p>甲</p>" * 9000)], where)
    command = [sys.executable, "-m", "warcio.cli", "check", "-v", str(summary.warc)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.count("digest pass") == 5


def test_a_saved_page_keeps_its_address(where: Home) -> None:
    """The comment a browser writes into a saved page gives the record its URL."""
    html = "<!DOCTYPE html>\n<!-- saved from url=(0030)https://example.com/view/1234/ -->\n<p>正文</p>"
    page, = pages(where, import_files("heimao", [put(where, "saved.html", html)], where))
    assert page.url == "https://example.com/view/1234/"


def test_a_single_file_save_keeps_address_and_time(where: Home) -> None:
    """A browser's MHTML gives the page with the address and time the browser wrote into it; one without them is refused."""
    text = ("From: <Saved by Blink>\r\nSnapshot-Content-Location: https://example.com/view/9/\r\nDate: Sun, 1 Mar 2026 10:00:00 +0800\r\n"
            'MIME-Version: 1.0\r\nContent-Type: multipart/related; type="text/html"; boundary="b"\r\n\r\n'
            "--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
            "<p>=E9=80=80=E6=AC=BE</p>\r\n--b\r\nContent-Type: image/png\r\n\r\nx\r\n--b--\r\n")
    page, = pages(where, import_files("heimao", [put(where, "p.mhtml", text)], where))
    assert page.url == "https://example.com/view/9/" and "<p>退款</p>" in page.text()
    assert page.fetched_at == datetime(2026, 3, 1, 2, tzinfo=UTC)
    with pytest.raises(KamenError, match=r"q\.mhtml 不是完好的 MHTML"):
        import_files("heimao", [put(where, "q.mhtml", text.replace("Date:", "X:"))], where)


def har_entry(url: str, body: str, kind: str = "text/html; charset=gbk", **content: str) -> dict[str, object]:
    """One entry of a browser's HAR export."""
    sent = {"Content-Type": kind, "Content-Encoding": "br", "Set-Cookie": "SUB=secret"}
    headers = [{"name": name, "value": value} for name, value in sent.items()]
    request = {"url": url, "headers": [{"name": "Cookie", "value": "SUB=secret"}]}
    return {"startedDateTime": "2026-03-01T10:00:00.123+08:00", "request": request,
            "response": {"status": 200, "statusText": "", "headers": headers, "content": {"mimeType": kind, "text": body} | content}}


def test_a_har_keeps_dates_and_loses_cookies(where: Home) -> None:
    """A HAR's answers keep their own time and text, whatever charset the site had declared; cookies are not stored anywhere."""
    coded = base64.b64encode("拒绝".encode("gbk")).decode()
    entries = [har_entry("https://example.com/a", "<p>退款</p>"), har_entry("https://example.com/i.png", "x", "image/png"),
               har_entry("https://example.com/b", coded, encoding="base64"), har_entry("https://example.com/c", "")]
    summary = import_files("heimao", [put(where, "x.har", json.dumps({"log": {"entries": entries}}))], where)
    first, second = pages(where, summary)
    assert first.text() == "<p>退款</p>" and second.text() == "拒绝"
    assert first.fetched_at == datetime(2026, 3, 1, 2, 0, 0, 123000, tzinfo=UTC)
    assert dict(summary.skipped) and len(summary.skipped) == 2
    assert summary.warc is not None and b"secret" not in gzip.decompress(summary.warc.read_bytes())


@pytest.mark.parametrize("compress", [True, False])
def test_a_foreign_warc_is_read_through(where: Home, compress: bool) -> None:
    """Responses and resources of another maker's WARC, compressed or not, chunked and gzipped or not, come through with their own dates."""
    zipped = gzip.compress("压缩".encode())
    chunked = b"%x\r\n" % len(zipped) + zipped + b"\r\n0\r\n\r\n"
    plain, image = [("Content-Type", "text/html")], [("Content-Type", "image/png")]
    coded = [*plain, ("Transfer-Encoding", "chunked"), ("Content-Encoding", "gzip")]
    records = [("response", "https://example.com/1", plain, "甲".encode()), ("response", "https://example.com/2", coded, chunked),
               ("response", "https://example.com/3", image, b"png"), ("resource", "https://example.com/4", [], b"{}")]
    summary = import_files("heimao", [put(where, "x.warc.gz" if compress else "x.warc", foreign_warc(records, compress))], where)
    found = pages(where, summary)
    assert [(page.url[-1], page.text()) for page in found] == [("1", "甲"), ("2", "压缩"), ("4", "{}")]
    assert {page.fetched_at for page in found} == {datetime(2022, 1, 17, 4, 34, 40, tzinfo=UTC)}


def test_a_foreign_record_that_was_changed_is_left_out(where: Home) -> None:
    """A record whose block no longer has its digest is not imported, and the summary says so."""
    content = foreign_warc([("response", "https://example.com/1", [("Content-Type", "text/html")], b"original")], compress=False)
    summary = import_files("heimao", [put(where, "x.warc", content.replace(b"original", b"tampered"))], where)
    assert summary.records == 0 and summary.skipped == (("x.warc", "记录与其摘要不符：1 条记录未取"),)


@pytest.mark.skipif(not shutil.which("wget"), reason="wget is not here")
def test_a_wget_warc_is_read(where: Home, site: str) -> None:
    """What wget --warc-file writes is read as the page it fetched."""
    out = where.root / "w"
    subprocess.run(["wget", "-q", "-O", "/dev/null", f"--warc-file={out}", f"{site}/post/1"], check=True, timeout=20)
    page, = pages(where, import_files("board", [out.with_suffix(".warc.gz")], where))
    assert page.url == f"{site}/post/1" and "帖子 1" in page.text()


@pytest.mark.parametrize(("name", "content", "message"), [
    ("a.docx", b"x", "不认识 a.docx 的格式"), ("a.har", b"{}", "a.har 不是完好的 HAR"), ("a.har", b"\xff\x00", "a.har 不是完好的 HAR"),
    ("a.warc.gz", b"not gzip", "a.warc.gz 不是完好的 WARC"), ("a.warc", b"hello\r\n", "a.warc 不是完好的 WARC"),
])
def test_an_unreadable_file_is_one_clear_line(where: Home, name: str, content: bytes, message: str) -> None:
    """Unknown and broken files give one Chinese line that names the file, and leave nothing half written."""
    with pytest.raises(KamenError, match=message):
        import_files("heimao", [put(where, name, content)], where)
    assert not list((where.raw).rglob("*.open"))


def test_missing_and_empty_files(where: Home) -> None:
    """A file that is not there is an error; an empty one is skipped and named."""
    with pytest.raises(KamenError, match="找不到文件"):
        import_files("table", [where.root / "none.csv"], where)
    assert import_files("table", [put(where, "e.csv", b"")], where).skipped == (("e.csv", "空文件"),)


def test_a_cut_off_foreign_warc_loses_only_its_end(where: Home) -> None:
    """Of a WARC that breaks off, the whole records come through and the broken one is left out or named."""
    records = [("response", f"https://example.com/{n}", [("Content-Type", "text/html")], b"x" * 300) for n in range(3)]
    content = foreign_warc(records, compress=False)
    summary = import_files("heimao", [put(where, "x.warc", content[:-100])], where)
    assert summary.records == 2 and summary.skipped == (("x.warc", "记录不完整：1 条记录未取"),)


def test_a_long_list_of_lines_becomes_several_captures(where: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long JSONL is cut at line ends into captures of their own, each under the mapping; together they are the file, byte for byte."""
    monkeypatch.setattr(importer, "CAPTURE_BYTES", 1000)
    content = "".join(json.dumps({"id": n, "title": "标题" * 20}, ensure_ascii=False) + "\n" for n in range(50))
    mapping = put(where, "own.yaml", "key: own\n")
    summary = import_files("table", [put(where, "long.jsonl", content), put(where, "b.csv", "x")], where, mapping=mapping)
    found = [list(warc.read(path, where.raw)) for path in summary.warcs]
    assert len(found) > 3 and all(group[0].url == "mapping:///own.yaml" for group in found)
    parts = [page for group in found for page in group if "long" in page.url]
    assert b"".join(page.body for page in parts) == content.encode() and all(page.body.endswith(b"}\n") for page in parts)
    assert summary.records == len(parts) + 1 and verify(where).ok
    assert import_files("table", [where.root / "inbox/long.jsonl"], where, mapping=mapping).files == 0
    assert import_files("table", [where.root / "inbox/b.csv"], where).files == 1


def test_a_folder_is_searched(where: Home) -> None:
    """A folder's readable files are taken; office lock files and others are not."""
    put(where, "a.csv", "1")
    put(where, "~$b.xlsx", "2")
    put(where, "c.png", "3")
    assert import_files("table", [where.root / "inbox"], where).files == 1


def test_one_writer_at_a_time(where: Home) -> None:
    """While one process writes a source, another gets a clear refusal."""
    with shelf.opened(where.raw, "table", shelf.About("test")), pytest.raises(KamenError, match="正由另一个进程写入"):
        import_files("table", [put(where, "a.csv", "x")], where)


def test_a_wrong_charset_is_passed_over(where: Home) -> None:
    """Text is read by what its bytes are where the declared charset cannot be right."""
    cases = {"gb.html": "<p>退款</p>".encode("gb18030"), "liar.html": b'<meta charset="utf-8">' + "退款".encode("gbk"),
             "default.html": b'<meta charset="iso-8859-1">' + "退款".encode(), "bom.csv": "退款".encode("utf-16"),
             "sig.csv": "退款".encode("utf-8-sig")}
    files = [put(where, name, content) for name, content in cases.items()]
    assert all("退款" in page.text() and "\ufeff" not in page.text() for page in pages(where, import_files("table", files, where)))
