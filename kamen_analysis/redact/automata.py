"""What a pattern goes on with: a small automaton, run before the pattern itself, that passes every match and little else.

It is coarser than the pattern: what comes late, large alternatives and assertions of several characters are read as saying less than
they do. So where it stops, the pattern cannot match.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

from kamen_analysis.redact.starts import ALL, BEYOND, ONE, REPEATS, Set, one

ACCEPT = 63  # the bit of a match among those of the states
_DEPTHS = (24, 16, 12, 8, 6, 4, 3, 2)  # characters looked at: as many as the states last for
_LARGE = 40  # characters of alternatives that are told apart
_OPTIONAL = 2  # repeats that are told apart beyond those that must be

_Reached = dict[int, Set]  # states, and what may stand behind each


class Automaton(NamedTuple):
    """Of each state what character it reads, and the states behind it, as bits; `first` are those that read the one before a match."""

    reads: list[Set]
    follow: list[int]
    first: int


def automata(pattern: str) -> list[Automaton]:
    """Return automata each of which passes wherever the pattern matches: its own, and one up to the end of each look ahead."""
    return [_automaton(tree) for tree in _trees(list(_flat(_parser.parse(pattern))))]


def _flat(tree: Any) -> Iterator[tuple[Any, Any]]:
    for op, argument in tree:
        if op is sre.SUBPATTERN:
            yield from _flat(argument[3])
        else:
            yield op, argument


def _trees(nodes: list[tuple[Any, Any]]) -> Iterator[list[tuple[Any, Any]]]:
    yield nodes
    for at, (op, argument) in enumerate(nodes):
        if op is sre.ASSERT and argument[0] > 0 and _single(argument[1]) is None:
            yield [*nodes[:at], *argument[1]]


def _automaton(nodes: list[tuple[Any, Any]]) -> Automaton:
    for depth in _DEPTHS:
        made = _States(depth)
        try:
            made.accept(made.sequence(nodes, {0: ALL}))
        except OverflowError:
            continue
        return Automaton(made.reads, made.follow, made.first)
    return Automaton([ALL], [1 << ACCEPT], 1)


class _States:
    """An automaton in the making; OverflowError where it would need too many states."""

    def __init__(self, depth: int) -> None:
        self._depth, self._known = depth, dict[tuple[tuple[int, ...], Set, bool], int]()
        self.reads, self.follow, self._at, self.first = [ALL], [0], [0], 1

    def accept(self, states: Iterable[int]) -> None:
        """Let a match end at some states."""
        for state in states:
            self.follow[state] |= 1 << ACCEPT

    def sequence(self, nodes: Any, reached: _Reached) -> _Reached:
        """Return what is reached behind one node after the other."""
        for op, argument in nodes:
            reached = self._node(op, argument, reached)
        return reached

    def _node(self, op: Any, argument: Any, reached: _Reached) -> _Reached:
        if op in ONE:
            return self._stepped(reached, one(op, argument))
        if op is sre.BRANCH:
            return self._branch(argument[1], reached)
        if op in REPEATS:
            least, most, body = argument
            return self._repeated(least, most, body, reached)
        if op in (sre.SUBPATTERN, sre.ATOMIC_GROUP):
            return self.sequence(argument[3] if op is sre.SUBPATTERN else argument, reached)
        if op in (sre.ASSERT, sre.ASSERT_NOT):
            direction, body = argument
            return self._asserted(op is sre.ASSERT, direction, body, reached)
        if op is sre.AT:
            return reached
        self.accept(reached)
        return {}

    def _stepped(self, reached: _Reached, members: Set, looped: bool = False) -> _Reached:
        self.accept(state for state in reached if self._at[state] >= self._depth)
        near = dict[Set, list[int]]()
        for state, ahead in reached.items():
            if self._at[state] < self._depth and members & ahead:
                near.setdefault(members & ahead, []).append(state)
        return {self._state(tuple(before), reads, looped): ALL for reads, before in near.items()}

    def _state(self, before: tuple[int, ...], reads: Set, looped: bool) -> int:
        if (state := self._known.setdefault((before, reads, looped), len(self.reads))) == len(self.reads):
            self._add(reads, before, 1 + min(self._at[each] for each in before))
            self.follow[state] |= looped << state
        return state

    def _add(self, reads: Set, before: Iterable[int], at: int) -> None:
        state = len(self.reads)
        if state == ACCEPT:
            raise OverflowError
        self.reads.append(reads)
        self.follow.append(0)
        self._at.append(at)
        for each in before:
            self.follow[each] |= 1 << state

    def _branch(self, branches: Any, reached: _Reached) -> _Reached:
        if sum(1 for branch in branches for _ in _within(branch)) <= _LARGE:
            return _merged(*(self.sequence(branch, reached) for branch in branches))
        widths = [branch.getwidth() for branch in branches]
        return self._any(functools.reduce(int.__or__, map(_chars, branches)), min(least for least, _ in widths),
                         max(most for _, most in widths), reached)

    def _repeated(self, least: int, most: int, body: Any, reached: _Reached) -> _Reached:
        for _ in range(min(least, self._depth)):
            reached = self.sequence(body, reached)
        if most - least > _OPTIONAL or least > self._depth:
            return self._any(_chars(body), 0, most, reached)
        several = [reached]
        for _ in range(most - least):
            several.append(self.sequence(body, several[-1]))
        return _merged(*several)

    def _any(self, members: Set, least: int, most: int, reached: _Reached) -> _Reached:
        """Return what is reached behind so many characters of some, where more than a few more are as good as any number."""
        for _ in range(min(least, self._depth)):
            reached = self._stepped(reached, members)
        first = self._stepped(reached, members) if most > least else {}
        return _merged(reached, first, self._stepped(first, members, looped=True))

    def _asserted(self, is_so: bool, direction: int, body: Any, reached: _Reached) -> _Reached:
        found = _single(body)
        if found is None:
            return reached
        members = found if is_so else ALL ^ found | BEYOND
        if direction > 0:
            return {state: ahead & members for state, ahead in reached.items()}
        return dict(filter(None, (self._known_to_read(state, members, ahead) for state, ahead in reached.items())))

    def _known_to_read(self, state: int, members: Set, ahead: Set) -> tuple[int, Set] | None:
        """Return a state like another that reads only some of the characters; None if there are none."""
        reads = self.reads[state] & members
        if reads == self.reads[state] or not reads:
            return (state, ahead) if reads else None
        before = [each for each, follow in enumerate(self.follow) if follow >> state & 1]
        self._add(reads, before, self._at[state])
        self.first |= (self.first >> state & 1) << len(self.reads) - 1
        return len(self.reads) - 1, ahead


def _single(body: Any) -> Set | None:
    """Return the characters of an assertion about one."""
    while len(body) == 1 and body[0][0] is sre.SUBPATTERN:
        body = body[0][1][3]
    return one(*body[0]) if len(body) == 1 and body[0][0] in ONE else None


def _merged(*several: _Reached) -> _Reached:
    merged = dict[int, Set]()
    for state, ahead in itertools.chain(*(reached.items() for reached in several)):
        merged[state] = merged.get(state, 0) | ahead
    return merged


def _within(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the nodes of a tree that stand for characters, assertions left out."""
    for op, argument in tree:
        if op is sre.BRANCH:
            for branch in argument[1]:
                yield from _within(branch)
        elif op in REPEATS or op is sre.SUBPATTERN:
            yield from _within(argument[2 if op in REPEATS else 3])
        elif op is sre.ATOMIC_GROUP:
            yield from _within(argument)
        elif op not in (sre.ASSERT, sre.ASSERT_NOT, sre.AT):
            yield op, argument


def _chars(tree: Any) -> Set:
    return functools.reduce(int.__or__, (one(*node) if node[0] in ONE else ALL for node in _within(tree)), 0)
