"""What part of a pattern may match, told coarsely: by place, or in all."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from re import _constants as sre  # type: ignore[attr-defined]
from typing import Any, NamedTuple

from kamen_analysis.redact.starts import ALL, BEYOND, ONE, REPEATS, Set, one


class Outline(NamedTuple):
    """What may stand at each of the first places, and how many of these a match may have; more may be told than can, never less."""

    places: list[Set]
    lengths: set[int]


def outline(trees: Iterable[Any], most: int) -> Outline:
    """Return the outline of what any of some trees matches, as far as `most` characters: longer ones are left out of `lengths`."""
    return _either([_sequence(tree, most) for tree in trees])


def firsts(tree: Any) -> Set:
    """Return what the first character of what a tree matches may be."""
    return functools.reduce(int.__or__, outline([tree], 1).places, 0)


def _either(several: list[Outline]) -> Outline:
    places = [0] * max(len(each.places) for each in several)
    for each in several:
        for place, members in enumerate(each.places):
            places[place] |= members
    return Outline(places, set[int]().union(*(each.lengths for each in several)))


def _sequence(tree: Any, most: int) -> Outline:
    whole, ahead = Outline([], {0}), ALL
    for op, argument in tree:
        if op in (sre.ASSERT, sre.ASSERT_NOT):
            ahead &= _told(op is sre.ASSERT, *argument)
            continue
        node = _node(op, argument, most)
        if node.places and 0 not in node.lengths:
            node.places[0] &= ahead
        whole, ahead = _behind(whole, node, most), ahead if op is sre.AT else ALL
    return whole


def _told(is_so: bool, direction: int, body: Any) -> Set:
    """Return what an assertion lets stand at the next place."""
    members = single(body) if direction > 0 else None
    return ALL if members is None else members if is_so else ALL ^ members | BEYOND


def _behind(some: Outline, other: Outline, most: int) -> Outline:
    if not some.lengths:
        return some
    places = [*some.places, *[0] * (min(most, max(some.lengths) + len(other.places)) - len(some.places))]
    for start in some.lengths:
        for place, members in enumerate(other.places[:most - start], start):
            places[place] |= members
    return Outline(places, {length + more for length in some.lengths for more in other.lengths if length + more <= most})


def _node(op: Any, argument: Any, most: int) -> Outline:
    if op in ONE:
        return Outline([one(op, argument)], {1})
    if op is sre.BRANCH:
        return outline(argument[1], most)
    if op in REPEATS:
        least, many, body = argument
        return _repeated(least, min(many, most), _sequence(body, most), most)
    if op in (sre.SUBPATTERN, sre.ATOMIC_GROUP):
        return _sequence(argument[3] if op is sre.SUBPATTERN else argument, most)
    if op is sre.AT:
        return Outline([], {0})
    return Outline([ALL] * most, set(range(most + 1)))


def _repeated(least: int, many: int, body: Outline, most: int) -> Outline:
    reached = [Outline([], {0})]
    for _ in range(many):
        reached.append(_behind(reached[-1], body, most))
    return _either(reached[min(least, many):])


def within(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the nodes of a tree that stand for characters, assertions left out."""
    for op, argument in tree:
        if op is sre.BRANCH:
            for branch in argument[1]:
                yield from within(branch)
        elif op in REPEATS or op is sre.SUBPATTERN:
            yield from within(argument[2 if op in REPEATS else 3])
        elif op is sre.ATOMIC_GROUP:
            yield from within(argument)
        elif op not in (sre.ASSERT, sre.ASSERT_NOT, sre.AT):
            yield op, argument


def chars(tree: Any) -> Set:
    """Return all characters that may stand in what a tree matches."""
    return functools.reduce(int.__or__, (one(*node) if node[0] in ONE else ALL for node in within(tree)), 0)


def single(body: Any) -> Set | None:
    """Return the characters of an assertion about one."""
    while len(body) == 1 and body[0][0] is sre.SUBPATTERN:
        body = body[0][1][3]
    return one(*body[0]) if len(body) == 1 and body[0][0] in ONE else None
