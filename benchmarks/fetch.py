"""Pages per second of a fetch without pause on loopback, beside Scrapy writing the same pages: `python benchmarks/fetch.py [--pages N]`.

Scrapy is needed for this comparison only (`pip install scrapy`, in an environment of its own: give its Python with --scrapy).
Both obey robots.txt, find the posts through the same list pages, and keep every body; ours also keeps headers, requests and digests.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing import Process
from pathlib import Path
from urllib.parse import urljoin

from kamen_analysis.captures import policy
from kamen_analysis.captures.crawl import crawl
from kamen_analysis.captures.fetch import Session
from kamen_analysis.captures.page import Page

PORT = 18765
URL = f"http://127.0.0.1:{PORT}"
PER_LIST = 20
SPIDER = """
import sys, time, scrapy
from scrapy.crawler import CrawlerProcess
class Board(scrapy.Spider):
    name, start_urls = "board", [sys.argv[1]]
    def parse(self, response):
        yield {"url": response.url, "body": response.text}
        yield from (response.follow(link, self.parse) for link in response.css("a::attr(href)").getall())
process = CrawlerProcess({"ROBOTSTXT_OBEY": True, "DOWNLOAD_DELAY": 0, "CONCURRENT_REQUESTS_PER_DOMAIN": 16, "LOG_LEVEL": "ERROR",
                          "FEEDS": {sys.argv[2]: {"format": "jsonlines"}}})
began = time.monotonic()
process.crawl(Board)
process.start()
print(sum(1 for _ in open(sys.argv[2])), time.monotonic() - began)
"""


def body(path: str, posts: int) -> str:
    """Return a page of the site: robots.txt, a list that leads on, or a post of some 4 kB."""
    if path == "/robots.txt":
        return "User-agent: *\nDisallow: /user/\n"
    kind, number = path.strip("/").split("/")
    if kind == "post":
        return "<p>演示数据：商家拒绝退款，客服不回复。</p>" * 60 + number
    first, last = (int(number) - 1) * PER_LIST, min(int(number) * PER_LIST, posts)
    links = [f"/post/{n}" for n in range(first, last)] + ([f"/list/{int(number) + 1}"] if last < posts else [])
    return "".join(f'<a href="{link}">x</a>' for link in links)


def serve(posts: int) -> None:
    """Serve the site until killed: a bare server, so that it is not what is measured."""
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                data = body(request.split(b" ", 2)[1].decode(), posts).encode()
                head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(data)}\r\n\r\n"
                writer.write(head.encode() + data)
                await writer.drain()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", PORT)
        await server.serve_forever()

    asyncio.run(main())


def links(page: Page) -> Iterator[str]:
    """The links of a page."""
    return (urljoin(page.url, href) for href in re.findall(r'href="([^"]+)"', page.text()))


def ours(folder: Path, pages: int) -> float:
    """Return our pages per second."""
    began = time.monotonic()
    with Session(policy.load(hosts=["127.0.0.1"], allow_loopback=True, pause_s=0), folder, "bench") as session:
        fetched = crawl(session, [f"{URL}/list/1"], links, 1_000_000).pages
    if fetched != pages:
        raise RuntimeError(f"{fetched} pages instead of {pages}")
    return pages / (time.monotonic() - began)


def scrapys(python: str, folder: Path, pages: int) -> float | None:
    """Return Scrapy's pages per second, None where it is not installed."""
    if subprocess.run([python, "-c", "import scrapy"], capture_output=True, check=False).returncode:
        return None
    # Scrapy reads its callbacks' source, so the spider must be a file.
    spider = folder / "spider.py"
    spider.write_text(SPIDER, encoding="utf-8")
    done = subprocess.run([python, str(spider), f"{URL}/list/1", str(folder / "out.jsonl")], capture_output=True, text=True, check=True)
    fetched, seconds = done.stdout.split()
    if int(fetched) != pages:
        raise RuntimeError(f"Scrapy wrote {fetched} pages instead of {pages}: {done.stderr[-500:]}")
    return pages / float(seconds)


def main() -> None:
    """Measure both in turn, three times, and print the best of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--scrapy", default=sys.executable, metavar="PYTHON")
    asked = parser.parse_args()
    server = Process(target=serve, args=(asked.pages,), daemon=True)
    server.start()
    time.sleep(0.5)
    best: dict[str, float] = {}
    pages = asked.pages + -(-asked.pages // PER_LIST)
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            for name, rate in (("kamen", ours(Path(folder), pages)), ("scrapy", scrapys(asked.scrapy, Path(folder), pages))):
                best[name] = max(best.get(name, 0), rate or 0)
    server.terminate()
    found = {"pages": pages, **{f"{name}_pages_per_s": round(rate) for name, rate in best.items() if rate}}
    if best["scrapy"]:
        found["ratio_scrapy"] = round(best["kamen"] / best["scrapy"], 2)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
