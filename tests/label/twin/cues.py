"""Find cue templates in a post: one automaton pass for the words, then a walk over the hits of each template that can match."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import ahocorasick_rs

from kamen_analysis.codebook.models import WordClass
from kamen_analysis.codebook.template import Part, parse, words_of
from kamen_analysis.zh import fold
from twin.text import Doc

Span = tuple[int, int]


class Match(NamedTuple):
    """A template found: from its first part to its last, and where each part stands."""

    start: int
    end: int
    parts: tuple[Span, ...]


Found = dict[tuple[object, ...], list[Match]]


class Line(NamedTuple):
    """A template line to look for: whose it is (its first word names the group it is looked for with), its text, what it must not cross."""

    key: tuple[object, ...]
    text: str
    within: str = "sentence"


class _Template(NamedTuple):
    key: tuple[object, ...]
    need: frozenset[int]
    slots: tuple[int, ...]
    gaps: tuple[int, ...]
    opens: tuple[int | None, ...]
    within: str


class Hits:
    """The words found in one post, by slot (what may fill a part), computed when a template first asks; `present`: the slots not empty."""

    def __init__(self, atoms: dict[int, list[Span]], slots: list[frozenset[int]], present: set[int]) -> None:
        self.atoms, self.present, self._slots, self._memo = atoms, present, slots, dict[int, list[Span]]()

    def of(self, slot: int) -> list[Span]:
        """Return the spans that may fill `slot`, in text order."""
        spans = self._memo.get(slot)
        if spans is None:
            spans = sorted({span for atom in self._slots[slot] for span in self.atoms.get(atom, ())})
            self._memo[slot] = spans
        return spans


class Matcher:
    """All template lines of the codebook over one Aho-Corasick automaton; an unknown word class raises when it is built."""

    def __init__(self, classes: dict[str, WordClass], lines: Iterable[Line]) -> None:
        self._classes, self._atom_ids, self._slot_ids = classes, dict[str, int](), dict[tuple[str, ...], int]()
        self._slots: list[frozenset[int]] = []
        self._breadth: list[int] = []  # How many words may fill each slot.
        self._groups: dict[object, dict[int, list[_Template]]] = defaultdict(lambda: defaultdict(list))  # By the narrowest slot.
        for line in lines:
            for parts in parse(line.text):
                template = self._compile(line, parts)
                self._groups[line.key[0]][min(template.slots, key=self._breadth.__getitem__)].append(template)
        self._slots_of: list[list[int]] = [[] for _ in self._atom_ids]
        for slot, atoms in enumerate(self._slots):
            for atom in atoms:
                self._slots_of[atom].append(slot)
        self._class_of = {atom: name[1:-1] for name, atom in self._atom_ids.items() if name.startswith("{")}
        self._automaton()

    def _compile(self, line: Line, parts: tuple[Part, ...]) -> _Template:
        slots = tuple(self._slot(part.choices) for part in parts)
        return _Template(line.key, frozenset(slots), slots, tuple(p.gap for p in parts), tuple(p.opens for p in parts), line.within)

    def _slot(self, choices: tuple[str, ...]) -> int:
        if choices not in self._slot_ids:
            self._slot_ids[choices] = len(self._slots)
            self._breadth.append(sum(len(words_of(c[1:-1], self._classes)) if c[0] == "{" else 1 for c in choices))
            self._slots.append(frozenset(self._atom_ids.setdefault(choice, len(self._atom_ids)) for choice in choices))
        return self._slot_ids[choices]

    def _automaton(self) -> None:
        words: dict[str, list[int]] = defaultdict(list)
        veto: dict[str, list[int]] = defaultdict(list)
        for choice, atom in self._atom_ids.items():
            name = choice[1:-1] if choice.startswith("{") else ""
            for word in words_of(name, self._classes) if name else (fold(choice),):
                words[word].append(atom)
            for word in self._classes[name].not_in if name else ():
                veto[fold(word)].append(atom)
        vocabulary = list({*words, *veto})
        self._words = [tuple(words.get(word, ())) for word in vocabulary]
        self._veto = [tuple(veto.get(word, ())) for word in vocabulary]
        self._engine = ahocorasick_rs.AhoCorasick(vocabulary)

    def hits(self, doc: Doc) -> Hits:
        """Return the words of the codebook in `doc`, without those that touch a longer word that is another one."""
        atoms: dict[int, list[Span]] = defaultdict(list)
        vetoes: dict[int, list[Span]] = defaultdict(list)
        words, veto = self._words, self._veto
        for word, start, end in self._engine.find_matches_as_indexes(doc.text, overlapping=True):
            for atom in words[word]:
                atoms[atom].append((start, end))
            for atom in veto[word]:
                vetoes[atom].append((start, end))
        for atom, longer in vetoes.items():
            if atom in atoms:
                atoms[atom] = [s for s in atoms[atom] if not any(_clash(s, other) for other in longer)]
                if not atoms[atom]:
                    del atoms[atom]
        present: set[int] = set()
        for atom in atoms:
            present.update(self._slots_of[atom])
        return Hits(atoms, self._slots, present)

    def classes(self, hits: Hits) -> list[tuple[int, str]]:
        """Return the word classes found in a post as (offset, name), in text order."""
        return sorted({(start, self._class_of[atom]) for atom, spans in hits.atoms.items() if atom in self._class_of for start, _ in spans})

    def scan(self, doc: Doc, hits: Hits, *groups: object) -> Found:
        """Return the matches of the templates of `groups` by key, each in text order; keys without a match are left out."""
        found, present = Found(), hits.present
        for group in groups:
            by_slot = self._groups[group]
            for slot in by_slot.keys() & present:
                for template in by_slot[slot]:
                    if template.need <= present and (matches := _matches(doc, template, hits)):
                        found.setdefault(template.key, []).extend(matches)
        return {key: sorted(set(matches)) for key, matches in found.items()}


def _matches(doc: Doc, template: _Template, hits: Hits) -> list[Match]:
    found = []
    for first in hits.of(template.slots[0]):
        if _opens(doc, template.opens[0], first[0]):
            parts = _walk(doc, template, hits, [first])
            if parts and parts[-1][1] <= doc.bounds(first[0], template.within)[1]:
                found.append(Match(first[0], parts[-1][1], tuple(parts)))
    return found


def _walk(doc: Doc, template: _Template, hits: Hits, parts: list[Span]) -> list[Span] | None:
    part, at = len(parts), parts[-1][1]
    if part == len(template.slots):
        return parts
    limit, opens, row = at + template.gaps[part], template.opens[part], hits.of(template.slots[part])
    for i in range(bisect_left(row, (at, 0)), len(row)):
        if row[i][0] > limit:
            break
        if opens is None or _opens(doc, opens, row[i][0]):
            whole = _walk(doc, template, hits, [*parts, row[i]])
            if whole:
                return whole
    return None


def _opens(doc: Doc, nearness: int | None, start: int) -> bool:
    return nearness is None or start - doc.bounds(start, "clause")[0] <= nearness


def _clash(word: Span, longer: Span) -> bool:
    # 没用过 undoes 用过 and 用过了; 没人接听 keeps its own 没人.
    return word[0] < longer[1] and longer[0] < word[1] and not (word[0] <= longer[0] and longer[1] <= word[1] and word != longer)
