"""Write the texts of posts from the phrase templates, and record where each tactic and each piece of personal data stands."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from kamen_analysis.world.grammar import Draft, Words, family
from kamen_analysis.world.people import KINDS
from kamen_analysis.world.spec import read
from kamen_analysis.world.written import Planted, Span, Written

if TYPE_CHECKING:
    from kamen_analysis.world.model import World

_HAN = "两三四五六七八九"
_HOSTILE = read("hostile.yaml")
# Goods for which a tactic's phrases of the group "card" fit too.
_AS_CARD = {"game_topup", "membership", "software_key", "gift_card", "virtual_currency", "other_virtual"}
# Sets of sentence endings; each post uses one set.
_STOPS = (("。",), ("。", "。", "！"), ("，", "。", "，"), ("。\n", "。"), (" ", " ", "，"), ("！", "！！", "。"), ("。", "；", "，"))


@dataclass(frozen=True)
class Post:
    """The facts that the text of one post must tell."""

    post_type: str
    shop: str
    product: str
    outcome: str
    amount: float
    posted: dt.date
    tactics: list[str]
    personal: bool
    hostile: str


def write(world: World) -> list[Written]:
    """Return the text of every post, copies included; the same seed gives the same texts."""
    random, texts = Random(world.seed), list[Written]()
    kinds, origins = world.posts["dup_kind"].tolist(), world.posts["origin"].tolist()
    for row, post in enumerate(_posts(world)):
        if kinds[row] == "first":
            texts.append(_write_post(post, random))
        else:
            source = texts[origins[row]]
            texts.append(near(source, random) if kinds[row] == "near" else source)
    return texts


def _posts(world: World) -> Iterator[Post]:
    table = world.posts
    days = table["posted_at"].to_numpy().astype("datetime64[D]").astype(object)
    names = np.asarray(world.platforms.names, dtype=object)[table["platform"]]
    columns = [table[c].tolist() for c in ("product", "outcome", "amount_yuan")]
    tactics = [[code for code in row if code] for row in world.tactics.tolist()]
    return map(Post, table["post_type"].tolist(), names.tolist(), *columns, days.tolist(), tactics,
               table["personal"].tolist(), table["hostile"].tolist())


def _plain(pool: list[Any], random: Random) -> str:
    """Return one template of a pool, rendered; its templates have no slots."""
    draft = Draft(random, {})
    draft.one(pool)
    return draft.text()


def _words(post: Post, random: Random) -> Words:
    """Return the functions that fill the slots of this post's phrases."""
    story, goods = family("story.yaml"), _plain(family("goods.yaml")[post.product]["goods"], random)
    days_ago = [random.randint(2, 45)]  # of the purchase; `later` moves on from there towards the day of posting

    def day(_: Random) -> str:
        return _day(post.posted - dt.timedelta(days=days_ago[0]))

    def later(r: Random) -> str:
        days_ago[0] = int(days_ago[0] * r.uniform(0.3, 0.9))
        return _day(post.posted - dt.timedelta(days=days_ago[0]))

    fixed = {"shop": lambda _: post.shop, "goods": lambda _: goods, "sum": lambda r: _money(post.amount, r), "day": day, "later": later,
             "kin": lambda r: _plain(story["kin"], r), "clock": lambda r: _plain(story["clocks"], r),
             "days": lambda r: _plain(story["days"], r), "n": lambda r: r.choice(_HAN), "code": lambda r: f"E{r.randint(1000, 9999)}",
             "year": lambda r: str(post.posted.year)}
    return {**fixed, **KINDS}


def _day(date: dt.date) -> str:
    return f"{date.month}月{date.day}日"


def _money(amount: float, random: Random) -> str:
    if math.isnan(amount):
        return _plain(family("story.yaml")["no_sum"], random)
    return random.choice(("{0}元", "{0}块", "{0}元", "{0}块钱", "人民币{0}元", "{0}.00元")).format(int(amount))


