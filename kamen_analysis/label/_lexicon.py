"""Cues found in a text in one automaton pass: literals, alternatives in braces, and gaps that stay inside a clause.

A cue is written as it is read: `没…到账` is 没, then 到账 at most six characters later in the same clause (each further … allows
six more); `{没,未}退` is 没退 or 未退. Texts are folded first (`zh.fold`), so every span is a span of the text as given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product

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


@dataclass(frozen=True)
class Chain:
    """One reading of a cue: its parts in order, the widest gap before each later part, and the group and cue it belongs to."""

    parts: tuple[int, ...]
    gaps: tuple[int, ...]
    group: str
    cue: int


@dataclass(eq=False)
class Hits:
    """What a lexicon found: for each group its spans, each with the number of its cue inside the group."""

    text: str
    spans: dict[str, list[Hit]] = field(default_factory=dict)

    def __contains__(self, group: str) -> bool:
        return group in self.spans

    def get(self, group: str) -> list[Hit]:
        """Return the (start, end, cue) of each hit of a group, in the order of their ends."""
        return self.spans.get(group, [])


class Lexicon:
    """Groups of cues compiled into one automaton; a group named `x!` masks group `x`: a hit of x inside a hit of x! does not count."""

    def __init__(self, groups: Mapping[str, Iterable[str]]) -> None:
        self._ids: dict[str, int] = {}
        self._single: dict[int, list[tuple[str, int]]] = {}
        self._chains: dict[int, list[Chain]] = {}
        for group, cues in groups.items():
            for number, cue in enumerate(cues):
                for reading in expand(cue):
                    self._add(reading, group, number)
        self._automaton = AhoCorasick(list(self._ids))

    def _id(self, part: str) -> int:
        return self._ids.setdefault(zh.fold(part), len(self._ids))

    def _add(self, reading: str, group: str, cue: int) -> None:
        pieces = _GAPS.split(reading)
        parts = tuple(self._id(piece) for piece in pieces[::2])
        if len(parts) == 1:
            self._single.setdefault(parts[0], []).append((group, cue))
            return
        chain = Chain(parts, tuple(GAP * len(piece) for piece in pieces[1::2]), group, cue)
        self._chains.setdefault(parts[-1], []).append(chain)

    def find(self, text: str) -> Hits:
        """Return the hits of every group in `text`, which must be folded already."""
        where: dict[int, list[Span]] = {}
        for part, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            where.setdefault(part, []).append((start, end))
        found: dict[str, list[Hit]] = {}
        for part, spans in where.items():
            for group, cue in self._single.get(part, ()):
                found.setdefault(group, []).extend((s, e, cue) for s, e in spans)
            for chain in self._chains.get(part, ()):
                if all(p in where for p in chain.parts):
                    found.setdefault(chain.group, []).extend((*span, chain.cue) for span in _joined(text, chain, where))
        return Hits(text, {group: kept for group in found if not group.endswith("!") and (kept := _unmasked(found, group))})


def _unmasked(found: dict[str, list[Hit]], group: str) -> list[Hit]:
    masks = found.get(f"{group}!", ())
    return sorted((h for h in found[group] if not any(m[0] <= h[0] and h[1] <= m[1] for m in masks)), key=lambda h: h[1])


def _joined(text: str, chain: Chain, where: dict[int, list[Span]]) -> list[Span]:
    """Return the spans of a chain: each later part after the one before, within its gap, no clause mark between."""
    spans = where[chain.parts[0]]
    for part, gap in zip(chain.parts[1:], chain.gaps, strict=True):
        spans = [(s, e2) for s, e in spans for s2, e2 in where[part] if 0 <= s2 - e <= gap and MARKS.isdisjoint(text[e:s2])]
    return spans
