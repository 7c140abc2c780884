"""中国消费者协会: article lists and articles, and the figures of its half-yearly 《全国消协组织受理投诉情况分析》.

Articles are never counted as complaints: the gate classifies them as articles. The analyses also state national figures, with which a
report may compare its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

from lxml import html

from kamen_analysis.captures.page import Page
from kamen_analysis.sources.base import RawPost, Reject, Unreadable
from kamen_analysis.sources.reading import text, tree

KEY = "cca"
NAME_ZH = "中国消费者协会"
HOME = "https://www.cca.org.cn"
TERMS = "中国消费者协会公开文章；引用须注明出处与日期"
HOSTS = ("www.cca.org.cn", "cca.org.cn")
PAUSE_S = 5.0
EXPECT = (1, 10_000)
FILL: dict[str, float] = {}
SYNTHETIC = False
FIELDS: dict[str, str] = {}
IGNORED: frozenset[str] = frozenset()
STATUS: dict[str, str | None] = {}
STEPS: dict[str, str | None] = {}
SITE = "(?!)"

_ARTICLE = re.compile(r"/detail/\d+\.html|/\d{4,}\.s?html")
_DATE = re.compile(r"20\d\d\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}(?:\s*日)?(?:\s+\d{1,2}:\d{2}(?::\d{2})?)?")
_NUMBER = r"(\d[\d,，]*(?:\.\d+)?)\s*(万|亿)?"
_TOTALS = {
    "accepted": re.compile(rf"受理(?:消费者)?投诉{_NUMBER}件"), "resolved": re.compile(rf"解决{_NUMBER}件"),
    "recovered_yuan": re.compile(rf"挽回经济损失{_NUMBER}元"),
}
_PERIOD = re.compile(r"(20\d\d)年(上半年|下半年|前三季度|[一二三四]季度)?")


@dataclass(frozen=True)
class Benchmark:
    """National figures of one period: totals (cases, yuan), and for each nature of complaint the cases and their share (0 to 1)."""

    period: str
    totals: dict[str, float]
    natures: dict[str, tuple[int, float]]
    url: str


def pages(base: str = HOME) -> list[str]:
    """Return the address of the list of complaint analyses."""
    return [f"{base}/tsdh/list"]


def links(page: Page) -> list[str]:
    """Return the addresses of the articles a list page leads to; an article's page has none."""
    root = tree(page)
    if root.find(".//h1") is not None:
        return []
    return list(dict.fromkeys(urljoin(page.url, a.get("href")) for a in root.iterfind(".//a[@href]") if _ARTICLE.search(a.get("href"))))


def parse(page: Page) -> Iterator[RawPost | Reject]:
    """Yield the article of an article page as a raw post; a list page has none."""
    root = tree(page)
    heading = root.find(".//h1")
    if heading is None:
        if not links(page):
            raise Unreadable("changed_layout", "既不是列表页也不是文章页")
        return
    dated = _DATE.search(text(root.find("body")))
    body = "\n".join(filter(None, map(text, root.iterfind(".//p"))))
    key = re.sub(r"\W+", "-", page.url.partition("://")[2]).strip("-")
    yield RawPost(id=key, url=page.url, title=text(heading), body=body, posted=dated[0] if dated else None, notes=[])


def benchmark(page: Page) -> Benchmark | None:
    """Return the national figures stated on the page of an analysis, None if it states no totals."""
    root = tree(page)
    words = re.sub(r"\s+", "", text(root.find("body")))
    found = {name: match for name, pattern in _TOTALS.items() if (match := pattern.search(words))}
    period = _PERIOD.search(text(root.find(".//h1")))
    if "accepted" not in found or not period:
        return None
    return Benchmark(period[0], {name: _number(match[1], match[2]) for name, match in found.items()}, dict(_natures(root)), page.url)


def _natures(root: html.HtmlElement) -> Iterator[tuple[str, tuple[int, float]]]:
    for row in root.iterfind(".//tr"):
        cells = [re.sub(r"[\s%％]", "", text(cell)) for cell in row if cell.tag in ("td", "th")]
        if len(cells) >= 3 and re.fullmatch(r"\d[\d,]*", cells[1]) and re.fullmatch(r"\d+(?:\.\d+)?", cells[2]):
            yield cells[0], (int(cells[1].replace(",", "")), float(cells[2]) / 100)


def _number(digits: str, scale: str | None) -> float:
    return float(re.sub("[,，]", "", digits)) * {None: 1, "万": 1e4, "亿": 1e8}[scale]
