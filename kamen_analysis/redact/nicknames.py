"""Whether what stands behind a word for a person is a nickname, judged by how jieba cuts the clause around it."""

from __future__ import annotations

import functools
import re

from kamen_analysis.redact.kinds import lists
from kamen_analysis.redact.names import AMOUNTS, Judge, labels, ordinary, pieces, writing

_AABB = re.compile(r"(.)\1(.)\2$")  # 叽叽歪歪: how somebody acts
_PARTICLES = {"ul", "ug", "uz", "y"}  # 了, 过, 着, 吗
_SIDES = frozenset("上下前后里外中内间左右旁面边头")
_FINAL = frozenset("呀啊哦哟喔嘛啦")
_PHRASES = range(2, 8)  # characters of a set phrase
_SET = {"i", "l"}  # set phrases: 口口声声, 装聋作哑
_LONG = 5  # characters of a nickname that is made of ordinary words
_NOBODY_LAST = frozenset("群人号店家员队组里上下中边们部台司处方天次年月日时会")  # 管理员群, 工作人
_DOUBLED = re.compile(r"(.)\1")


@functools.cache
def _manner() -> frozenset[str]:
    return frozenset(lists()["manner"])


def phrase(words: str, start: int, end: int) -> int | None:
    """Return `end` unless what is called a nickname is one ordinary word, begins within one, or is a sentence: it has a particle
    in it, or says how something is written."""
    around = pieces(words, start, end)
    inside = [(word, tag) for low, high, word, tag in around if low >= start and high <= end]
    if (len(inside) == 1 and inside[0][0] in ordinary()) or (inside and inside[0][1] == "f" and inside[0][0][-1] in _SIDES):
        return None
    if any(low < start < high and word in ordinary() for low, high, word, _tag in around):
        return None
    if inside and inside[-1][0] in _FINAL:
        inside.pop()  # 今天也要早睡呀
    return None if any(tag in _PARTICLES or word in writing() for word, tag in inside) else end


def odd(words: str, start: int, end: int) -> int | None:
    """Return `end` unless what is called a nickname is an ordinary word: it names nobody."""
    return None if words[start:end] in ordinary() else end


def nickname(words: str, start: int, end: int) -> int | None:
    """Return `end` if what follows a word for a person is no predicate and nothing that person has.

    It begins with neither a verb nor a word of grammar, says neither I nor you, and a word in it is no ordinary one.
    """
    inside = [piece for piece in pieces(words, start, end) if piece[1] > start and piece[0] < end]
    if not inside or inside[0][0] < start or inside[-1][1] > end or _is_predicate(inside[0][3]) or _AABB.match(words, start, end):
        return None
    if inside[0][3] in _SET or any(words[start:start + length] in _manner() for length in _PHRASES):
        return None
    if any(tag in _PARTICLES or tag == "r" for *_, tag in inside):
        return None
    return end if any(len(word) > 1 and tag not in AMOUNTS and not _is_ordinary(word) for *_, word, tag in inside) else None


def _is_ordinary(word: str) -> bool:
    return word in ordinary() or (len(word) == 4 and word[:2] in ordinary() and word[2:] in ordinary())


def _is_predicate(tag: str) -> bool:
    """Tell whether a part of speech is a verb's, an adverb's or that of a word of grammar."""
    return tag == "ad" or tag[0] in "vdpcrmuft"


def moniker(words: str, start: int, end: int) -> int | None:
    """Return `end` if what stands between a word for a person and what that person does is a nickname, ordinary words or not.

    Of ordinary words it is one where it begins with a doubled sign (甜甜…), or where it ends as speech does (…呀), or of five characters
    or more with one that stands by itself (…粥), and neither who nor where is told.
    """
    if (stop := nickname(words, start, end)) is not None:
        return stop
    last = words[end - 1]
    is_word = words[start:start + 2] in ordinary() and last not in _FINAL
    if is_word or any(words[start:start + length] in _manner() for length in _PHRASES):
        return None
    if _DOUBLED.match(words, start):
        return end
    inside = [(word, tag) for low, high, word, tag in pieces(words, start, end) if high > start and low < end]
    is_told = any((tag[0] in "rdpcfsut" or tag in _PARTICLES or word in labels() or word in writing()) and word not in _FINAL
                  for word, tag in inside)
    ends_alone = last in _FINAL or (end - start >= _LONG and inside[-1][0][0] == last and last not in _NOBODY_LAST)
    return end if ends_alone and not is_told and inside[0][1][0] not in "vda" else None


NICKNAMES: dict[str, Judge] = {judge.__name__: judge for judge in (nickname, moniker, phrase, odd)}
