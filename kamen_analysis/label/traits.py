"""Traits of whole texts that speak for or against a type of post: length, layout, who is there, whether it asks."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.codebook import coding
from kamen_analysis.kernels import compiled
from kamen_analysis.label._hits import Hits, inside
from kamen_analysis.label.glance import found, where
from kamen_analysis.label.text import Bools, Codes, Ints, Texts

TRAITS = ("blank", "babble", "short", "long", "impersonal", "third_person", "addressing", "nobody", "timeless", "listed", "priced",
          "no_deal", "numbered", "ends_asking", "pure_question")
_NUMBERED = re.compile(r"第[一二三四五六]|(?:^|[\n。;；:：])\s*(?:[一二三四五六七]|\d{1,2})\s?[、.．)）](?!\d)|其[一二三四]|[①②③④]")
_NUMBERING = "第其、.．)）①②③④"  # One of these is in each number of a list.
_ASKING = re.compile(r"[?？吗呢嘛]\s{0,9}(?:谢谢|谢)?[\s。!！?？]{0,40}$|怎么办[\s。]{0,40}$")
_ASKED, _TAIL = "?？吗呢嘛怎", 56  # A match of _ASKING begins with one of these, at most so many characters before the end.
# Words that ask; words that tell of something done; counts of money and time; prices.
_WHICH = re.compile(r"[?？吗呢]|什么|怎[么样]|多少|几[个天年]|如何|(?<!去)哪|去哪(?!儿)|是否|能[否不]|会不会|可不可以|谁")
_DONE = re.compile(r"[了咗被过没不一昨今刚买充付拍订收少错](?:(?<=[了咗被昨刚])|(?<=过)(?<![超通]过)|(?<=没)[^有]|(?<=不)[到给上动]"
                   r"|(?<=一)直|(?<=今)天|(?<=[买充付拍订])的|(?<=收)到|(?<=拍)下|(?<=[少错])一)")
_COUNTED = re.compile(r"\d{2}|[一二两三四五六七八九十百千]多?(?:块|元|天|个月|年|周)")
_PRICED = re.compile(r"(?:\d|[一二两三四五六七八九十百千])(?:元|块|毛)|[一-龥]卡[\d一二三四五六七八九十百]+(?![\d月日天年])")
_DEALS = ("bought", "citizen", "consumer", "settled")
_TIMED = ("dated", "said", "legal", "asks")
_PERSONS = ("own", "kin", "citizen")
_HAN = (0x4E00, 0x9FFF)
_ASKS, _LISTS, _IS_HAN = 1, 2, 4  # Bits of what a character is.


class _Tally(NamedTuple):
    """Counts of each post: its Chinese characters, those that number lists, and those near the end that a question can begin with.

    `bits`: one of 64 set for each Chinese character; as some share a bit, there are never more bits than different characters.
    """

    han: Ints
    bits: npt.NDArray[np.uint64]
    lists: Ints
    asks: Ints


def traits(hits: Hits, quotes: tuple[Ints, Ints]) -> Bools:
    """Return (posts, TRAITS): which traits each post has; `quotes` are starts and ends of what stands in quotation marks."""
    texts = hits.texts
    n, tally = texts.lengths, _tally(texts)
    asking = where(texts, tally.asks > 0, _asks)
    lists = where(texts, tally.lists >= 3, _numbered)
    impersonal = ~hits.has(*(f"gate.{name}" for name in _PERSONS))
    done = where(texts, (n < 120) | impersonal, _DONE.search)
    asks = where(texts, (n < 120) & ~done, _WHICH.search) & ((n < 40) | asking)
    timed = hits.has(*(f"gate.{name}" for name in _TIMED))
    bought = hits.has("gate.bought")
    deals = hits.has(*(f"gate.{name}" for name in _DEALS), *(f"{name}.head" for name in coding.products().products))
    rows = {
        "short": n < 30, "long": n > 700, "impersonal": impersonal, "third_person": impersonal & _general(hits, impersonal),
        "addressing": impersonal & _addressed(hits, quotes),
        "nobody": (nobody := impersonal & ~bought) & ~_has(texts, nobody, "dated"),
        "timeless": (timeless := impersonal & (n > 50) & ~timed) & ~where(texts, timeless, _COUNTED.search), "listed": impersonal & lists,
        "priced": where(texts, impersonal & ~done, lambda text: len(_PRICED.findall(text)) > 1),
        "no_deal": ~deals, "numbered": lists, "ends_asking": asking, "pure_question": asks,
    }
    # Next to no Chinese characters; or few different ones for their number.
    rows["blank"] = tally.han < 3
    rows["babble"] = where(texts, ~rows["blank"] & (np.bitwise_count(tally.bits) < tally.han / 4), _babbles)
    return np.stack([rows[name] for name in TRAITS], axis=1)


def _has(texts: Texts, posts: Bools, group: str) -> Bools:
    # Which of `posts` have what the pattern of a group of the gate looks for.
    return found(texts, posts, coding.gate().groups[group].regex or "$^")


def _general(hits: Hits, asked: Bools) -> Bools:
    # Which of the posts `asked` speak of people in general, or read like news.
    generic = hits.has("gate.generic")
    return generic | _has(hits.texts, asked & ~generic, "news")


def _addressed(hits: Hits, quotes: tuple[Ints, Ints]) -> Bools:
    # Which posts address the reader (你) outside quotations.
    out, you = np.zeros(len(hits.texts), np.bool_), hits.get("gate.you")
    first = you._replace(end=you.start + 1)
    out[hits.texts.post(you.start[~inside(first, *quotes)])] = True
    return out


def _tally(texts: Texts) -> _Tally:
    n = len(texts)
    tally = _Tally(np.zeros(n, np.int32), np.zeros(n, np.uint64), np.zeros(n, np.int32), np.zeros(n, np.int32))
    _count(texts.codes, texts.index, texts.lengths, _kinds(), tally)
    return tally


@compiled
def _count(codes: Codes, index: Ints, lengths: Ints, kinds: npt.NDArray[np.uint8], tally: _Tally) -> None:
    for post in range(len(index)):
        end = index[post] + lengths[post]
        han, bits, lists, asks = 0, np.uint64(0), 0, 0
        for at in range(index[post], end):
            kind = kinds[min(codes[at], np.uint32(0xFFFF))]
            if kind & _IS_HAN:
                han += 1
                bits |= np.uint64(1) << np.uint64(codes[at] & np.uint32(63))
            lists += kind & _LISTS > 0
            asks += kind & _ASKS > 0 and at >= end - _TAIL
        tally.han[post], tally.bits[post], tally.lists[post], tally.asks[post] = han, bits, lists, asks


@functools.cache
def _kinds() -> npt.NDArray[np.uint8]:
    table = np.zeros(0x10000, np.uint8)
    for kind, characters in ((_ASKS, _ASKED), (_LISTS, _NUMBERING), (_IS_HAN, map(chr, range(_HAN[0], _HAN[1] + 1)))):
        table[[ord(c) for c in characters]] |= np.uint8(kind)
    return table


def _babbles(text: str) -> bool:
    han = sum(map(text.count, kinds := {c for c in text if _HAN[0] <= ord(c) <= _HAN[1]}))
    return len(kinds) < han / 4


def _numbered(text: str) -> bool:
    return len(_NUMBERED.findall(text)) >= 3


def _asks(text: str) -> bool:
    return _ASKING.search(text, max(0, len(text) - _TAIL)) is not None
