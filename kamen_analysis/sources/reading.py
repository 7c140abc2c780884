"""Helpers for parsers: a page as an HTML tree or a JSON object, and the text of HTML elements. Unreadable if the page is neither."""

from __future__ import annotations

import json
from typing import Any, cast

from lxml import etree, html

from kamen_analysis.captures.page import Page
from kamen_analysis.sources.base import Unreadable

_UNWRITABLE = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF])


def tree(page: Page) -> html.HtmlElement:
    """Return the root of a page's HTML; raise Unreadable if the page is empty, damaged or a login page."""
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
        line_break.tail = "\n" + (line_break.tail or "").removeprefix("\n")
    return str(element.text_content()).strip()


def paragraphs(element: html.HtmlElement | None) -> str:
    """Return the paragraphs of an element, one per line; if it has none, its text."""
    if element is None:
        return ""
    return "\n".join(text(p) for p in element.iterfind("p")) or text(element)


def is_markup(page: Page) -> bool:
    """Return whether a page is HTML rather than data."""
    return page.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"


def json_object(page: Page) -> dict[str, Any]:
    """Return the page's JSON object; raise Unreadable, with different reasons for login page, other HTML, damaged and other JSON."""
    if is_markup(page):
        tree(page)
        raise Unreadable("changed_layout", "应答是网页而不是 JSON")
    try:
        content = json.loads(page.text())
    except (ValueError, RecursionError):
        raise Unreadable("damaged", "不是完整的 JSON") from None
    if not isinstance(content, dict):
        raise Unreadable("changed_layout", "不是 JSON 对象")
    return cast(dict[str, Any], content)


def list_in(content: dict[str, Any], name: str) -> list[Any]:
    """Return the list under `name`, a single object as a list of one; raise Unreadable if there is neither."""
    listed = content.get(name)
    if isinstance(listed, dict):
        return [listed]
    if not isinstance(listed, list):
        raise Unreadable("no_posts", f"应答里没有 {name}")
    return listed
