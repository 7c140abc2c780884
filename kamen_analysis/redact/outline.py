"""What part of a pattern may match, told coarsely: by place, or in all."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from re import _constants as sre  # type: ignore[attr-defined]
from typing import Any, NamedTuple

from kamen_analysis.redact.starts import ALL, ONE, REPEATS, Set, one


class Outline(NamedTuple):
    """What may stand at each of the first places, and how many of these a match may have; more may be told than can, never less."""

    places: list[Set]
    lengths: set[int]


def outline(trees: Iterable[Any], most: int) -> Outline:
    """Return the outline of what any of some trees matches, as far as `most` characters: longer ones are left out of `lengths`."""
    return _either([_sequence(tree, most) for tree in trees])


def _either(several: list[Outline]) -> Outline:
    places = [0] * max(len(each.places) for each in several)
    for each in several:
        for place, members in enumerate(each.places):
            places[place] |= members
    return Outline(places, set[int]().union(*(each.lengths for each in several)))


def _sequence(tree: Any, most: int) -> Outline:
    whole = Outline([], {0})
    for op, argument in tree:
        whole = _behind(whole, _node(op, argument, most), most)
    return whole


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
    if op in (sre.ASSERT, sre.ASSERT_NOT, sre.AT):
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
