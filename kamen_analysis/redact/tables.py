"""What is looked at before a pattern is tried, worked out once and kept: small tables over classes of code points."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from re import _parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis import kept
from kamen_analysis.redact.automata import ACCEPT, Automaton, automata
from kamen_analysis.redact.starts import DEPTH, SIZE, Lead, Set, bits, lead

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Classes = npt.NDArray[np.uint16]
Rows = npt.NDArray[np.uint64]  # of bits: pattern n is bit n % 64 of row n // 64

_MADE_BY = ("starts", "outline", "automata", "tables", "rules", "macros")
_SHELF = kept.Shelf("leads", "redact/*.yaml", *(f"redact/{name}.py" for name in _MADE_BY))


class Look(NamedTuple):
    """A pattern, and characters of which one must stand within so many from where it begins (anything will do if none are named)."""

    pattern: str
    first: str = ""
    reach: int = 0


class Tables(NamedTuple):
    """What kernels look into: for a group of patterns, or for several groups in a row.

    `leads`: by row, place (the one before a beginning, then the first ones) and class, the bits of the patterns that can stand there.
    `first`: of each pattern the set of which a character must stand within `reach`; `sets`: by set and class, whether it is in it.
    `automata`: of each pattern its first automaton, and behind the last pattern the end. Their states are bits, too: `may` says which can
    read a class, `follow` which come behind each, `begin` those that read the character before a match.
    """

    leads: Rows
    first: Ints
    reach: Ints
    sets: Bools
    automata: Ints
    may: Rows
    follow: Rows
    begin: Rows


def prepared(groups: Sequence[Sequence[Look]]) -> tuple[Classes, list[Tables]]:
    """Return the class of each code point, and the tables of each group; code points that no look tells apart are one class."""
    made = _SHELF.packed("\n\n".join("\n".join(map(str, group)) for group in groups), lambda: _made(groups))
    classes, whole = made.pop("classes"), Tables(**made)
    found, row, low = list[Tables](), 0, 0
    for group in groups:
        high, end = low + len(group), row + rows(len(group))
        found.append(whole._replace(leads=whole.leads[row:end], first=whole.first[low:high], reach=whole.reach[low:high],
                                    automata=whole.automata[low:high + 1]))
        row, low = end, high
    return classes, found


def rows(number: int) -> int:
    """Return how many rows the bits of so many patterns take."""
    return max(1, -(-number // 64))


def _made(groups: Sequence[Sequence[Look]]) -> dict[str, npt.NDArray[Any]]:
    looks = list(itertools.chain.from_iterable(groups))
    trees = [[_parser.parse(look.pattern) for look in group] for group in groups]
    leads, by_look = [list(map(lead, some)) for some in trees], list(map(automata, itertools.chain.from_iterable(trees)))
    machines = list(itertools.chain.from_iterable(by_look))
    firsts = sorted({"", *(look.first for look in looks)})
    sets = [sum(1 << ord(char) for char in set(first)) for first in firsts]
    told_apart = itertools.chain(*itertools.chain(*leads), *(machine.reads for machine in machines), sets)
    classes = _classes(list(dict.fromkeys(told_apart)))
    one_of_each = np.unique(classes, return_index=True)[1]
    return {"classes": classes.astype(np.uint16), "leads": np.concatenate([_leads(group, one_of_each) for group in leads]),
            "first": np.array([firsts.index(look.first) for look in looks]), "reach": np.array([look.reach for look in looks]),
            "sets": np.array([bits(members)[one_of_each] for members in sets]), "automata": np.cumsum([0, *map(len, by_look)]),
            "may": _may(machines, one_of_each),
            "follow": np.array([machine.follow + [0] * (ACCEPT - len(machine.follow)) for machine in machines], np.uint64),
            "begin": np.array([machine.first for machine in machines], np.uint64)}


def _classes(sets: Sequence[Set]) -> Ints:
    """Return for every code point the number of those that are in the same sets."""
    classes = np.zeros(SIZE, dtype=np.int64)
    for start in range(0, len(sets), 32):
        for members in sets[start:start + 32]:
            classes = classes * 2 + bits(members)
        classes = np.unique(classes, return_inverse=True)[1]
    return classes


def _leads(leads: Sequence[Lead], one_of_each: Ints) -> Rows:
    table = np.zeros((rows(len(leads)), DEPTH, len(one_of_each)), dtype=np.uint64)
    for number, each in enumerate(leads):
        for step, members in enumerate(each):
            table[number // 64, step] |= bits(members)[one_of_each].astype(np.uint64) << np.uint64(number % 64)
    return table


def _may(machines: Sequence[Automaton], one_of_each: Ints) -> Rows:
    table, known = np.zeros((len(machines), len(one_of_each)), dtype=np.uint64), dict[Set, Rows]()
    for row, machine in zip(table, machines, strict=True):
        for state, members in enumerate(machine.reads):
            if members not in known:
                known[members] = bits(members)[one_of_each].astype(np.uint64)
            row |= known[members] << np.uint64(state)
    return table
