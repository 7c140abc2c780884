"""Archives made elsewhere, read through: WARC of any maker, HAR and MHTML of browsers."""

from __future__ import annotations

import base64
import gzip
import io
import json
import shutil
import subprocess
import time
from datetime import UTC, datetime

import pytest
from capture_helpers import imported, put
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from kamen_analysis.captures import archives
from kamen_analysis.captures.importer import import_files
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


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


def test_a_single_file_save_keeps_address_and_time(empty: Home) -> None:
    """A browser's MHTML gives the page with the address and time the browser wrote into it; one without them is refused."""
    text = ("From: <Saved by Blink>\r\nSnapshot-Content-Location: https://example.com/view/9/\r\nDate: Sun, 1 Mar 2026 10:00:00 +0800\r\n"
            'MIME-Version: 1.0\r\nContent-Type: multipart/related; type="text/html"; boundary="b"\r\n\r\n'
            "--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
            "<p>=E9=80=80=E6=AC=BE</p>\r\n--b\r\nContent-Type: image/png\r\n\r\nx\r\n--b--\r\n")
    page, = imported(empty, import_files("heimao", [put(empty, "p.mhtml", text)], empty))
    assert page.url == "https://example.com/view/9/" and "<p>退款</p>" in page.text()
    assert page.fetched_at == datetime(2026, 3, 1, 2, tzinfo=UTC)
    with pytest.raises(KamenError, match=r"q\.mhtml 不是完好的 MHTML"):
        import_files("heimao", [put(empty, "q.mhtml", text.replace("Date:", "X:"))], empty)


def har_entry(url: str, body: str, kind: str = "text/html; charset=gbk", **content: str) -> dict[str, object]:
    """One entry of a browser's HAR export."""
    sent = {"Content-Type": kind, "Content-Encoding": "br", "Set-Cookie": "SUB=secret"}
    headers = [{"name": name, "value": value} for name, value in sent.items()]
    request = {"url": url, "headers": [{"name": "Cookie", "value": "SUB=secret"}]}
    return {"startedDateTime": "2026-03-01T10:00:00.123+08:00", "request": request,
            "response": {"status": 200, "statusText": "", "headers": headers, "content": {"mimeType": kind, "text": body} | content}}


def test_a_har_keeps_dates_and_loses_cookies(empty: Home) -> None:
    """A HAR's answers keep their own time and text, whatever charset the site had declared; cookies are not stored anywhere."""
    coded = base64.b64encode("拒绝".encode("gbk")).decode()
    entries = [har_entry("https://example.com/a", "<p>退款</p>"), har_entry("https://example.com/i.png", "x", "image/png"),
               har_entry("https://example.com/b", coded, encoding="base64"), har_entry("https://example.com/c", "")]
    summary = import_files("heimao", [put(empty, "x.har", json.dumps({"log": {"entries": entries}}))], empty)
    first, second = imported(empty, summary)
    assert first.text() == "<p>退款</p>" and second.text() == "拒绝"
    assert first.fetched_at == datetime(2026, 3, 1, 2, 0, 0, 123000, tzinfo=UTC)
    assert dict(summary.skipped) and len(summary.skipped) == 2
    assert summary.warc is not None and b"secret" not in gzip.decompress(summary.warc.read_bytes())


@pytest.mark.parametrize("compress", [True, False])
def test_a_foreign_warc_is_read_through(empty: Home, compress: bool) -> None:
    """Responses and resources of another maker's WARC, compressed or not, chunked and gzipped or not, come through with their own dates."""
    zipped = gzip.compress("压缩".encode())
    chunked = b"%x\r\n" % len(zipped) + zipped + b"\r\n0\r\n\r\n"
    plain, image = [("Content-Type", "text/html")], [("Content-Type", "image/png")]
    coded = [*plain, ("Transfer-Encoding", "chunked"), ("Content-Encoding", "gzip")]
    records = [("response", "https://example.com/1", plain, "甲".encode()), ("response", "https://example.com/2", coded, chunked),
               ("response", "https://example.com/3", image, b"png"), ("resource", "https://example.com/4", [], b"{}")]
    summary = import_files("heimao", [put(empty, "x.warc.gz" if compress else "x.warc", foreign_warc(records, compress))], empty)
    found = imported(empty, summary)
    assert [(page.url[-1], page.text()) for page in found] == [("1", "甲"), ("2", "压缩"), ("4", "{}")]
    assert {page.fetched_at for page in found} == {datetime(2022, 1, 17, 4, 34, 40, tzinfo=UTC)}