def _write_post(post: Post, random: Random) -> Written:
    words = _words(post, random)
    body, title = Draft(random, words), Draft(random, words)
    spans = _complaint(post, title, body) if post.post_type == "complaint" else _other(post, title, body)
    if post.hostile:
        text, times = _HOSTILE[post.hostile]
        body.say(text * times)
    marks = [Planted(name, *mark) for name, draft in (("title", title), ("body", body)) for mark in draft.marks]
    return Written(title.text(), body.text().rstrip(), spans, tuple(marks))


def _other(post: Post, title: Draft, body: Draft) -> dict[str, Span]:
    """Write a post that is not a complaint (article, ad, question …): a third to a half of its type's pieces, in any order."""
    kind = family("others.yaml")[post.post_type]
    title.one(kind["titles"])
    pieces = len(kind["pieces"])
    for piece in body.random.sample(kind["pieces"], body.random.randint((pieces + 1) // 3, (pieces + 1) // 2)):
        body.tell(piece)
        body.say(body.random.choice(("。", "。", "！", "。\n")))
    return {}


def _complaint(post: Post, title: Draft, body: Draft) -> dict[str, Span]:
    """Write a complaint; return where each tactic is told."""
    random, story, spans = body.random, family("story.yaml"), dict[str, Span]()
    title.one(story["titles"])
    if post.personal and random.random() < 0.05:
        title.say("，")
        title.tell(story["personal"]["PHONE"][0])
    stops = random.choice(_STOPS)
    for piece in _plan(post, random):
        if isinstance(piece, str):
            body.one(story["first"] if not spans else story["later"])
            start = body.length
            body.one(_phrases(piece, post.product))
            spans[piece] = ("body", start, body.length)
        else:
            body.tell(piece)
        body.say(random.choice(stops))
    return spans


def _phrases(code: str, product: str) -> list[Any]:
    phrases: dict[str, list[Any]] = family("tactics.yaml")[code]
    return phrases["any"] + (phrases.get("card", []) if product in _AS_CARD else [])


def _plan(post: Post, random: Random) -> list[Any]:
    """Return the pieces of a complaint in the order told: templates, and codes (str) in the places of tactics."""
    story = family("story.yaml")
    core: list[Any] = [random.choice(story["bought"]), random.choice(family("goods.yaml")[post.product]["problems"])]
    if random.random() < 0.25:
        core.reverse()
    silent = story["untold"] + (story["refused"] if post.outcome == "unresolved" else [])
    core += post.tactics or [random.choice(silent)]
    ending = [random.choice(story[post.outcome])] if post.outcome != "unclear" else []
    core = ending + core if ending and random.random() < 0.12 else core + ending
    for colour in random.sample(story["colours"], random.randint(1, 3)) + random.sample(story["asides"], random.random() < 0.06):
        core.insert(random.randint(1, len(core)), colour)
    if random.random() < 0.5:
        core.insert(0, random.choice(story["openings"]))
    if post.outcome != "resolved" and random.random() < 0.7:
        core.append(random.choice(story["demands"]))
    if post.personal:
        for kind in random.sample(sorted(story["personal"]), random.choice((1, 1, 2, 3))):
            core.insert(random.randint(1, len(core)), random.choice(story["personal"][kind]))
    return core


def near(source: Written, random: Random) -> Written:
    """Return a near copy of a text: words put before it and other full stops, or words put after it."""
    story = family("story.yaml")
    if random.random() < 0.5:
        before = _plain(story["near_before"], random)
        shift = len(before)
        spans = {code: (field, start + shift, end + shift) for code, (field, start, end) in source.spans.items()}
        personal = tuple(p if p.field == "title" else p._replace(start=p.start + shift, end=p.end + shift) for p in source.personal)
        return replace(source, body=before + source.body.replace("。", "！"), spans=spans, personal=personal)
    return replace(source, body=source.body + _plain(story["near_after"], random))
