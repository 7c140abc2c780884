"""Word's contents, lists and numbered captions; the pictures inside the page."""

from __future__ import annotations

import re
import zipfile
from urllib.parse import unquote

import pytest
from lxml import etree

from kamen_analysis.report.build import ReportResult
from kamen_analysis.report.svg import address, smaller

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
SPACE = {"w": W[1:-1]}


@pytest.fixture(scope="module")
def document(made: ReportResult) -> etree._Element:
    """The body of the Word file."""
    return etree.fromstring(zipfile.ZipFile(made.folder / "report.docx").read("word/document.xml"))


def test_contents_and_two_lists_are_fields_with_lines(document: etree._Element) -> None:
    """The contents, the list of figures and that of tables are three fields, begun, separated and ended, none of them empty."""
    asked = [text.strip() for text in document.xpath("//w:instrText/text()", namespaces=SPACE)]
    assert asked == [r'TOC \o "1-2" \h \z \u', r'TOC \h \z \c "图"', r'TOC \h \z \c "表"']
    marks = document.xpath("//w:fldChar/@w:fldCharType", namespaces=SPACE)
    assert marks == ["begin", "separate", "end"] * 3
    lines = document.xpath("//w:p[w:pPr/w:pStyle/@w:val='TableofFigures']", namespaces=SPACE)
    captions = document.xpath("//w:p[w:pPr/w:pStyle[@w:val='ImageCaption' or @w:val='TableCaption']]", namespaces=SPACE)
    assert len(lines) == len(captions) > 30


def test_every_line_leads_to_its_caption(document: etree._Element) -> None:
    """Each line of the lists links to a bookmark that is there, and no two to the same."""
    known = set(document.xpath("//w:bookmarkStart/@w:name", namespaces=SPACE))
    links = document.xpath("//w:p[w:pPr/w:pStyle/@w:val='TableofFigures']//w:hyperlink/@w:anchor", namespaces=SPACE)
    assert set(links) <= known and len(links) == len(set(links))


def test_captions_count_themselves(document: etree._Element) -> None:
    """The number of a caption is a SEQ field of its kind, in order from 1: a table put in renumbers those after it."""
    for kind in ("图", "表"):
        fields = document.xpath(f"//w:fldSimple[contains(@w:instr, 'SEQ {kind} ')]", namespaces=SPACE)
        assert ["".join(field.itertext()) for field in fields] == [str(i + 1) for i in range(len(fields))] and fields


def test_a_picture_in_the_page_is_the_picture_of_the_folder(made: ReportResult) -> None:
    """Inside the page a figure keeps every element and its size, loses comments, and holds no mark that could end the attribute."""
    for path in sorted((made.folder / "figures").glob("*.svg"))[:6]:
        whole = path.read_text(encoding="utf-8")
        inside = address(whole)
        assert not set('"<>#') & set(inside.removeprefix("data:image/svg+xml,"))
        again = etree.fromstring(unquote(inside.removeprefix("data:image/svg+xml,")).encode())
        before = etree.fromstring(re.sub(r"<metadata>.*?</metadata>", "", whole, flags=re.DOTALL).encode())
        assert [one.tag for one in again.iter(etree.Element)] == [one.tag for one in before.iter(etree.Element)]
        assert len(inside) < len(whole) and again.get("viewBox") == before.get("viewBox")


def test_only_what_no_eye_sees_is_rounded() -> None:
    """Coordinates keep two decimals, scales under one all of theirs, styles become attributes, a path its commands."""
    svg = '<svg a="1"><!-- x --><path d="M 12.34567 -8 \nL 0.01234 5" style="fill: #fff; stroke: none" transform="scale(0.015625)"/></svg>'
    assert smaller(svg) == '<svg a="1"><path d="M12.34-8L0.01234 5" fill="#fff" stroke="none" transform="scale(0.015625)"/></svg>'
