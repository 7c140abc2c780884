"""The gate: is a post a first-hand complaint? Evidence is weighed per type (codebook/gate.yaml) and the heaviest type wins."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import NamedTuple

from kamen_analysis.codebook import coding
from twin._lexicon import MARKS
from twin._reading import Reading, read

_HAN = re.compile(r"[\u4e00-\u9fff]")
_NUMBERED = re.compile(r"第[一二三四五六]|(?:^|[\n。;；:：])\s*(?:[一二三四五六七]|\d{1,2})\s?[、.．)）](?!\d)|其[一二三四]|[①②③④]")
_QUOTED = re.compile(r"[“\"「『][^“”\"「」『』\n]{1,200}[”\"」』]"
                     r"|(?:客服|卖家|店家|商家|对方|平台|官方|老板|店主|发卡方|他|她|群主|网点|公司)[^，。:：\n]{0,4}(?:[:：]|说|称|讲|回|答复|表示|告知)[^。！？!?\n]{1,60}"
                     r"|(?:答|回)[:：][^。！？!?\n]{1,60}|(?:公告|网页|页面|短信|邮件|弹窗|协议|回我|答复|回复)[^，。\n]{0,4}(?:说|写|称|:|：|为)[^。！？!?\n]{1,60}")
_ASKING = re.compile(r"[?？吗呢嘛]\s*(?:谢谢|谢)?[\s。!！?？]*$|怎么办[\s。]*$")


_WHICH = re.compile(r"[?？吗呢]|什么|怎[么样]|多少|几[个天年]|如何|(?<!去)哪|去哪(?!儿)|是否|能[否不]|会不会|可不可以|谁")
_DONE = re.compile(r"[了咗被]|(?<![超通])过|没[^有]|不[到给上动]|一直|昨|今天|刚|[买充付拍订]的|收到|拍下|少一|错一")
_COUNTED = re.compile(r"\d{2}|[一二两三四五六七八九十百千]多?(?:块|元|天|个月|年|周)")
_PRICED = re.compile(r"(?:\d|[一二两三四五六七八九十百千])(?:元|块|毛)|[一-龥]卡[\d一二三四五六七八九十百]+(?![\d月日天年])")
_REACH = 10  # Characters a modal word reaches inside its clause.
_HARMS = {"refused", "trouble", "said"}
_NARRATED = {*_HARMS, "bought", "settled", "spender"}
_DEALS = ("bought", "citizen", "consumer", "settled")
_TIMED = ("dated", "said", "legal", "asks")
_PERSONS = ("own", "kin", "citizen")


class Gate(NamedTuple):
    """What a post is, and the name of the evidence that weighed most for it (a group or trait of codebook/gate.yaml)."""

    post_type: str
    rule: str


@functools.lru_cache(maxsize=4)
def gate(title: str, body: str, target: str | None = None) -> Gate:
    """Return the post type (a key of `records.POST_TYPES`) and its rule; what no type speaks for is a complaint if filed or told as one.

    `target` is the party the post was filed against, when its source names one: that speaks for a complaint.
    """
    book, tally = coding.gate(), weigh(title, body, target)
    totals = {kind: sum(points.values()) for kind, points in tally.items()}
    best = max(book.order, key=lambda kind: totals.get(kind, 0.0))
    if totals.get(best, 0.0) < book.least:
        return Gate("complaint" if target or _NARRATED.intersection(tally.get("complaint", {})) else "other", "filed")
    return Gate(best, max(tally[best], key=lambda name: tally[best][name]))


def weigh(title: str, body: str, target: str | None = None) -> dict[str, dict[str, float]]:
    """Return, for each post type, the points each group or trait gives it: why the gate decided as it did."""
    reading, book = read(title, body), coding.gate()
    tally: dict[str, dict[str, float]] = {}
    for name, points, count in found(reading, book):
        for kind, worth in points.items():
            tally.setdefault(kind, {})[name] = worth * (count if worth > 0 else 1)
    if target:
        for kind, worth in book.traits["named"].points.items():
            tally.setdefault(kind, {})["named"] = worth
    return tally


def found(reading: Reading, book: coding.Gate) -> Iterator[tuple[str, coding.Points, int]]:
    """Yield the evidence in a post: its name, its points, how often it counts."""
    quotes = [mark.span() for mark in _QUOTED.finditer(reading.text)]
    modals = [end for _, end, _ in reading.hits.get("gate.unreal")]
    said: set[str] = set()
    for name, key, group in _groups():
        hits = reading.hits.spans.get(key)
        if not hits and not group.regex:
            continue
        plain = group.quoted and not (group.real and modals)
        counted = hits or () if plain else [h for h in hits or () if _counts(reading.text, h[0], h[1], group, quotes, modals)]
        count = min(group.cap, len({hit[2] for hit in counted}))
        if not count and group.regex and _compiled(group.regex).search(reading.text):
            count = 1
        if count:
            said.add(name)
            yield name, group.points, count
    traits = list(_traits(reading))
    if "bought" in said and said & _HARMS and not {"third_person", "pure_question"}.intersection(traits):
        traits.append("case")
        if "own" in said and said & {"said", "refused"}:
            traits.append("told")
    for name in traits:
        yield name, book.traits[name].points, 1


def _counts(text: str, start: int, end: int, group: coding.Evidence, quotes: list[tuple[int, int]], modals: list[int]) -> bool:
    if not group.quoted and any(a <= start and end <= b for a, b in quotes):
        return False
    return not (group.real and any(0 <= start - m <= _REACH and MARKS.isdisjoint(text[m:start]) for m in modals))


@functools.cache
def _groups() -> list[tuple[str, str, coding.Evidence]]:
    return [(name, f"gate.{name}", group) for name, group in coding.gate().groups.items()]


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _traits(reading: Reading) -> Iterator[str]:
    text = reading.text
    han = _HAN.findall(text)
    if len(han) < 3:
        yield "blank"
    elif len(set(han)) < len(han) / 4:
        yield "babble"
    if len(text) < 30:
        yield "short"
    if len(text) > 700:
        yield "long"
    if not any(f"gate.{name}" in reading.hits for name in _PERSONS):
        yield "impersonal"
        if "gate.generic" in reading.hits or _compiled(coding.gate().groups["news"].regex or "$^").search(text):
            yield "third_person"
        if any(not _in_quotes(text, start) for start, _, _ in reading.hits.get("gate.you")):
            yield "addressing"
        if "gate.bought" not in reading.hits and not _compiled(coding.gate().groups["dated"].regex or "$^").search(text):
            yield "nobody"
        if len(text) > 50 and not any(f"gate.{name}" in reading.hits for name in _TIMED) and not _COUNTED.search(text):
            yield "timeless"
        if _numbered(text):
            yield "listed"
        if len(_PRICED.findall(text)) > 1 and not _DONE.search(text):
            yield "priced"
    if not any(f"gate.{name}" in reading.hits for name in _DEALS) and not any(key.endswith(".head") for key in reading.hits.spans):
        yield "no_deal"
    if _numbered(text):
        yield "numbered"
    if _ASKING.search(text):
        yield "ends_asking"
    if len(text) < 120 and _WHICH.search(text) and not _DONE.search(text) and (len(text) < 40 or _ASKING.search(text)):
        yield "pure_question"


def _in_quotes(text: str, start: int) -> bool:
    return any(mark.start() <= start < mark.end() for mark in _QUOTED.finditer(text))


def _numbered(text: str) -> bool:
    return len(_NUMBERED.findall(text)) >= 3
