"""Traits of whole texts that speak for or against a type of post: length, layout, who is there, whether it asks."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

import numpy as np

from kamen_analysis.codebook import coding
from kamen_analysis.label._hits import Hits, inside
from kamen_analysis.label.text import Bools, Indexes, Ints, Texts

TRAITS = ("blank", "babble", "short", "long", "impersonal", "third_person", "addressing", "nobody", "timeless", "listed", "priced",
          "no_deal", "numbered", "ends_asking", "pure_question")
_NUMBERED = re.compile(r"第[一二三四五六]|(?:^|[\n。;；:：])\s*(?:[一二三四五六七]|\d{1,2})\s?[、.．)）](?!\d)|其[一二三四]|[①②③④]")
_NUMBERING = "第其、.．)）①②③④"  # One of these is in each number of a list.
_ASKING = re.compile(r"[?？吗呢嘛]\s{0,9}(?:谢谢|谢)?[\s。!！?？]{0,40}$|怎么办[\s。]{0,40}$")
_ASKED, _TAIL = "?？吗呢嘛怎", 56  # With one of these begins what asks at the end, so long at most.
_WHICH = re.compile(r"[?？吗呢]|什么|怎[么样]|多少|几[个天年]|如何|(?<!去)哪|去哪(?!儿)|是否|能[否不]|会不会|可不可以|谁")
_DONE = re.compile(r"[了咗被]|(?<![超通])过|没[^有]|不[到给上动]|一直|昨|今天|刚|[买充付拍订]的|收到|拍下|少一|错一")
_COUNTED = re.compile(r"\d{2}|[一二两三四五六七八九十百千]多?(?:块|元|天|个月|年|周)")
_PRICED = re.compile(r"(?:\d|[一二两三四五六七八九十百千])(?:元|块|毛)|[一-龥]卡[\d一二三四五六七八九十百]+(?![\d月日天年])")
_DEALS = ("bought", "citizen", "consumer", "settled")
_TIMED = ("dated", "said", "legal", "asks")
_PERSONS = ("own", "kin", "citizen")
_HAN = (0x4E00, 0x9FFF)
_BITS = np.uint16(63)


def traits(hits: Hits, quotes: tuple[Ints, Ints]) -> Bools:
    """Return (posts, TRAITS): which traits each post has; `quotes` are starts and ends of what stands in quotation marks."""
    texts, gate = hits.texts, coding.gate()
    n = texts.lengths
    asking = _where(texts, texts.totals(texts.members(_ASKED), _TAIL) > 0, _asks)
    lists = _where(texts, texts.totals(texts.members(_NUMBERING)) >= 3, _numbered)
    alone = ~hits.has(*(f"gate.{name}" for name in _PERSONS))
    done = _where(texts, (n < 120) | alone, lambda text: bool(_DONE.search(text)))
    asks = _where(texts, (n < 120) & ~done, lambda text: bool(_WHICH.search(text))) & ((n < 40) | asking)
    short_of = hits.has(*(f"gate.{name}" for name in _TIMED))
    bought = hits.has("gate.bought")
    deals = hits.has(*(f"gate.{name}" for name in _DEALS), *(f"{name}.head" for name in coding.products().products))
    rows = {
        "short": n < 30, "long": n > 700, "impersonal": alone, "third_person": alone & _general(hits, alone),
        "addressing": alone & _addressed(hits, quotes),
        "nobody": _where(texts, alone & ~bought, lambda text: not searched(gate.groups["dated"].regex or "$^")(text)),
        "timeless": _where(texts, alone & (n > 50) & ~short_of, lambda text: not _COUNTED.search(text)), "listed": alone & lists,
        "priced": _where(texts, alone & ~done, lambda text: len(_PRICED.findall(text)) > 1),
        "no_deal": ~deals, "numbered": lists, "ends_asking": asking, "pure_question": asks,
    }
    rows["blank"], rows["babble"] = _empty(texts)
    return np.stack([rows[name] for name in TRAITS], axis=1)


def _where(texts: Texts, posts: Bools, test: Callable[[str], bool]) -> Bools:
    # What `test` says of the texts of `posts`; no for the others.
    out = np.zeros(len(texts), np.bool_)
    at: Indexes = np.flatnonzero(posts)
    out[at] = [test(texts.strings[post]) for post in at.tolist()]
    return out


@functools.cache
def searched(pattern: str) -> Callable[[str], bool]:
    """Return a test whether a text has the pattern; one that must stand at the text's beginning is looked for there only."""
    compiled = re.compile(pattern)
    found = compiled.match if pattern.startswith(r"\A") else compiled.search
    return lambda text: found(text) is not None


def _general(hits: Hits, alone: Bools) -> Bools:
    generic = hits.has("gate.generic")
    return generic | _where(hits.texts, alone & ~generic, searched(coding.gate().groups["news"].regex or "$^"))


def _addressed(hits: Hits, quotes: tuple[Ints, Ints]) -> Bools:
    out, you = np.zeros(len(hits.texts), np.bool_), hits.get("gate.you")
    first = you._replace(end=you.start + 1)
    out[hits.texts.post(you.start[~inside(first, *quotes)])] = True
    return out


def _empty(texts: Texts) -> tuple[Bools, Bools]:
    """Return which posts have next to no Chinese characters, and which have few different ones for their number."""
    han = texts.low - np.uint16(_HAN[0]) <= _HAN[1] - _HAN[0]
    count = texts.totals(han)
    # Each character sets one bit of 64: two of one bit make a post doubtful at worst.
    bits = np.bitwise_or.reduceat(han.astype(np.uint64) << (texts.low & _BITS), texts.index)
    blank = count < 3
    return blank, _where(texts, ~blank & (np.bitwise_count(bits) < count / 4), _babbles)


def _babbles(text: str) -> bool:
    han = sum(map(text.count, kinds := {c for c in text if _HAN[0] <= ord(c) <= _HAN[1]}))
    return len(kinds) < han / 4


def _numbered(text: str) -> bool:
    return len(_NUMBERED.findall(text)) >= 3


def _asks(text: str) -> bool:
    return _ASKING.search(text, max(0, len(text) - _TAIL)) is not None
