"""A crawl as its own process, to be killed: `crawler.py URL HOME MAX_PAGES`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

from kamen_analysis.captures import policy
from kamen_analysis.captures.crawl import CrawlSummary, crawl
from kamen_analysis.captures.fetch import Session
from kamen_analysis.captures.page import Page


def links(page: Page) -> Iterator[str]:
    """The links of a page of the test site."""
    return (urljoin(page.url, href) for href in re.findall(r'href="([^"]+)"', page.text()))


def run(url: str, raw: Path, max_pages: int) -> CrawlSummary:
    """Crawl the test site's list and posts without pause."""
    with Session(policy.load(hosts=["127.0.0.1"], allow_loopback=True, pause_s=0), raw, "board") as session:
        return crawl(session, [f"{url}/list/1"], links, max_pages)


if __name__ == "__main__":
    print(run(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
