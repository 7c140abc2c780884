"""The HTML pages of the demonstration board, in the form that `sources.board` reads; all text of posters is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable
from random import Random
from typing import Any

import numpy as np
import pandas as pd

from kamen_analysis.world.frames import APPEALS, statuses, targets
from kamen_analysis.world.grammar import Draft, family
from kamen_analysis.world.model import World

STEPS = {
    "posted": ("消费者", "发起投诉"), "assigned": ("系统", "已分配商家"), "merchant_replied": ("商家", "商家回复"),
    "added": ("消费者", "消费者补充"), "merchant_says_resolved": ("商家", "商家申请完成"),
    "consumer_confirmed": ("消费者", "消费者确认完成"),
    "auto_closed": ("系统", "系统自动完成"), "closed": ("平台", "投诉关闭"), "withdrawn": ("消费者", "消费者撤诉"),
}
_ADDED_EVERY, _ADDED_AFTER = 20, pd.Timedelta(hours=3)  # every 20th post gets an addition by the consumer, so long after the reply
_FOOT = ('<footer><a rel="nofollow" href="/admin/export">管理</a> <a rel="nofollow" href="/user/home">会员</a> '
         '<a rel="nofollow" href="/search?q=1">搜索</a></footer>')


def page(world: World, title: str, inside: str) -> str:
    """Return a complete HTML page, marked as a demonstration and stating the board's time."""
    clock = f'<meta name="board-time" content="{world.as_of.astype("datetime64[s]")}+08:00">'
    return (f'<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8"><title>{html.escape(title)}</title>{clock}</head>\n'
            f'<body><p class="mark">演示数据</p>\n{inside}\n{_FOOT}</body></html>\n')


def _minute(at: pd.Timestamp) -> str:
    return f"{at:%Y年%m月%d日 %H:%M}"


class Pages:
    """Every page of the board, rendered on demand from a world."""

    def __init__(self, world: World) -> None:
        shown = world.posts.index[world.posts["shown"]]
        seen = world.events[world.events["at"] <= world.as_of]
        self.world = world
        self.rows = {str(number): int(row) for number, row in zip(world.posts["number"][shown], shown, strict=True)}
        self.steps: dict[int, list[tuple[str, pd.Timestamp]]] = {}
        for row, kind, at in zip(seen["row"].tolist(), seen["kind"].tolist(), seen["at"].tolist(), strict=True):
            self.steps.setdefault(row, []).append((kind, at))
        self.states: list[str] = statuses(world).tolist()
        self.targets = targets(world)
        self.posts: list[Any] = world.posts.to_dict("records")

    def _entry(self, name: str, row: int) -> str:
        title, shop = html.escape(self.world.texts[row].title), html.escape(self.targets[row])
        return (f'<li><a href="/c/{name}">{title}</a> <span class="target">{shop}</span> '
                f'<span class="date">{self.posts[row]["posted_at"]:%Y年%m月%d日}</span> <span class="state">{self.states[row]}</span></li>')

    def listing(self, number: int, last: bool, entries: Iterable[tuple[str, int]]) -> str:
        """Return list page `number`; each entry is (complaint number, row)."""
        lines = "\n".join(self._entry(name, row) for name, row in entries)
        back = f'<a rel="prev" href="/list?page={number - 1}">上一页</a> ' if number > 1 else ""
        ahead = "" if last else f'<a rel="next" href="/list?page={number + 1}">下一页</a>'
        return page(self.world, f"投诉列表 第{number}页", f'<ul class="list">\n{lines}\n</ul>\n<nav>{back}{ahead}</nav>')

    def complaint(self, row: int) -> str:
        """Return the page of post `row`."""
        written, post = self.world.texts[row], self.posts[row]
        amount = post["amount_yuan"]
        facts = {"投诉编号": post["number"], "投诉对象": self.targets[row], "投诉要求": APPEALS[post["number"] % len(APPEALS)],
                 "涉诉金额": None if np.isnan(amount) else f"{amount:.2f}元", "发布时间": _minute(post["posted_at"]),
                 "收录时间": _minute(post["first_seen_at"]), "状态": self.states[row]}
        listed = "\n".join(f"<dt>{key}</dt><dd>{html.escape(str(value))}</dd>" for key, value in facts.items() if value is not None)
        body = "".join(f"<p>{html.escape(line)}</p>" for line in written.body.split("\n") if line.strip())
        steps = "\n".join(self._steps(row))
        return page(self.world, written.title,
                    f'<article class="complaint">\n<h1>{html.escape(written.title)}</h1>\n<dl>\n{listed}\n</dl>\n'
                    f'<div class="content">{body}</div>\n<ol class="steps">\n{steps}\n</ol>\n</article>')

    def _steps(self, row: int) -> Iterable[str]:
        number, steps = self.posts[row]["number"], list(self.steps[row])
        replies = [at for kind, at in steps if kind == "merchant_replied"]
        if replies and number % _ADDED_EVERY == 0 and replies[0] + _ADDED_AFTER <= steps[-1][1]:
            steps = sorted([*steps, ("added", replies[0] + _ADDED_AFTER)], key=lambda step: step[1])
        wait = f"{self.world.spec.resolution.auto_close_days:g}"
        draft = Draft(Random(number), {"goods": lambda _: "订单", "target": lambda _: self.targets[row], "wait": lambda _: wait})
        for kind, at in reversed(steps):
            pool, draft.pieces = family("steps.yaml").get(kind), []
            if pool:
                draft.one(pool)
            who, what = STEPS[kind]
            text = f' <p class="text">{html.escape(draft.text())}</p>' if pool else ""
            yield f'<li><span class="who">{who}</span> <time>{at:%Y-%m-%d %H:%M:%S}</time> <b class="what">{what}</b>{text}</li>'
