"""Cues found in a text in one automaton pass: literals, alternatives in braces, and gaps that stay inside a clause.

A cue is written as it is read: `没…到账` is 没, then 到账 at most six characters later in the same clause (each further … allows
six more); `{没,未}退` is 没退 or 未退. Texts are folded first (`zh.fold`), so every span is a span of the text as given.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import product
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from kamen_analysis import zh

GAP = 6
MARKS = frozenset("。！？!?；;，,\n\r")
_BRACES = re.compile(r"\{([^{}]*)\}")
_GAPS = re.compile(r"(…+)")

Span = tuple[int, int]
Hit = tuple[int, int, int]


def expand(cue: str) -> list[str]:
    """Return every literal reading of a cue with braces: `{没,未}退` gives 没退 and 未退."""
    pieces = _BRACES.split(cue)
    choices = [[piece] if i % 2 == 0 else piece.split(",") for i, piece in enumerate(pieces)]
    return ["".join(chosen) for chosen in product(*choices)]


class Chain(NamedTuple):
    """One reading of a cue with gaps: its parts in order, the widest gap before each later part, its group and its number there."""

    parts: tuple[int, ...]
    gaps: tuple[int, ...]
    group: str
    cue: int


class Hits:
    """What a lexicon found in `text`: for each group its hits (start, end, number of the cue in the group), in the order of their ends."""

    def __init__(self, text: str, spans: dict[str, list[Hit]]) -> None:
        self.text, self.spans = text, spans

    def __contains__(self, group: str) -> bool:
        return group in self.spans

    def get(self, group: str) -> list[Hit]:
        """Return the hits of a group, none when it was not found."""
        return self.spans.get(group, [])


class Lexicon:
    """Groups of cues compiled into one automaton; a group named `x!` masks group `x`: a hit of x inside a hit of x! does not count."""

    def __init__(self, groups: Mapping[str, Iterable[str]]) -> None:
        self._ids: dict[str, int] = {}
        single: dict[int, list[tuple[str, int]]] = {}
        self._chains: dict[int, dict[int, list[Chain]]] = {}  # last part → first part → chains
        for group, cues in groups.items():
            for number, cue in enumerate(cues):
                for reading in expand(cue):
                    self._add(reading, group, number, single)
        linked = {part for firsts in self._chains.values() for chains in firsts.values() for chain in chains for part in chain.parts}
        self._parts = [(tuple(single.get(part, ())), part in linked) for part in range(len(self._ids))]
        self._automaton = AhoCorasick(list(self._ids))

    def _id(self, part: str) -> int:
        return self._ids.setdefault(zh.fold(part), len(self._ids))

    def _add(self, reading: str, group: str, cue: int, single: dict[int, list[tuple[str, int]]]) -> None:
        pieces = _GAPS.split(reading)
        parts = tuple(self._id(piece) for piece in pieces[::2])
        if len(parts) == 1:
            single.setdefault(parts[0], []).append((group, cue))
            return
        chain = Chain(parts, tuple(GAP * len(piece) for piece in pieces[1::2]), group, cue)
        self._chains.setdefault(parts[-1], {}).setdefault(parts[0], []).append(chain)

    def find(self, text: str) -> Hits:
        """Return the hits of every group in `text`, which must be folded already."""
        found: defaultdict[str, list[Hit]] = defaultdict(list)
        where: defaultdict[int, list[Span]] = defaultdict(list)
        parts = self._parts
        for part, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            singles, linked = parts[part]
            for group, cue in singles:
                found[group].append((start, end, cue))
            if linked:
                where[part].append((start, end))
        self._joined(text, where, found)
        for group in found:
            found[group].sort(key=_by_end)
        return Hits(text, {group: kept for group in found if group[-1] != "!" and (kept := _unmasked(found, group))})

    def _joined(self, text: str, where: dict[int, list[Span]], found: defaultdict[str, list[Hit]]) -> None:
        # Adds the hits of cues with gaps to `found`.
        for last in where.keys() & self._chains.keys():
            firsts = self._chains[last]
            for first in where.keys() & firsts.keys():
                for chain in firsts[first]:
                    if spans := _walk(text, chain, where):
                        found[chain.group].extend((s, e, chain.cue) for s, e in spans)


def _by_end(hit: Hit) -> tuple[int, int]:
    return hit[1], hit[0]


def _unmasked(found: dict[str, list[Hit]], group: str) -> list[Hit]:
    masks = found.get(f"{group}!")
    return [h for h in found[group] if not any(m[0] <= h[0] and h[1] <= m[1] for m in masks)] if masks else found[group]


def _walk(text: str, chain: Chain, where: dict[int, list[Span]]) -> list[Span]:
    """Return the spans of a chain: each later part after the one before, within its gap, no clause mark between."""
    spans = where[chain.parts[0]]
    for part, gap in zip(chain.parts[1:], chain.gaps, strict=True):
        spans = [(s, e2) for s, e in spans for s2, e2 in where.get(part, ()) if 0 <= s2 - e <= gap and MARKS.isdisjoint(text[e:s2])]
    return spans
