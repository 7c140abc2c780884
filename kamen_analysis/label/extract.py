"""Facts a complaint states, with their spans: amounts, how it was paid, evidence kept, channels tried, remedy asked."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kamen_analysis import zh
from kamen_analysis.codebook import coding
from kamen_analysis.label._hits import MARKS
from kamen_analysis.label._lexicon import Hit, Lexicon

_LOOK_BACK = 6  # A denial ends at most so many characters before the word it denies.
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0, "俩": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10000}
HAN = "零〇一二两三四五六七八九十百千万"
UNITS = f"{HAN}几多来块元蚊圆r大刀米"  # Characters that can follow a numeral in a sum.
# Bounded, since a run of thousands of digits would else be read anew from each of them; no sum has more.
_NUMBER = r"\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,6})?|\d{1,12}(?:\.\d{1,6})?"
_MONEY = r"块钱|元|块|蚊|圆|rmb|大洋|刀(?!片)|米(?=[\s,。，!！]|$)"
_AMOUNT = re.compile(
    rf"[¥￥]\s?(?P<sign>{_NUMBER})"
    rf"|(?P<sum>\d{{1,12}}(?:\.\d{{1,6}})?(?:\s?\+\s?\d{{1,12}}(?:\.\d{{1,6}})?){{1,20}})(?:{_MONEY})?"
    rf"|(?<![\d.])(?P<unit>{_NUMBER})\s?(?P<big>[kw千万百])?多?(?:{_MONEY})"
    rf"|(?<![\d.])(?P<bigonly>{_NUMBER})(?P<letter>[kw千万])(?![a-z\d])"
    rf"|(?:(?<=[花充付转退扣交卖买价])|(?<=[花充付转退扣交卖]了)|(?<=练费|肝费|学费|会费|年费)|(?<=押金|定金|面值|金额|到账|到手|收到|卡上|卡里|账上|赔了|打了|余额|退回|退我|退给|给我|了我|回来|扣掉|扣除|返还|退还|实退|一共))(?P<bare>{_NUMBER})"
    r"(?![\d.,]*\s?(?:[a-z%％\d月号日点天次年张个位条颗级分秒件箱本部台小:：/×*\-]|多次|多个))"
    rf"|(?<![\d.])(?P<tag>\d{{2,12}}(?:\.\d{{1,6}})?)(?=的(?:[一-龥]{{0,4}}(?:卡|券|码|号|币|会员|课|单|套餐|礼包)|退))"
    rf"|(?P<han>[{HAN}]{{0,15}}[{HAN}])[几多来]?(?:{_MONEY})(?P<tail>[一二三四五六七八九](?![{HAN}个张次天]))?"
    rf"|(?:(?<=[花充付转退扣交卖价])|(?<=[花充付转退扣交卖]了))(?P<hanbare>[一二两三四五六七八九]{{1,9}}[百千万][{HAN}]{{0,15}})(?![个张次天年月人位])"
    rf"|(?P<hanpair>[一二两三四五六七八九][百千万][一二三四五六七八九])(?![{HAN}个张次天年月人位多])")

# Where a sum can begin: not inside a number, unless its last digits begin an addition (68+30) and the whole would be too long for a sum.
_FIRST = re.compile(rf"[¥￥\d{HAN}](?:(?<=[¥￥])|(?<=\d)(?<!\d\d)|(?<=\d)(?=\d{{0,11}}(?:\.\d{{1,6}})?\s?\+)|(?<=[{HAN}])(?=[{UNITS}]))")


class Extract(NamedTuple):
    """One fact: its kind, its value (yuan for an amount, else a key of codebook/extract.yaml), and its span in the text as given."""

    kind: str
    value: str
    start: int
    end: int


def extract(text: str) -> list[Extract]:
    """Return the facts stated in `text`, in text order; a denied, planned or hypothetical one is left out."""
    folded = zh.fold(text)
    facts = amounts(folded) + _worded(folded, _lexicon().find(folded))
    return sorted(facts, key=lambda fact: (fact.start, fact.end, fact.kind))


def worded(texts: Iterable[str]) -> Iterator[list[Extract]]:
    """Yield for each text the facts of `extract` without the amounts, in the order of the codebook; fast for many texts."""
    folded = list(map(zh.fold, texts))
    return map(_worded, folded, _lexicon().find_each(folded))


def amounts(folded: str) -> list[Extract]:
    """Return the sums of money in a folded text, each in yuan: 五百块 is 500, 1.2k is 1200, 68+30 is 98."""
    return [Extract("amount", f"{_yuan(mark):g}", *mark.span()) for mark in _sums(folded)]


def _sums(folded: str) -> Iterator[re.Match[str]]:
    # _AMOUNT.finditer, but faster: tried only where a sum can begin.
    first = _FIRST.search(folded)
    while first:
        mark = _AMOUNT.match(folded, first.start())
        if mark:
            yield mark
        first = _FIRST.search(folded, mark.end() if mark else first.end())


def _yuan(mark: re.Match[str]) -> float:
    part = mark.groupdict()
    if part["sum"]:
        return sum(float(n) for n in part["sum"].split("+"))
    if worded := part["han"] or part["hanbare"] or part["hanpair"]:
        return float(f"{chinese_number(worded)}.{_DIGITS[part['tail'] or '零']}")
    number = float((part["sign"] or part["unit"] or part["bigonly"] or part["bare"] or part["tag"]).replace(",", ""))
    return number * {"k": 1000, "w": 10000, "千": 1000, "万": 10000, "百": 100}.get(part["big"] or part["letter"] or "", 1)


def chinese_number(text: str) -> int:
    """Return the value of a number in characters; a last digit after 百, 千 or 万 counts one place down: 一千二 is 1200."""
    total, section, digit, last = 0, 0, 0, 1
    for c in text:
        if c in _DIGITS:
            digit, last = _DIGITS[c], 1 if c in "零〇" else last
        elif c == "万":
            total, section, digit, last = total + (section + digit) * 10000, 0, 0, 10000
        else:
            section, digit, last = section + (digit or 1) * _UNITS[c], 0, _UNITS[c]
    return total + section + digit * (last // 10 if last > 10 else 1)


def _worded(folded: str, hits: dict[str, list[Hit]]) -> list[Extract]:
    found: list[Extract] = []
    for group, places in hits.items():
        kind, value = group.split(".", 1)
        if kind != "denied":
            spans = [(s, e) for s, e, _ in places if not _denied(folded, hits.get(f"denied.{kind}", ()), s)]
            found += [Extract(kind, value, s, e) for s, e in _merged(spans)]
    return found


def _denied(text: str, denials: Iterable[Hit], start: int) -> bool:
    return any(0 <= start - end <= _LOOK_BACK and MARKS.isdisjoint(text[end:start]) for _, end, _ in denials)


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


@functools.cache
def _lexicon() -> Lexicon:
    book = coding.extraction()
    groups = {f"{kind}.{value}": words for kind, values in book.kinds.items() for value, words in values.items()}
    masks = {f"{name}!": words.unless for name, words in groups.items() if words.unless}
    denied = {f"denied.{kind}": cues for kind, cues in book.denied.items()}
    return Lexicon({name: words.cues for name, words in groups.items()} | masks | denied)
