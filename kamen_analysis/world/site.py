"""The world served on loopback as a complaint board, with the difficulties of a real one.

List pages shift while one reads them (the last entries of a page come again on the next), some requests are answered 503 once, some
pages are in GBK or state no charset, deleted posts answer 410, members' pages show a login form, and answers are compressed and carry
an ETag. Paths that robots.txt forbids are traps: requests for them are recorded in `Site.trespasses`.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from kamen_analysis.world.model import World
from kamen_analysis.world.pages import Pages, page

PAGE_SIZE = 30
SHIFT_EVERY, SHIFT = 7, 2  # after every 7 list pages the list has moved on by 2 entries
FORBIDDEN = ("/admin/", "/user/", "/search")
ROBOTS = "User-agent: *\n" + "".join(f"Disallow: {path}\n" for path in FORBIDDEN) + "Allow: /\n"
GBK_EVERY, SILENT_EVERY, BUSY_EVERY, REMOVED_EVERY, MEMBERS_EVERY = 97, 89, 400, 600, 1100


@dataclass(frozen=True)
class Answer:
    """A response: status, content type, body, body compressed by gzip, and ETag."""

    status: int
    kind: str
    body: bytes
    packed: bytes
    tag: str


def _answer(status: int, kind: str, body: bytes) -> Answer:
    return Answer(status, kind, body, gzip.compress(body, 1, mtime=0), f'"{hashlib.sha1(body).hexdigest()[:16]}"')


@dataclass(eq=False)
class Site:
    """The board: its address, its answers, and a record of the requests.

    `entries`: (complaint number, row) as the lists show them; `removed`, `members`: numbers in the lists that cannot be read.
    """

    pages: Pages
    url: str = ""
    trespasses: list[str] = field(default_factory=list)
    requests: int = 0
    removed: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._cache: dict[str, Answer] = {}
        self._refused: set[str] = set()
        self._lock = threading.Lock()
        self.entries = list(self._entries())

    def _entries(self) -> Iterator[tuple[str, int]]:
        """Yield the entries of the lists, newest first: the posts, and between them some that cannot be read (deleted, members only)."""
        for place, (name, row) in enumerate(reversed(self.pages.rows.items()), 1):
            yield name, row
            unread = str(int(name) - 1)  # the number before a post's is free, unless the post is a second target
            if unread not in self.pages.rows and place % REMOVED_EVERY == 50:
                self.removed.append(unread)
                yield unread, row
            elif unread not in self.pages.rows and place % MEMBERS_EVERY == 70:
                self.members.append(unread)
                yield unread, row

    def answer(self, target: str) -> Answer:
        """Return the answer to a request for `target` (path and query)."""
        path = urlsplit(target).path
        with self._lock:
            self.requests += 1
            if path.startswith(FORBIDDEN):
                self.trespasses.append(target)
            if self._is_busy(path) and target not in self._refused:
                self._refused.add(target)
                return _answer(503, "text/html; charset=utf-8", page(self.pages.world, "繁忙", "<p>请稍后再试</p>").encode())
        if target not in self._cache:
            self._cache[target] = self._render(path, target)
        return self._cache[target]

    def _is_busy(self, path: str) -> bool:
        row = self.pages.rows.get(path.removeprefix("/c/"))
        return row is not None and row % BUSY_EVERY == BUSY_EVERY // 2

    def _render(self, path: str, target: str) -> Answer:
        name = path.removeprefix("/c/")
        if path == "/robots.txt":
            return _answer(200, "text/plain; charset=utf-8", ROBOTS.encode())
        if path in ("/", "/list"):
            return self._html(200, self._listing(target))
        if path.startswith("/c/") and name in self.pages.rows:
            row = self.pages.rows[name]
            return self._html(200, self.pages.complaint(row), row)
        if path.startswith("/c/") and name in self.removed:
            return self._html(410, page(self.pages.world, "已删除", '<p class="gone">该投诉已删除</p>'))
        if path.startswith("/c/") and name in self.members:
            return self._html(200, page(self.pages.world, "登录", '<form class="login" method="post"><input name="phone"></form>'))
        return self._html(404, page(self.pages.world, "没有这一页", "<p>没有这一页</p>"))

    def _html(self, status: int, text: str, row: int = -1) -> Answer:
        if row > 0 and row % GBK_EVERY == 0:
            body = text.replace('charset="utf-8"', 'charset="gbk"', 1).encode("gbk", "xmlcharrefreplace")
            return _answer(status, "text/html; charset=gbk", body)
        return _answer(status, "text/html" if row > 0 and row % SILENT_EVERY == 0 else "text/html; charset=utf-8", text.encode())

    def _listing(self, target: str) -> str:
        asked = parse_qs(urlsplit(target).query).get("page", ["1"])[0]
        number = int(asked) if asked.isdecimal() and int(asked) > 0 else 1
        first = self.offset(number)
        return self.pages.listing(number, first + PAGE_SIZE >= len(self.entries), self.entries[first : first + PAGE_SIZE])

    @staticmethod
    def offset(number: int) -> int:
        """Return the index of the first entry of list page `number`, which the shifts of the list move back."""
        return (number - 1) * PAGE_SIZE - (number - 1) // SHIFT_EVERY * SHIFT


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        answer = self.server.site.answer(self.path)
        status, body = answer.status, answer.body
        lines = [f"ETag: {answer.tag}", f"Content-Type: {answer.kind}", "Vary: Accept-Encoding"]
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            lines.append("Retry-After: 0")
        if status == HTTPStatus.OK and self.headers.get("If-None-Match") == answer.tag:
            status, body = HTTPStatus.NOT_MODIFIED, b""
        elif "gzip" in self.headers.get("Accept-Encoding", ""):
            lines.append("Content-Encoding: gzip")
            body = answer.packed
        lines.append(f"Content-Length: {len(body)}")
        head = f"HTTP/1.1 {int(status)} {HTTPStatus(status).phrase}\r\n" + "\r\n".join(lines) + "\r\n\r\n"
        self.wfile.write(head.encode("latin-1") + body)

    def log_message(self, format: str, *args: object) -> None:
        """Write no access log; the board counts its requests itself."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    site: Site


@contextmanager
def serve(world: World) -> Iterator[Site]:
    """Serve `world` on 127.0.0.1 at a free port until the block ends."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.site = Site(Pages(world))
    server.site.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
