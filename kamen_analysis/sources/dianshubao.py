"""电诉宝 (网经社): a complaint, or a list of them, as JSON, with the times it was filed, forwarded, answered and rated.

order_num, the number of the buyer's order at the shop, is personal and left out; a record without id gets one made from its text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, cast

from kamen_analysis.captures.page import Page
from kamen_analysis.sources import audit
from kamen_analysis.sources.base import RawPost, Reject, Step
from kamen_analysis.sources.reading import json_object, list_in

KEY = "dianshubao"
NAME_ZH = "电诉宝"
HOME = "http://show.s.315.100ec.cn"
TERMS = "网经社电诉宝公开投诉；转载须注明来源"
HOSTS = ("show.s.315.100ec.cn", "www.100ec.cn")
PAUSE_S = 5.0
EXPECT = (1, 200_000)
FILL = {"title": 0.9, "target": 0.9}
SYNTHETIC = False
FIELDS = {
    "id": "id", "title": "title", "remark2": "body", "to_company": "target", "money": "amount", "concrete_area": "issue", "state": "status",
}
IGNORED = frozenset({"category", "order_num", "company_name", "remark", "review"})
CODES = {"1": "未审核", "2": "已移交", "3": "已受理", "4": "已评价", "5": "受理无效"}
STATUS = {"未审核": None, "已移交": "assigned", "已受理": "assigned", "已评价": None, "受理无效": "closed"}
TIMES = {"time1": "提交", "time2": "移交", "time3": "回复", "time4": "评价"}
STEPS = {"提交": "posted", "移交": "assigned", "回复": "merchant_replied", "评价": None}
SITE = "(?!)"


def pages(base: str = HOME) -> list[str]:
    """Return the address of the public list."""
    return [f"{base}/Index/complain_list.html"]


def links(page: Page) -> list[str]:
    """Return nothing: the user names the complaints to fetch (kamen fetch --url)."""
    return []


def parse(page: Page) -> Iterator[RawPost | Reject]:
    """Yield the complaints of an answer."""
    for record in list_in(json_object(page), "list"):
        yield _post(record) if isinstance(record, dict) else Reject("not_a_post", "列表项不是记录")


def _post(record: dict[str, Any]) -> RawPost:
    taken, notes = audit.take(record, FIELDS, IGNORED | TIMES.keys())
    post: dict[str, Any] = {name: audit.as_text(value) for name, value in taken.items()}
    post["status"] = CODES.get(post.get("status") or "", post.get("status"))
    when = {name: at for name in TIMES if (at := audit.as_text(record.get(name))) not in (None, "", "0")}
    post["posted"] = when.get("time1")
    words = "\x1f".join(str(post.get(name)) for name in ("title", "body", "target", "posted"))
    post["id"] = post.get("id") or hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:16]
    steps = [Step(who="", what=TIMES[name], at=str(at), text="") for name, at in reversed(when.items())]
    return cast(RawPost, {**post, "steps": steps, "notes": notes})
