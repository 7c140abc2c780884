"""A loopback site with the habits that break scrapers; each path is one habit."""

from __future__ import annotations

import gzip
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import brotli

HTML = "text/html; charset=utf-8"


@cache
def bomb(coding: str) -> bytes:
    """200 MB of zeros, compressed."""
    zeros = bytes(200 << 20)
    return gzip.compress(zeros, 1) if coding == "gzip" else brotli.compress(zeros, quality=1)


class Site:
    """The server and its settings: `robots` text (or a status to answer with), `posts` behind /list, and `hits` by path."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.robots: str | int = 404
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.posts, self.per_page, self.shift = 30, 10, False
        self.edited = False
        self.hits: Counter[str] = Counter()
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.server = ThreadingHTTPServer((host, 0), type("Bound", (_Handler,), {"site": self}))
        self.server.daemon_threads = True
        self.url = f"http://{host}:{self.server.server_port}"

    def __enter__(self) -> Site:
        Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.server.shutdown()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    site: Site

    def log_message(self, *args: Any) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.site.hits[url.path] += 1
        self.site.asked.append((self.path, dict(self.headers)))
        self.query = {key: values[0] for key, values in parse_qs(url.query).items()}
        name = url.path.strip("/").replace(".", "_").replace("-", "_").split("/")
        getattr(self, f"_{name[0]}", self._missing)(*name[1:])

    def answer(self, body: bytes | str = "", status: int = 200, kind: str | None = HTML, **headers: str) -> None:
        """Send a whole answer; header names have underscores for hyphens."""
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in ({"Content-Type": kind} if kind else {}).items() | {k.replace("_", "-"): v for k, v in headers.items()}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _missing(self, *_: str) -> None:
        self.answer("没有这一页", 404)

    def _robots_txt(self) -> None:
        if isinstance(self.site.robots, int):
            self.answer("", self.site.robots)
        else:
            self.answer(self.site.robots, kind="text/plain")

    def _post(self, number: str = "0") -> None:
        same = self.headers.get("If-None-Match") == f'"{number}"'
        body = "" if same else f"<h1>帖子 {number}</h1><p>商家拒绝退款</p>"
        self.answer(body, 304 if same else 200, None if same else HTML, ETag=f'"{number}"')

    def _list(self, number: str = "1") -> None:
        page, size = int(number), self.site.per_page
        # A site where new posts push old ones down while it is read: page n+1 repeats the end of page n.
        first = (page - 1) * size - (3 if self.site.shift and page > 1 else 0)
        links = [f"/post/{i}" for i in range(first, min(page * size, self.site.posts))]
        more = [f"/list/{page + 1}"] if page * size < self.site.posts else []
        self.answer("".join(f'<a href="{link}">x</a>' for link in links + more))

    def _busy(self, how: str = "seconds") -> None:
        times = int(self.query.get("times", 1))
        if self.site.hits[urlsplit(self.path).path] > times:
            return self.answer("好了")
        date = format_datetime(self.site.now() + timedelta(seconds=9), usegmt=True)
        later = {"seconds": "7", "date": date, "long": "86400", "rubbish": "soon"}
        return self.answer("太多了", int(self.query.get("status", 429)), **({"Retry_After": later[how]} if how in later else {}))

    def _status(self, code: str) -> None:
        self.answer("不行", int(code))

    def _drip(self, part: str = "body") -> None:
        self.close_connection = True
        if part == "body":
            self.send_response(200)
            self.end_headers()
        try:
            for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100 if part == "head" else b"x" * 100:
                self.wfile.write(bytes([byte]))
                time.sleep(0.05)
        except OSError:
            return

    def _cut(self, how: str = "length") -> None:
        self.close_connection = True
        self.send_response(200)
        body = gzip.compress("完整的正文".encode() * 100)
        self.send_header("Content-Encoding", "gzip")
        if how == "length":
            self.send_header("Content-Length", str(len(body)))
        elif how == "chunk":
            self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write((b"ffff\r\n" if how == "chunk" else b"") + body[:-20])

    def _chunked(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", HTML)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in ("分块".encode(), "正文".encode()):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def _to(self) -> None:
        self.answer("", int(self.query.get("status", 302)), None, Location=self.query["u"])

    def _loop(self, number: str = "0") -> None:
        self.answer("", 302, None, Location=f"/loop/{int(number) + 1 if 'grow' in self.query else number}?{urlsplit(self.path).query}")

    def _bomb(self, coding: str) -> None:
        self.answer(bomb(coding), Content_Encoding=coding)

    def _coded(self, coding: str) -> None:
        body = "压缩的正文".encode()
        self.answer(gzip.compress(body) if coding == "gzip" else brotli.compress(body), Content_Encoding=coding)

    def _charset(self, how: str) -> None:
        body = "投诉：不给退款"
        shapes = {"none": (body.encode("gbk"), "text/html"), "wrong": (body.encode("gbk"), "text/html; charset=utf-8"),
                  "latin": (body.encode(), "text/html; charset=iso-8859-1"), "absent": (body.encode("gb18030"), None)}
        self.answer(shapes[how][0], kind=shapes[how][1])

    def _big(self, megabytes: str) -> None:
        self.answer(b"<p>" + b"x" * (int(megabytes) << 20))

    def _endless(self) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            while True:
                self.wfile.write(b"x" * 65536)
        except OSError:
            return

    def _edit(self, number: str) -> None:
        self.answer(f"<p>帖子 {number}{'，已补充' if self.site.edited else ''}</p>")

    def _gone(self, number: str) -> None:
        self.answer("该投诉已删除" if self.site.edited else f"帖子 {number}", 410 if self.site.edited else 200)

    def _login(self) -> None:
        self.answer("<title>请登录</title><form>登录后查看</form>")
