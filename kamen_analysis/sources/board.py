"""The demonstration's complaint board, served on loopback by kamen_analysis.world: invented posts on pages like those of real sites.

All pages are UTF-8 HTML (a few GBK, as their Content-Type says), and each shows `<p class="mark">演示数据</p>`; all times are Beijing
time. `<meta name="board-time" content="2026-11-01T00:00:00+08:00">` on every page is the board's own clock: a page shows the state at
that instant, whenever it is fetched, so that a demonstration post was last seen then, not at the time of the fetch.

robots.txt
    an ordinary one; no path that it forbids (for example /search, /user/) holds a complaint.
/list?page=N        N from 1; newest post first; a post may move from one page to the next during a crawl.
    <ul class="list">
      <li><a href="/c/2026080312">标题</a> <span class="target">某某卡盟</span> <span class="date">2026年08月03日</span>
          <span class="state">已回复</span></li> …
    </ul>
    <nav><a rel="prev" href="/list?page=1">上一页</a> <a rel="next" href="/list?page=3">下一页</a></nav>
    The last page has no rel="next". A page past the end has an empty list.
/c/<id>             id: letters, digits, "-" and "_".
    <article class="complaint">
      <h1>标题</h1>
      <dl>
        <dt>投诉编号</dt><dd>2026080312</dd>
        <dt>投诉对象</dt><dd>某某卡盟</dd>
        <dt>投诉要求</dt><dd>退款,赔偿</dd>              left out where the post states none
        <dt>涉诉金额</dt><dd>328.50元</dd>               left out where the post states none
        <dt>发布时间</dt><dd>2026年08月03日 21:14</dd>
        <dt>收录时间</dt><dd>2026年08月03日 21:55</dd>  when the board first showed the post: its first_seen_at
        <dt>状态</dt><dd>已回复</dd>
      </dl>
      <div class="content"><p>正文一段</p><p>又一段</p></div>
      <ol class="steps">                                newest first; the last item is the filing of the complaint
        <li><span class="who">商家</span> <time>2026-08-05 10:02:11</time> <b class="what">商家回复</b> <p class="text">您好……</p></li>
        <li><span class="who">系统</span> <time>2026-08-04 09:00:00</time> <b class="what">已分配商家</b></li>
        <li><span class="who">消费者</span> <time>2026-08-03 21:14:40</time> <b class="what">发起投诉</b></li>
      </ol>
    </article>
    状态: 待分配 处理中 已回复 已完成 已关闭 已撤诉 (who completed a post that is 已完成 is known only from its steps).
    who: 消费者 商家 平台 系统.
    what: 发起投诉 已分配商家 商家回复 消费者补充 商家申请完成 消费者确认完成 系统自动完成 投诉关闭 消费者撤诉.
    text: may be missing; that of 系统自动完成 is "距离商家最新回复已经N个自然日，系统已自动变更为已完成状态".
/c/<id> of a deleted post answers HTTP 410 with `<p class="gone">该投诉已删除</p>`, of an unknown id 404, of a post shown only to members
    200 with `<form class="login">`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast
from urllib.parse import urljoin

from lxml import html

from kamen_analysis.captures.page import Page
from kamen_analysis.sources import audit
from kamen_analysis.sources.base import RawPost, Reject, Step, Unreadable
from kamen_analysis.sources.reading import paragraphs, text, tree

KEY = "board"
NAME_ZH = "演示投诉板"
HOME = "http://127.0.0.1"
TERMS = "演示数据：本机合成，不是任何人的投诉"
HOSTS = ("127.0.0.1", "localhost")
PAUSE_S = 0.0
EXPECT = (1, 1_000_000)
FILL = {"title": 0.95, "target": 0.9, "status": 0.9, "posted_at": 0.95, "body": 0.9}
SYNTHETIC = True
FIELDS = {
    "投诉编号": "id", "投诉对象": "target", "投诉要求": "appeal", "涉诉金额": "amount", "发布时间": "posted", "收录时间": "first_seen",
    "状态": "status",
}
IGNORED: frozenset[str] = frozenset()
STATUS = {"待分配": None, "处理中": "assigned", "已回复": "merchant_replied", "已完成": "closed", "已关闭": "closed", "已撤诉": "withdrawn"}
SITE = "平台|系统"
STEPS = {
    "系统自动完成": "auto_closed", "发起投诉": "posted", "已分配商家": "assigned", "商家回复": "merchant_replied", "消费者补充": None,
    "商家申请完成": "merchant_says_resolved", "消费者确认完成": "consumer_confirmed", "投诉关闭": "closed", "消费者撤诉": "withdrawn",
}

_POST = re.compile(r"/c/[\w-]+$", re.ASCII)


def pages(base: str = HOME) -> list[str]:
    """Return the address of the first list page."""
    return [urljoin(base, "/list?page=1")]


def links(page: Page) -> list[str]:
    """Return the absolute addresses a list page leads to: its posts in order, then the next list page. A post's page has none."""
    root = tree(page)
    posts = [a.get("href", "") for a in root.xpath("//ul[@class='list']/li/a")]
    following = [a.get("href", "") for a in root.xpath("//a[@rel='next']")]
    return [urljoin(page.url, href) for href in (*filter(_POST.search, posts), *filter(None, following))]


def parse(page: Page) -> Iterator[RawPost | Reject]:
    """Yield the post of a detail page; a list page yields none."""
    root = tree(page)
    found = root.xpath("//article[@class='complaint']")
    if found:
        clock = root.xpath("//meta[@name='board-time']/@content")
        yield _post(found[0], page.url, clock[0] if clock else None)
    elif not root.xpath("//ul[@class='list']"):
        raise Unreadable("changed_layout", "既不是列表页也不是投诉页")


def _post(article: html.HtmlElement, url: str, seen_at: str | None) -> RawPost:
    terms = {text(dt): text(dt.getnext()) for dt in article.iterfind("dl/dt")}
    taken, notes = audit.take(terms, FIELDS, IGNORED)
    steps = [_step(li) for li in article.iterfind("ol[@class='steps']/li")]
    body = paragraphs(article.find("div[@class='content']"))
    return cast(RawPost, {**taken, "url": url, "title": text(article.find("h1")), "body": body,
                          "steps": steps, "seen_at": seen_at, "notes": notes})


def _step(item: html.HtmlElement) -> Step:
    return {"who": text(item.find("span[@class='who']")), "what": text(item.find("b[@class='what']")),
            "at": text(item.find("time")), "text": text(item.find("p[@class='text']"))}
