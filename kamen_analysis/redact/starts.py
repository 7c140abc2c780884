"""What a pattern can begin with, character by character: a cheap look before the pattern itself."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from re import _constants as sre  # type: ignore[attr-defined]
from typing import Any

import numpy as np
import numpy.typing as npt

SIZE = 0x20001  # the last place stands for every code point from there on, and is in every set
DEPTH = 4  # characters looked at: the one before a match, and its first three

Set = int  # of code points: bit n is set if n is a member
Lead = tuple[Set, ...]  # what may stand at each of DEPTH places
_States = dict[int, Lead]  # by the place reached, DEPTH for any beyond: what stands before it

ALL: Set = (1 << SIZE) - 1
BEYOND: Set = 1 << (SIZE - 1)
ONE = (sre.LITERAL, sre.NOT_LITERAL, sre.IN, sre.ANY)
REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)
_CATEGORIES = {sre.CATEGORY_DIGIT: r"\d", sre.CATEGORY_NOT_DIGIT: r"\D", sre.CATEGORY_SPACE: r"\s", sre.CATEGORY_NOT_SPACE: r"\S",
               sre.CATEGORY_WORD: r"\w", sre.CATEGORY_NOT_WORD: r"\W"}


def lead(tree: Any) -> Lead:
    """Return what can stand right before a match of a parsed pattern and at its first places; more may be told than can, never less."""
    return _either(_sequence(tree, {1: (ALL,) * DEPTH}).values())


def bits(members: Set) -> npt.NDArray[np.bool_]:
    """Return for every code point whether it is a member."""
    return np.unpackbits(np.frombuffer(members.to_bytes(SIZE // 8 + 1, "little"), np.uint8), count=SIZE, bitorder="little").astype(np.bool_)


@functools.cache
def members(chars: str) -> npt.NDArray[np.bool_]:
    """Return a table over the code points: whether each is one of `chars`."""
    table = np.zeros(SIZE, dtype=np.bool_)
    table[[ord(char) for char in chars]] = True
    return table


def places(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """Return where in a table each code point is looked up; in the integers numpy takes quickest."""
    return np.minimum(codes, SIZE - 1).astype(np.int64)


def _either(leads: Iterable[Lead]) -> Lead:
    return tuple(functools.reduce(int.__or__, sets) for sets in zip(*leads, strict=True))


def _merged(*several: _States) -> _States:
    return {place: _either(states[place] for states in several if place in states) for place in {p for states in several for p in states}}


def _sequence(tree: Any, states: _States) -> _States:
    """Return the places reached behind a sequence."""
    for at, (op, argument) in enumerate(tree):
        if op is sre.ASSERT_NOT and argument[0] > 0 and tree[at + 1:].getwidth()[0] == 0:
            continue  # it may speak of a character behind the last that is looked at
        states = _node(op, argument, states)
    return states


def _node(op: Any, argument: Any, states: _States) -> _States:
    if op in ONE:
        return _stepped(states, one(op, argument))
    if op is sre.BRANCH:
        return _merged(*(_sequence(branch, states) for branch in argument[1]))
    if op in REPEATS:
        least, most, body = argument
        return _repeated(least, most, body, states)
    if op in (sre.SUBPATTERN, sre.ATOMIC_GROUP):
        return _sequence(argument[3] if op is sre.SUBPATTERN else argument, states)
    if op in (sre.ASSERT, sre.ASSERT_NOT):
        direction, body = argument
        return {place: _asserted(op is sre.ASSERT, body, place if direction > 0 else place - int(body.getwidth()[1]), place, known)
                for place, known in states.items()}
    return states if op is sre.AT else {DEPTH: _either(states.values())}


def _stepped(states: _States, members: Set) -> _States:
    return _merged(*({min(place + 1, DEPTH): _with(known, place, members)} for place, known in states.items()))


def _with(known: Lead, place: int, members: Set) -> Lead:
    return known if place not in range(DEPTH) else (*known[:place], known[place] & members, *known[place + 1:])


def _repeated(least: int, most: int, body: Any, states: _States) -> _States:
    reached = [states]
    for _ in range(min(most, DEPTH)):  # more often leads beyond
        reached.append(_sequence(body, reached[-1]))
    return _merged(*reached[min(least, DEPTH):])


def _asserted(is_so: bool, body: Any, start: int, place: int, known: Lead) -> Lead:
    """Return what is known at a place once something stands, or does not stand, from `start` on."""
    if place >= DEPTH:
        return known
    if is_so:
        return _either(_sequence(body, {start: known}).values())
    while len(body) == 1 and body[0][0] is sre.SUBPATTERN:
        body = body[0][1][3]
    return _with(known, start, ALL ^ one(*body[0]) | BEYOND) if len(body) == 1 and body[0][0] in ONE else known


def one(op: Any, argument: Any) -> Set:
    """Return the characters of what matches one."""
    if op is sre.ANY:
        return ALL ^ 1 << ord("\n")
    return _class(((op, argument),)) if op is not sre.IN else _class(tuple(argument))


@functools.cache
def _class(items: tuple[tuple[Any, Any], ...]) -> Set:
    members = 0
    for op, argument in items:
        if op is sre.RANGE:
            members |= (1 << min(argument[1] + 1, SIZE)) - (1 << min(argument[0], SIZE))
        elif op is sre.CATEGORY:
            members |= _category(_CATEGORIES[argument])
        elif op in (sre.LITERAL, sre.NOT_LITERAL):
            members |= 1 << min(argument, SIZE - 1)
    return (ALL ^ members if items[0][0] in (sre.NEGATE, sre.NOT_LITERAL) else members) | BEYOND


@functools.cache
def _category(name: str) -> Set:
    text = "".join(map(chr, (code if not 0xD800 <= code < 0xE000 else 0xFFFD for code in range(SIZE))))
    table = np.zeros(SIZE, dtype=bool)
    table[[match.start() for match in re.finditer(name, text)]] = True
    return int.from_bytes(np.packbits(table, bitorder="little").tobytes(), "little")