def test_a_foreign_record_that_was_changed_is_left_out(empty: Home) -> None:
    """A record whose block no longer has its digest is not imported, and the summary says so."""
    content = foreign_warc([("response", "https://example.com/1", [("Content-Type", "text/html")], b"original")], compress=False)
    summary = import_files("heimao", [put(empty, "x.warc", content.replace(b"original", b"tampered"))], empty)
    assert summary.records == 0 and summary.skipped == (("x.warc", "记录与其摘要不符：1 条记录未取"),)


@pytest.mark.skipif(not shutil.which("wget"), reason="wget is not here")
def test_a_wget_warc_is_read(empty: Home, site: str) -> None:
    """What wget --warc-file writes is read as the page it fetched."""
    out = empty.root / "w"
    subprocess.run(["wget", "-q", "-O", "/dev/null", f"--warc-file={out}", f"{site}/post/1"], check=True, timeout=20)
    page, = imported(empty, import_files("board", [out.with_suffix(".warc.gz")], empty))
    assert page.url == f"{site}/post/1" and "帖子 1" in page.text()


def test_a_cut_off_foreign_warc_loses_only_its_end(empty: Home) -> None:
    """Of a WARC that breaks off, the whole records come through and the broken one is left out or named."""
    records = [("response", f"https://example.com/{n}", [("Content-Type", "text/html")], b"x" * 300) for n in range(3)]
    content = foreign_warc(records, compress=False)
    summary = import_files("heimao", [put(empty, "x.warc", content[:-100])], empty)
    assert summary.records == 2 and summary.skipped == (("x.warc", "记录不完整：1 条记录未取"),)


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_a_record_beyond_all_measure_is_left_out(empty: Home, monkeypatch: pytest.MonkeyPatch, coding: str) -> None:
    """A record larger than the cap, or one that unpacks to more, is left out by name; the others come in."""
    monkeypatch.setattr(archives, "LARGEST", 1 << 20)
    huge, kind = b"<p>" + b"0" * (2 << 20), [("Content-Type", "text/html")]
    body = gzip.compress(huge) if coding else huge
    records = [("response", "https://a.example/1", [*kind, ("Content-Encoding", coding)] if coding else kind, body),
               ("response", "https://a.example/2", kind, b"<p>ok</p>")]
    summary = import_files("board", [put(empty, "big.warc.gz", foreign_warc(records))], empty)
    assert summary.records == 1 and "超过 1 MB" in summary.skipped[0][1]


@pytest.mark.parametrize("piece", [b"\0" * 64, b"a: b\r\n"], ids=["a line", "lines"])
@pytest.mark.parametrize("start", [b"", b"WARC/1.0\r\n"], ids=["from its start", "in its headers"])
def test_headers_without_end_are_refused(empty: Home, start: bytes, piece: bytes) -> None:
    """A few packed bytes that unpack to headers without end are one line, long before they are unpacked."""
    path = put(empty, "x.warc.gz", gzip.compress(start + piece * ((64 << 20) // len(piece)), 1))
    before = time.process_time()
    with pytest.raises(KamenError, match=r"x\.warc\.gz"):
        list(archives.read_warc(path))
    assert time.process_time() - before < 5


@pytest.mark.parametrize("compress", [True, False])
def test_many_records_without_a_body_are_all_read(empty: Home, compress: bool) -> None:
    """The bound on headers holds for each record, not for a file of thousands."""
    url = f"https://example.com/{'a' * 1500}"
    whole = foreign_warc([("response", url, [("Content-Type", "text/html")], b"")] * 900, compress)
    path = put(empty, "x.warc.gz" if compress else "x.warc", whole)
    assert len(list(archives.read_warc(path))) == 900
