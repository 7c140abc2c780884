"""The pages of the PDF: what belongs together stands together, in the order of the text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from kamen_analysis.report.build import ReportResult

Place = tuple[int, float]  # page, points from its top
HEIGHT = 841.89
CAPTION = re.compile(r"[图表] ?\d+\s*\D")
NUMBER = re.compile(r"(?<=\d)\s.*|(?<=\d)[^\d.].*", re.DOTALL)  # all but "3.1", "图 1" or "表 1"


def lines(path: Path) -> list[tuple[Place, str]]:
    """Return every line of a PDF with its place, in the order of reading."""
    found: list[tuple[Place, str]] = []
    for number, page in enumerate(PdfReader(path).pages):
        rows: dict[int, str] = {}

        def keep(text: str, user: list[float], line: list[float], *_: object, rows: dict[int, str] = rows) -> None:
            height = round(HEIGHT - (line[4] * user[1] + line[5] * user[3] + user[5]))
            rows[height] = rows.get(height, "") + text.strip()

        page.extract_text(visitor_text=keep)
        found += [((number, float(height)), text) for height, text in sorted(rows.items()) if text]
    return found


def headings(reader: PdfReader, items: list[Any]) -> list[tuple[Place, str]]:
    """Return the headings of a PDF as its outline names them, with their places."""
    found: list[tuple[Place, str]] = []
    for one in items:
        if isinstance(one, list):
            found += headings(reader, one)
        else:
            found.append(((reader.get_destination_page_number(one), HEIGHT - float(one.top)), str(one.title)))
    return found


@pytest.fixture(scope="module")
def pdf(made: ReportResult) -> Path:
    """The PDF of the small world."""
    return made.folder / "report.pdf"


@pytest.fixture(scope="module")
def chapters(pdf: Path) -> list[tuple[Place, str]]:
    """The numbered headings of the PDF."""
    reader = PdfReader(pdf)
    return [(place, title) for place, title in headings(reader, reader.outline) if title[0].isdigit()]


def test_what_the_text_calls_up_stands_where_it_does(made: ReportResult, pdf: Path, chapters: list[tuple[Place, str]]) -> None:
    """Headings and captions follow each other on the pages as in the web page: no figure has slipped above its heading."""
    captions = [(place, text) for place, text in lines(pdf) if place[0] > 1 and CAPTION.match(text)]
    page = (made.folder / "report.html").read_text(encoding="utf-8")
    told = re.findall(r"<(?:h[12]|figcaption|caption)\b[^>]*>([^<]+)", page)
    wanted = [NUMBER.sub("", text) for text in told if text[0].isdigit() or CAPTION.match(text)]
    assert len(captions) > 40
    assert [NUMBER.sub("", text) for _, text in sorted(captions + chapters)] == wanted


def test_no_heading_stands_alone_at_the_foot(chapters: list[tuple[Place, str]]) -> None:
    """Below every heading there are at least four centimetres of the page's 253 mm for what it is the heading of."""
    assert max(top for (_, top), title in chapters) < HEIGHT - (22 + 40) * 72 / 25.4
