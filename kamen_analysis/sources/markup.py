"""HTML as lxml reads it: a page's tree, and the text of an element with its line breaks."""

from __future__ import annotations

from lxml import etree, html

from kamen_analysis.captures.page import Page
from kamen_analysis.sources.base import Unreadable

_UNWRITABLE = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF])


def tree(page: Page) -> html.HtmlElement:
    """Return the root of a page's HTML; raise Unreadable where there is none."""
    text = page.text().translate(_UNWRITABLE)
    if not text.strip():
        raise Unreadable("empty", "空页面")
    try:
        root = html.document_fromstring(text.encode(), parser=html.HTMLParser(encoding="utf-8", remove_comments=True))
    except etree.ParserError:
        raise Unreadable("damaged", "页面里没有内容") from None
    if root.xpath("//input[@type='password'] | //form[@class='login']"):
        raise Unreadable("login_required", "登录页")
    return root


def text(element: html.HtmlElement | None) -> str:
    """Return the text of an element, `<br>` as a line break; "" for None."""
    if element is None:
        return ""
    for line_break in element.iter("br"):
        line_break.tail = "\n" + (line_break.tail or "")
    return str(element.text_content()).strip()


def paragraphs(element: html.HtmlElement | None) -> str:
    """Return the paragraphs of an element, one a line; where it has none, its text."""
    if element is None:
        return ""
    return "\n".join(text(p) for p in element.iterfind("p")) or text(element)
