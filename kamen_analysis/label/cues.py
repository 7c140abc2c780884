"""Find cue templates in a post: one automaton pass for the words, then a walk over the hits of each template that can match."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import ahocorasick_rs

from kamen_analysis.codebook.models import WordClass
from kamen_analysis.codebook.template import Part, parse, words_of
from kamen_analysis.label.text import Doc
from kamen_analysis.zh import fold

Span = tuple[int, int]


class Match(NamedTuple):
    """A template found: from its first part to its last, and where each part stands."""

    start: int
    end: int
    parts: tuple[Span, ...]


class Line(NamedTuple):
    """A template line to look for: whose it is, its text, and what it must not cross."""

    key: tuple[object, ...]
    text: str
    within: str = "sentence"


class _Template(NamedTuple):
    key: tuple[object, ...]
    slots: tuple[int, ...]
    gaps: tuple[int, ...]
    opens: tuple[int | None, ...]
    within: str


class Hits:
    """The words found in one post, by slot (what may fill a part), computed when a template first asks."""

    def __init__(self, atoms: dict[int, list[Span]], slots: list[frozenset[int]]) -> None:
        self.atoms, self._slots, self._memo = atoms, slots, dict[int, list[Span]]()

    def of(self, slot: int) -> list[Span]:
        """Return the spans that may fill `slot`, in text order."""
        if slot not in self._memo:
            atoms = self._slots[slot]
            lists = [self.atoms[a] for a in atoms if a in self.atoms]
            self._memo[slot] = lists[0] if len(lists) == 1 else sorted({span for spans in lists for span in spans})
        return self._memo[slot]


class Matcher:
    """All template lines of the codebook over one Aho-Corasick automaton; an unknown word class raises when it is built."""

    def __init__(self, classes: dict[str, WordClass], lines: Iterable[Line]) -> None:
        self._classes, self._atom_ids, self._slot_ids = classes, dict[str, int](), dict[tuple[str, ...], int]()
        self._slots: list[frozenset[int]] = []
        templates = [self._compile(line, parts) for line in lines for parts in parse(line.text)]
        self._index(templates)
        self._automaton()

    def _compile(self, line: Line, parts: tuple[Part, ...]) -> _Template:
        slots = tuple(self._slot(part.choices) for part in parts)
        return _Template(line.key, slots, tuple(p.gap for p in parts), tuple(p.opens for p in parts), line.within)

    def _slot(self, choices: tuple[str, ...]) -> int:
        if choices not in self._slot_ids:
            self._slot_ids[choices] = len(self._slots)
            self._slots.append(frozenset(self._atom_ids.setdefault(choice, len(self._atom_ids)) for choice in choices))
        return self._slot_ids[choices]

    def _index(self, templates: list[_Template]) -> None:
        # A template is tried only when a word of its least used slot is there: most posts hold few of those.
        used = Counter(atom for t in templates for slot in t.slots for atom in self._slots[slot])
        self._by_atom: dict[int, list[_Template]] = defaultdict(list)
        for template in templates:
            rarest = min(template.slots, key=lambda slot: sum(used[atom] for atom in self._slots[slot]))
            for atom in self._slots[rarest]:
                self._by_atom[atom].append(template)

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
        """Return the words of the codebook in `doc`, without those inside a longer word that is another one."""
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
        return Hits({atom: spans for atom, spans in atoms.items() if spans}, self._slots)

    def scan(self, doc: Doc) -> dict[tuple[object, ...], list[Match]]:
        """Return, for each key with a match, its matches in text order."""
        hits, found = self.hits(doc), dict[tuple[object, ...], list[Match]]()
        present, by_atom = hits.atoms.keys(), self._by_atom
        tried: set[int] = set()
        for atom in present:
            for template in by_atom.get(atom, ()):
                if id(template) not in tried:
                    tried.add(id(template))
                    spans = self._match(doc, template, hits)
                    if spans:
                        found.setdefault(template.key, []).extend(spans)
        return {key: sorted(set(matches)) for key, matches in found.items()}

    def _match(self, doc: Doc, template: _Template, hits: Hits) -> list[Match]:
        if any(not hits.of(slot) for slot in template.slots):
            return []
        found = []
        for first in hits.of(template.slots[0]):
            if _opens(doc, template.opens[0], first[0]):
                parts = self._walk(doc, template, hits, [first], doc.bounds(first[0], template.within)[1])
                if parts:
                    found.append(Match(first[0], parts[-1][1], tuple(parts)))
        return found

    def _walk(self, doc: Doc, template: _Template, hits: Hits, parts: list[Span], bound: int) -> list[Span] | None:
        part, at = len(parts), parts[-1][1]
        if part == len(template.slots):
            return parts
        limit, opens = at + template.gaps[part], template.opens[part]
        for span in hits.of(template.slots[part]):
            if span[0] > limit or span[1] > bound:
                break
            if span[0] >= at and _opens(doc, opens, span[0]):
                whole = self._walk(doc, template, hits, [*parts, span], bound)
                if whole:
                    return whole
        return None


def _opens(doc: Doc, nearness: int | None, start: int) -> bool:
    return nearness is None or start - doc.bounds(start, "clause")[0] <= nearness


def _clash(word: Span, longer: Span) -> bool:
    # 没用过 undoes 用过 and 用过了; 没人接听 keeps its own 没人.
    return word[0] < longer[1] and longer[0] < word[1] and not (word[0] <= longer[0] and longer[1] <= word[1] and word != longer)
