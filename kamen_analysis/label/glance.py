"""Try patterns on texts, but for those of the gate only on texts with one of the words that every match has: one pass finds these."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from itertools import compress, repeat
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.codebook import coding
from kamen_analysis.kernels import compiled
from kamen_analysis.label.text import Bools, Ints, Texts

_MANY = 8  # Patterns with bits of their own.
_Bits = npt.NDArray[np.uint16]


class _Tables(NamedTuple):
    """Bits of the patterns: for each character those with a word it begins (and, _MANY higher, is), and those with a word it ends."""

    first: _Bits
    second: _Bits
    bits: dict[str, int]
    titled: int  # Bits of the patterns that are looked for in titles only.


def where(texts: Texts, posts: Bools, test: Callable[[str], object]) -> Bools:
    """Return which of `posts` pass a test (with a true result); it is not run on the others."""
    return _among(posts, map(test, compress(texts.strings, posts.tolist())))


def found(texts: Texts, posts: Bools, pattern: str) -> Bools:
    """Return in which of `posts` a pattern of the gate is found: anywhere, or from the title's start to its end if it begins with \\A."""
    if bit := _tables().bits.get(pattern):
        posts = posts & (_seen(texts) & bit > 0)
    if not pattern.startswith(r"\A"):
        return where(texts, posts, re.compile(pattern).search)
    ends = (texts.titles[posts] + 1).tolist()  # With the line break.
    return _among(posts, map(re.compile(pattern).match, compress(texts.strings, posts.tolist()), repeat(0), ends))


def needed(tree: Any) -> set[str]:
    """Return words of at most two Chinese characters of which every match of a parsed pattern has one; the empty word if none is known."""
    best, run = {""}, {""}
    for op, argument in [*tree, (None, None)]:
        if letters := _letters(op, argument):
            run = {(word + letter)[:2] for word in run for letter in letters}
        else:
            best, run = min(best, run, _within(op, argument), key=lambda words: sum(2000.0 ** -len(word) for word in words)), {""}
    return best


def _letters(op: Any, argument: Any) -> list[str]:
    # The characters, all Chinese (these have no upper case), one of which must stand here.
    every = [(op, argument)] if op is sre.LITERAL else argument if op is sre.IN else []
    is_known = all(kind is sre.LITERAL and 0x4E00 <= code < 0xA000 for kind, code in every)
    return [chr(code) for _, code in every] if is_known else []


def _within(op: Any, argument: Any) -> set[str]:
    if op is sre.BRANCH:
        return set().union(*map(needed, argument[1]))
    if op in (sre.SUBPATTERN, sre.ASSERT):
        return needed(argument[-1])
    return needed(argument[2]) if op is sre.MAX_REPEAT and argument[0] else {""}


def _among(posts: Bools, results: Iterable[object]) -> Bools:
    out = np.zeros(len(posts), np.bool_)
    out[posts] = np.fromiter(results, np.bool_)
    return out


@functools.cache
def _tables() -> _Tables:
    tables = _Tables(np.zeros(1 << 16, np.uint16), np.zeros(1 << 16, np.uint16), {}, 0)
    for pattern in (group.regex for group in coding.gate().groups.values() if group.regex):
        words, bit = needed(_parser.parse(pattern)), 1 << len(tables.bits)
        if "" not in words and len(tables.bits) < _MANY:
            tables.bits[pattern] = bit
            for word in words:
                tables.first[ord(word[0])] |= bit if word[1:] else bit << _MANY
                tables.second[ord(word[-1])] |= bit
    return tables._replace(titled=sum(bit for pattern, bit in tables.bits.items() if pattern.startswith(r"\A")))


@functools.lru_cache(maxsize=1)
def _seen(texts: Texts) -> _Bits:
    # The bits of the patterns of which each post has a word.
    tables = _tables()
    return _look(texts.low, texts.index, texts.lengths, texts.titles, tables.first, tables.second, tables.titled)


@compiled
def _look(low: _Bits, index: Ints, lengths: Ints, titles: Ints, first: _Bits, second: _Bits, titled: int) -> _Bits:
    out = np.zeros(len(index), np.uint16)
    for post in range(len(index)):
        bits, begun = 0, index[post]
        for at in range(begun, begun + lengths[post]):
            kind = np.int64(first[low[at]])
            seen = kind & second[low[at + 1]] | kind >> _MANY
            bits |= seen if at - begun < titles[post] else seen & ~titled
        out[post] = bits
    return out
