"""Where a name ends and whether it is one: judged by how jieba cuts the clause around it, and by which words are ordinary ones."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable

from kamen_analysis.redact.kinds import lists, read

_BEFORE, _BEHIND = 6, 6  # characters of the clause that are cut along with a candidate
_CLAUSE = re.compile(r"[^\s,，、。;；!！?？:：()（）“”\"㐀㐁]{0,6}$")
AMOUNTS = {"m", "t", "mq"}
_COMMON = {"n", "v", "vn", "a", "b", "d", "z"}

Judge = Callable[[str, int, int], int | None]
Piece = tuple[int, int, str, str]  # start, end, word, part of speech


@functools.cache
def ordinary() -> frozenset[str]:
    """Return the words of two to four characters that complaints are written in: no name or nickname begins with one.

    The words jieba's dictionary (MIT licence) counts at least 300 times, names left out, those of the project's own posts, and places.
    """
    return frozenset(read("ordinary.yaml")["ordinary"].split()) - {"公孙", "太史"} | frozenset(lists()["places"])


@functools.cache
def figures() -> frozenset[str]:
    """Return the names of well-known persons of history, novels and games, which posts mention as such."""
    return frozenset(lists()["figures"])


def person(words: str, start: int, end: int) -> int | None:
    """Return where the name that begins at `start` ends, at most at `end`; None if it is none.

    No ordinary word begins it or reaches across its first or last character.
    """
    around = pieces(words, start, end)
    is_told = words[max(0, start - 1):start] == "是" and end - start == 2  # 用的是温水
    if _is_told_of(around, start, end):
        return None
    for stop in range(end, start + 1, -1):
        if not any(_breaks(piece, start, stop) or (is_told and piece[:2] == (start, stop) and piece[3] in _COMMON) for piece in around):
            return stop
    return None


def _is_told_of(around: list[Piece], start: int, end: int) -> bool:
    """Tell whether it is an adverb and what is done or felt (都羡慕)."""
    done = {tag for low, high, word, tag in around if low == start + 1 and high >= end and word in ordinary()}
    return bool(done & {"v", "a"}) and any(piece[:2] == (start, start + 1) and piece[3] == "d" for piece in around)


def stranger(words: str, start: int, end: int) -> int | None:
    """Return where the name ends that no word announces: as `person`, no ordinary word in it or about it, and no well-known figure's."""
    stop = person(words, start, end)
    if stop is None or any(words[start:last] in figures() for last in range(stop, stop + 3)):
        return None
    for low, high, word, _tag in pieces(words, start, end):
        if high - low > 1 and low < stop and high > start and word in ordinary():
            return None
    return stop


@functools.cache
def writing() -> frozenset[str]:
    """Return the words for how something is written: they are in no name."""
    return frozenset(lists()["writing"])


def speaker(words: str, start: int, end: int) -> int | None:
    """Return `end` unless what says a line of a chat begins or ends with a role, a label or a count, or is one ordinary word."""
    inside = [(word, tag) for low, high, word, tag in pieces(words, start, end) if high > start and low < end]
    is_label = not inside or any(word in labels() for word in (inside[0][0], inside[-1][0], words[start:end]))
    is_word = len(inside) == 1 and (inside[0][0] in ordinary() or inside[0][1] in AMOUNTS)
    return None if is_label or is_word or words[start].isdecimal() else end


@functools.cache
def labels() -> frozenset[str]:
    """Return the words for roles, and what stands before a value: nobody's name."""
    names = ("labels", "roles", "role_words", "nick_roles", "name_labels", "nickname_words", "channels")
    return frozenset(word for name in names for word in lists()[name])


def called(words: str, start: int, end: int) -> int | None:
    """Return `end` if no ordinary word begins at `start` or reaches across it or across `end`, and none in it is of writing."""
    for low, high, word, _tag in pieces(words, start, end):
        if high - low > 1 and low < end and high > start and (word in writing() or (word in ordinary() and (low <= start or high > end))):
            return None
    return end


def crossed(words: str, start: int, end: int) -> int | None:
    """Return `end` unless an ordinary word reaches across `start` or `end`, or a well-known figure is meant."""
    if any(words[start:last] in figures() for last in range(end, end + 3)):
        return None
    for low, high, word, _tag in pieces(words, start, end):
        if word in ordinary() and (low < start < high or low < end < high):
            return None
    return end


@functools.lru_cache(maxsize=1 << 14)
def _cut(text: str) -> list[Piece]:
    # Several patterns ask about the same place.
    import rjieba  # reads its dictionary, which a build with nothing new can do without

    found: list[tuple[str, str]] = rjieba.tag(text)
    ends = list(itertools.accumulate(len(word) for word, _ in found))
    return [(end - len(word), end, word, tag) for end, (word, tag) in zip(ends, found, strict=True)]


def pieces(words: str, start: int, end: int) -> list[Piece]:
    """Return the words jieba cuts the surroundings into: start, end, word, part of speech."""
    before = _CLAUSE.search(words, max(0, start - _BEFORE), start)
    at = before.start() if before else start
    around = [(low + at, high + at, word, tag) for low, high, word, tag in _cut(words[at:end + _BEHIND])]
    if end - start == 3 and words[start - 1] in "人员者" and words[start - 3:start] in labels() and words[start] in _surnames():
        return [piece for piece in around if not piece[0] < start < piece[1]]  # 办理人马玉龙: the label ends before the name
    return around


@functools.cache
def _surnames() -> frozenset[str]:
    return frozenset("".join((*lists()["surnames"], *lists()["doubtful_surnames"])))


def _breaks(piece: Piece, start: int, stop: int) -> bool:
    """Tell whether a word speaks against a name from `start` to `stop`: an ordinary one that reaches across it or begins it."""
    low, high, word, _tag = piece
    return low < stop and high > start and high - low > 1 and (low <= start or high > stop) and word in ordinary()


JUDGES: dict[str, Judge] = {judge.__name__: judge for judge in (person, stranger, called, crossed, speaker)}
