"""聚投诉 (ts.21cn.com), closed: old exports of its JSON lists, which hold only the beginning of each text and no status."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from kamen_analysis.captures.page import Page
from kamen_analysis.sources import audit
from kamen_analysis.sources.base import RawPost, Reject
from kamen_analysis.sources.reading import json_object, list_in

KEY = "jutousu"
NAME_ZH = "聚投诉"
HOME = "http://ts.21cn.com"
TERMS = "网站已关闭；只收旧存档"
HOSTS = ("ts.21cn.com",)
PAUSE_S = 5.0
EXPECT = (1, 1_000_000)
FILL = {"title": 0.9}
SYNTHETIC = False
FIELDS = {"id": "id", "title": "title", "shortTopic": "body", "shuqiu": "appeal", "ctime": "posted"}
IGNORED = frozenset({"username"})
STATUS: dict[str, str | None] = {}
STEPS: dict[str, str | None] = {}
SITE = "(?!)"


def pages(base: str = HOME) -> list[str]:
    """Return nothing: the site is closed."""
    return []


def links(page: Page) -> list[str]:
    """Return nothing: the site is closed."""
    return []


def parse(page: Page) -> Iterator[RawPost | Reject]:
    """Yield the posts of a list answer."""
    for record in list_in(json_object(page), "postList"):
        yield _post(record) if isinstance(record, dict) else Reject("not_a_post", "列表项不是记录")


def _post(record: dict[str, Any]) -> RawPost:
    taken, notes = audit.take(record, FIELDS, IGNORED)
    return cast(RawPost, {**{name: audit.as_text(value) for name, value in taken.items()}, "truncated": True, "notes": notes})
