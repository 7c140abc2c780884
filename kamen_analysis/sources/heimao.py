"""黑猫投诉: JSON and JSONP lists (feed, company, group) and complaint pages, captured in a person's browser or from public pages.

Forms known: complaint pages of 2020-10 (without steps), JSONP of a company's complaints of 2022-01, and those of 2025 with the new
fields issue and couid and ?sld= in addresses. Authors' names are dropped; only whom a step speaks for is kept. Logins, refusals and HTTP
456 are reported, never worked around. 已完成 can be an automatic time-out: the status proves a close, never a resolution.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

from lxml import html

from kamen_analysis.captures.page import Page
from kamen_analysis.sources import audit
from kamen_analysis.sources.base import RawPost, Reject, Step, Unreadable
from kamen_analysis.sources.reading import is_markup, paragraphs, text, tree

KEY = "heimao"
NAME_ZH = "黑猫投诉"
HOME = "https://tousu.sina.com.cn"
TERMS = "新浪黑猫投诉平台公开页面；转载须遵守平台声明；搜索等页需登录，不自动访问"
HOSTS = ("tousu.sina.com.cn", "tousu.sina.cn")
PAUSE_S = 5.0
EXPECT = (1, 200_000)
FILL = {"title": 0.95, "target": 0.9, "status": 0.9}
SYNTHETIC = False
FIELDS = {
    "sn": "id", "title": "title", "cotitle": "target", "appeal": "appeal", "timestamp": "posted", "status": "status", "summary": "body",
    "url": "url", "cost": "amount", "evaluate_u": "rating", "issue": "issue",
}
IGNORED = frozenset({
    "id", "comment_id", "upvote_amount", "share_amount", "comment_amount", "ext_src", "field", "has_jury", "is_upvote", "uid", "sticky",
    "comments", "couid",
})
PAGE_FIELDS = {
    "投诉编号": "id", "投诉对象": "target", "投诉问题": "issue", "投诉要求": "appeal", "涉诉金额": "amount", "投诉进度": "status",
}
CODES = {"1": "通过审核", "3": "待分配", "4": "处理中", "6": "已回复", "7": "已完成", "8": "已关闭"}
STATUS = {
    "通过审核": None, "待分配": None, "处理中": "assigned", "已回复": "merchant_replied", "已完成": "closed", "已关闭": "closed",
    "已撤诉": "withdrawn", "已撤销": "withdrawn",
}
SITE = "黑猫|系统"
STEPS = {
    r"距离商家最新回复已经.{1,8}个?自然日|系统自动(?:完成|结案)": "auto_closed",
    r"已分配商家|已分配": "assigned", r"您投诉的商家.*未匹配成功|您好，您反馈的问题我们已经收到|.*审核通过|通过审核": None,
    r"消费者(?:发起|提交)?投诉": "posted", r"消费者.*(?:撤诉|撤销|撤回)": "withdrawn", r"消费者.*(?:确认)?完成": "consumer_confirmed",
    r"消费者.*(?:补充|追加|回复|评价)": None, r"商家.*完成": "merchant_says_resolved", r"商家.*(?:回复|处理)": "merchant_replied",
    r"(?:投诉)?已?关闭": "closed",
}

_LISTS = ("complaints", "lists", "list")
# Possessive quantifiers (*+): with backtracking, a page of blanks alone would take forever.
_JSONP = re.compile(
    r"\s*+(?:/\*.{0,20}?\*/\s*+)?(?:try\s*+\{\s*+)?[\w$.]++\s*+\(\s*+(\{.*\})\s*+\)\s*+;?\s*+"
    r"(?:\}\s*+catch\s*+\(\w*+\)\s*+\{\s*+\}\s*+;?)?\s*+", re.S,
)
_REFUSED = {10017: "login_required", 10019: "no_such_page"}
_RATINGS = frozenset({"attitude", "process", "satisfaction"})


def pages(base: str = HOME) -> list[str]:
    """Return the address of the list of newest complaints."""
    return [f"{base}/api/index/feed?type=2&page_size=10&page=1"]


def links(page: Page) -> list[str]:
    """Return the address of the next list page, according to the pager."""
    if is_markup(page):
        return []
    pager = _data(_envelope(page)).get("pager")
    following = pager.get("next") if isinstance(pager, dict) else None
    parts = urlsplit(page.url)
    asked = dict(parse_qsl(parts.query))
    if not isinstance(following, int) or str(following) == asked.get("page", "1"):
        return []
    return [parts._replace(query=urlencode({**asked, "page": following})).geturl()]


def parse(page: Page) -> Iterator[RawPost | Reject]:
    """Yield the posts of a JSON or JSONP list, or the post of a complaint page."""
    if is_markup(page):
        yield _complaint(page)
        return
    result = _envelope(page)
    data = _data(result)
    listed = next((data[name] for name in _LISTS if isinstance(data.get(name), list)), None)
    if listed is None:
        raise Unreadable("no_posts", "没有投诉列表（公司信息等）")
    for item in listed:
        yield _item(item, audit.as_text(result.get("timestamp")))


def _envelope(page: Page) -> dict[str, Any]:
    """Return the `result` object of an answer; raise Unreadable if it is incomplete or reports an error."""
    written = page.text()
    wrapped = _JSONP.fullmatch(written)
    try:
        result = json.loads(wrapped[1] if wrapped else written)["result"]
        code = result["status"]["code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Unreadable("damaged", "不是完整的 JSON/JSONP 应答") from None
    if code != 0:
        raise Unreadable(_REFUSED.get(code, "refused") if isinstance(code, int) else "refused", f"应答码 {str(code)[:10]}")
    return cast(dict[str, Any], result)


def _data(result: dict[str, Any]) -> dict[str, Any]:
    data = result.get("data")
    return data if isinstance(data, dict) else {}


def _item(item: object, seen_at: str | None) -> RawPost | Reject:
    if not isinstance(item, dict) or not isinstance(item.get("main"), dict):
        return Reject("not_a_post", "列表项没有 main")
    taken, notes = audit.take(item["main"], FIELDS, IGNORED)
    notes += audit.take(item, {}, ("main", "author"))[1]
    rating = taken.pop("rating", None)
    post: dict[str, Any] = {name: audit.as_text(value) for name, value in taken.items()}
    if isinstance(rating, dict):
        post["rating"] = {key: str(value) for key, value in rating.items() if key in _RATINGS}
        notes += audit.take(rating, {}, _RATINGS | {"evalContent"})[1]
    post["status"] = CODES.get(post.get("status") or "", post.get("status"))
    body = post.get("body") or ""
    return cast(RawPost, {**post, "url": _address(post), "truncated": body.endswith(("...", "…")), "seen_at": seen_at, "notes": notes})


def _address(post: dict[str, Any]) -> str | None:
    found = re.search(r"/complaint/view/(\w+)", post.get("url") or "", re.ASCII)
    key = found[1] if found else post.get("id")
    return f"{HOME}/complaint/view/{key}/" if key else None


def _complaint(page: Page) -> RawPost:
    root = tree(page)
    blocks = root.xpath("//div[contains(@class, 'ts-d-question')]")
    if not blocks:
        login = b"login.sina.com.cn" in page.body or "登录" in text(root.find(".//title"))
        raise Unreadable("login_required" if login else "changed_layout", "登录跳转页" if login else "没有投诉内容")
    block = blocks[0]
    lines = {text(label).rstrip("：: "): _beside(label) for label in block.xpath(".//ul[contains(@class, 'ts-q-list')]/li/label")}
    taken, notes = audit.take(lines, PAGE_FIELDS, ())
    posted = text(block.find(".//span[@class='u-date']"))
    steps, body = _history(root)
    return cast(RawPost, {**taken, "url": _address(taken), "title": text(block.find(".//h1")), "body": body, "posted": posted,
                          "steps": steps, "rating": _stars(root), "truncated": not body, "notes": notes})


def _beside(label: html.HtmlElement) -> str:
    item = label.getparent()
    return "" if item is None else text(item).removeprefix(text(label)).strip()


def _history(root: html.HtmlElement) -> tuple[list[Step], str]:
    """Return the steps of a complaint page, and its body, which is the text of the last one (the filing)."""
    items = root.xpath("//div[contains(@class, 'ts-d-steplist')]/div[contains(@class, 'ts-d-item')]")
    filer = text(items[-1].find(".//span[@class='u-name']")) if items else ""
    steps = [_step(item, filer, is_filing=item is items[-1]) for item in items]
    return steps, steps[-1].get("text", "") if steps else ""


def _step(item: html.HtmlElement, filer: str, *, is_filing: bool) -> Step:
    name, what = (text(item.find(f".//span[@class='{part}']")) for part in ("u-name", "u-status"))
    content = next(iter(item.xpath(".//div[contains(@class, 'ts-reply')] | .//div[contains(@class, 'ts-d-cont')]")), None)
    who = name if re.match(SITE, name) else "消费者" if name == filer else "商家"
    what = what or ("发起投诉" if is_filing else "" if who == name else "回复")
    return {"who": who, "what": what if who == name or what.startswith(who) else who + what,
            "at": text(item.find(".//span[@class='u-date']")), "text": paragraphs(content)}


def _stars(root: html.HtmlElement) -> dict[str, str]:
    found = {}
    for item in root.xpath("//div[contains(@class, 'ts-d-pj')]//li"):
        stars = re.search(r"star([1-5])\b", " ".join(e.get("class", "") for e in item.iter()))
        if stars:
            found[text(item).strip("：: ")[:10]] = stars[1]
    return found
