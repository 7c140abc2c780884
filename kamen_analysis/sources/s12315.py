"""全国 12315 投诉信息公示 (published complaints as JSON) and the regulators' own exports of work orders (tables by mapping).

The site requires a slider and a token, so it is never fetched: users bring a capture from their own browser, or an export. The rows
have a category instead of a text, and not the date of filing but only that of the end. The site shows them for one year.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from kamen_analysis.captures.page import Page
from kamen_analysis.sources import audit, columns, table
from kamen_analysis.sources.base import RawPost, Reject
from kamen_analysis.sources.reading import is_markup, json_object, list_in

KEY = "s12315"
NAME_ZH = "全国12315投诉公示"
HOME = "https://tsgs.12315.cn"
TERMS = "市场监管部门依法公示的投诉信息；只收使用者自己的浏览器存档或监管部门导出"
HOSTS = ("tsgs.12315.cn", "gd.tsgs.12315.cn")
PAUSE_S = 10.0
EXPECT = (1, 10_000_000)
FILL = {"target": 0.9}
SYNTHETIC = False
FIELDS = {"id": "id", "entName": "target", "content": "title", "res": "status"}
IGNORED = frozenset({"creditNo", "entAddr", "department", "endtime"})  # endtime becomes a step (see `_post`)
ENDED = ("达成调解协议", "未达成调解协议", "双方自行和解或者投诉人撤回投诉")
STATUS = {**table.STATUS, **dict.fromkeys(ENDED, "closed")}
STEPS = {**table.STEPS, "办结$": "closed"}
SITE = table.SITE


def pages(base: str = HOME) -> list[str]:
    """Return nothing: the site does not admit programs."""
    return []


def links(page: Page) -> list[str]:
    """Return nothing: see `pages`."""
    return []


def parse(page: Page, mapping: columns.Mapping | None = None) -> Iterator[RawPost | Reject]:
    """Yield the posts of a JSON answer of the site, or of a table of work orders."""
    if not is_markup(page) and page.body.lstrip()[:1] != b"{":
        yield from table.parse(page, mapping)
        return
    for row in list_in(json_object(page), "rows"):
        yield _post(row) if isinstance(row, dict) else Reject("not_a_post", "列表项不是记录")


def _post(row: dict[str, object]) -> RawPost:
    taken, notes = audit.take(row, FIELDS, IGNORED)
    ended = audit.as_text(row.get("endtime"))
    steps = [{"who": "平台", "what": "办结", "at": ended, "text": ""}] if ended else []
    return cast(RawPost, {**{name: audit.as_text(value) for name, value in taken.items()}, "steps": steps, "notes": notes})
