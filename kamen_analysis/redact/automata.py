"""What a pattern goes on with: a small automaton, run before the pattern itself, that passes every match and little else.

It is coarser than the pattern: what comes late, many alternatives and assertions of several characters are read as saying less than
they do. So where it stops, the pattern cannot match.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from re import _constants as sre  # type: ignore[attr-defined]
from typing import Any, NamedTuple

from kamen_analysis.redact.outline import chars, firsts, outline, single, within
from kamen_analysis.redact.starts import ALL, BEYOND, ONE, REPEATS, Set, one

ACCEPT = 63  # the bit of a match among those of the states
_DEPTHS = (24, 16, 12, 8, 6, 4, 3, 2)  # characters looked at: as many as the states last for
_LARGE = 40  # characters of alternatives that are told apart; those of as many more by their length, or not at all
_OPTIONAL = 2  # repeats that are told apart beyond those that must be

_Reached = dict[int, Set]  # states, and what may stand behind each


class Automaton(NamedTuple):
    """Of each state what character it reads, and the states behind it, as bits; `first` are those that read the one before a match."""

    reads: list[Set]
    follow: list[int]
    first: int


def automata(tree: Any) -> list[Automaton]:
    """Return automata each of which passes wherever a parsed pattern matches: its own, and one up to the end of each look ahead."""
    return [_automaton(nodes) for nodes in _trees(list(_flat(tree)))]


def _flat(tree: Any) -> Iterator[tuple[Any, Any]]:
    for op, argument in tree:
        if op is sre.SUBPATTERN:
            yield from _flat(argument[3])
        else:
            yield op, argument


def _trees(nodes: list[tuple[Any, Any]]) -> Iterator[list[tuple[Any, Any]]]:
    yield nodes
    for at, (op, argument) in enumerate(nodes):
        if op is sre.ASSERT and argument[0] > 0 and single(argument[1]) is None:
            yield [*nodes[:at], *argument[1]]


def _automaton(nodes: list[tuple[Any, Any]]) -> Automaton:
    for depth, by_length in itertools.product(_DEPTHS, (True, False)):
        made = _States(depth, by_length)
        try:
            made.accept(made.sequence(nodes, {0: ALL}))
        except OverflowError:
            continue
        return Automaton(made.reads, made.follow, made.first)
    return Automaton([ALL], [1 << ACCEPT], 1)


class _States:
    """An automaton in the making; OverflowError where it would need too many states."""

    def __init__(self, depth: int, by_length: bool) -> None:
        self._depth, self._by_length, self._known = depth, by_length, dict[tuple[tuple[int, ...], Set, bool], int]()
        self.reads, self.follow, self._at, self.first, self._groups = [ALL], [0], [0], 1, dict[int | None, Any]()

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
        if op is sre.SUBPATTERN:
            self._groups[argument[0]] = argument[3]
            return self.sequence(argument[3], reached)
        if op is sre.ATOMIC_GROUP:
            return self.sequence(argument, reached)
        if op is sre.GROUPREF and (again := single(self._groups.get(argument, ()))) is not None:
            return self._stepped(reached, again)
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
        if sum(1 for branch in branches for _ in within(branch)) <= _LARGE:
            return _merged(*(self.sequence(branch, reached) for branch in branches))
        alike = dict[tuple[int, int], list[Any]]()
        for branch in branches:
            alike.setdefault(branch.getwidth(), []).append(branch)
        if len(alike) == 1 or not self._by_length:
            return self._outlined(branches, reached)
        return _merged(*(self._branch(some, reached) if len(some) > 1 else self.sequence(some[0], reached) for some in alike.values()))

    def _outlined(self, branches: Any, reached: _Reached) -> _Reached:
        """Return what is reached behind one of many alternatives, of which only is told what stands at each place."""
        places, lengths = outline(branches, self._depth)
        behind = [reached] * (0 in lengths)
        for length, members in enumerate(places, 1):
            reached = self._stepped(reached, members)
            behind += [reached] * (length in lengths)
        self.accept(reached if len(places) == self._depth else {})
        return _merged(*behind)

    def _repeated(self, least: int, most: int, body: Any, reached: _Reached) -> _Reached:
        for _ in range(min(least, self._depth)):
            reached = self.sequence(body, reached)
        if most - least > _OPTIONAL or least > self._depth:
            first = self._stepped(reached, firsts(body))
            return _merged(reached, first, self._stepped(first, chars(body), looped=True))  # any number of these
        several = [reached]
        for _ in range(most - least):
            several.append(self.sequence(body, several[-1]))
        return _merged(*several)

    def _asserted(self, is_so: bool, direction: int, body: Any, reached: _Reached) -> _Reached:
        found = single(body)
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


def _merged(*several: _Reached) -> _Reached:
    merged = dict[int, Set]()
    for state, ahead in itertools.chain(*(reached.items() for reached in several)):
        merged[state] = merged.get(state, 0) | ahead
    return merged
