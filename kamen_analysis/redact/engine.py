"""Find personal data in a text: one pass for words, one for digit runs, then only the patterns these call for."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import ahocorasick_rs

from kamen_analysis.redact.reading import HIDDEN, NUMERALS, read
from kamen_analysis.redact.rules import Pattern, book, expand, keep, patterns, placeholders


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """Personal data of a kind between two character offsets of the text as given."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text with placeholders, and where in the text as given they came from."""

    text: str
    spans: list[Span]


_Found = tuple[int, int, int, str]  # start, end (in the reading), rank of the kind, kind


_PASSES = 12  # readings of one text; ordinary posts need two, the worst seen four
_Windows = list[tuple[int, int]]

# How far around a match of `near` a pattern may reach: before, behind.
_REACH = {"<RUN>": (24, 16), "<STREET_NUMBER>": (40, 40), "<BUILDING>": (48, 32), "<VILLAGE>": (32, 32), "<ROOM>": (60, 4),
          "<NAME_FORM>": (3, 8)}

_NUMBERED = ("<STREET_NUMBER>", "<BUILDING>", "<ROOM>")  # one look tells that none of them is there


class _Engine:
    """The automaton of all cues and needs, and the patterns behind each of its words."""

    def __init__(self) -> None:
        cued, free = patterns()
        self.near = {near: re.compile(expand(near)) for near in _REACH}
        self.numbered = re.compile("|".join(expand(near) for near in _NUMBERED))
        self.words = sorted({*cued, *(word for pattern in free for word in pattern.needs)})
        self.cued = [cued.get(word, []) for word in self.words]
        self.unnumbered = [[pattern for pattern in behind if pattern.near is None] for behind in self.cued]
        self.needed = [[pattern for pattern in free if word in pattern.needs] for word in self.words]
        self.always = {near: [pattern for pattern in free if pattern.near == near and not pattern.needs] for near in _REACH}
        self.automaton = ahocorasick_rs.AhoCorasick(self.words, implementation=ahocorasick_rs.Implementation.DFA)
        self.placeholder = {kind.kind: kind.placeholder for kind in book().kinds}

    def search(self, words: str) -> list[_Found]:
        """Return what one reading of the text shows, overlapping finds joined."""
        hits = self.automaton.find_matches_as_indexes(words, overlapping=True)
        numbered = self.numbered.search(words)
        near = {name: _windows(regex, words, *_REACH[name]) if numbered or name not in _NUMBERED else []
                for name, regex in self.near.items()}
        digits = _spoken(words, near["<RUN>"])
        near["<RUN>"] = near["<RUN>"] and _windows(self.near["<RUN>"], digits, *_REACH["<RUN>"])  # dates and sums are hidden by now
        anywhere = {id(pattern): pattern for index in {hit[0] for hit in hits} for pattern in self.needed[index]}
        found = [*_anywhere(anywhere.values(), words, digits, near)]
        for name, windows in near.items():
            if windows:
                found += _anywhere(self.always[name], words, digits, near)
        found += self._behind(self.cued if near["<RUN>"] else self.unnumbered, hits, words, digits)
        return _joined(found)

    def _behind(self, cued: list[list[Pattern]], hits: list[tuple[int, int, int]], words: str, digits: str) -> Iterator[_Found]:
        """Yield what stands right behind a cue; a cheap look at the next characters spares most of the patterns."""
        for index, start, end in hits:
            for pattern in cued[index]:
                text = digits if pattern.reads_digits else words
                if pattern.first and pattern.first.isdisjoint(text[end:end + pattern.reach]):
                    continue
                match = pattern.match(text, end)
                if match and _stands_alone(words, start, end) and pattern.check(match["v"]) is not False:
                    yield (*match.span("v"), pattern.rank, pattern.kind)


def _windows(regex: re.Pattern[str], words: str, before: int, behind: int) -> _Windows:
    """Return the stretches of the text around the matches, widened and joined where they meet."""
    windows: _Windows = []
    for match in regex.finditer(words):
        start, end = max(0, match.start() - before), min(len(words), match.end() + behind)
        if windows and start <= windows[-1][1]:
            windows[-1] = (windows[-1][0], end)
        else:
            windows.append((start, end))
    return windows


def _spoken(words: str, windows: _Windows) -> str:
    """Return the text with, in the windows, Chinese numerals read as digits and the look-alikes hidden."""
    pieces, done = [], 0
    for start, end in windows:
        pieces += [words[done:start], keep().sub(_hide, words[start:end].translate(NUMERALS))]
        done = end
    return "".join(pieces) + words[done:]


def _hide(match: re.Match[str]) -> str:
    return HIDDEN * len(match[0])


def _stands_alone(words: str, start: int, end: int) -> bool:
    """Tell whether a Latin cue is a word of its own and no part of a longer one."""
    first, last = words[start], words[end - 1]
    if first.isascii() and first.isalnum() and start and words[start - 1].isascii() and words[start - 1].isalnum():
        return False
    if not (last.isascii() and last.isalpha()) or end == len(words) or not words[end].isascii():
        return True
    return not words[end].isalpha() if end - start > 2 else end - start == 2 or not words[end].isalpha()  # vx and qq may touch the value


def _anywhere(patterns: Iterable[Pattern], words: str, digits: str, near: dict[str, _Windows]) -> Iterator[_Found]:
    for pattern in patterns:
        text = digits if pattern.reads_digits else words
        for window in [(0, len(text))] if pattern.near is None else near[pattern.near]:
            for match in pattern.find(text, *window):
                if pattern.check(match["v"]) is not False:
                    yield (*match.span("v"), pattern.rank, pattern.kind)


def _joined(found: list[_Found]) -> list[_Found]:
    """Return the finds in order, overlapping ones as one of the longest's kind; of equally long ones the kind named first."""
    joined: list[_Found] = []
    best = (0, 0)
    for start, end, rank, kind in sorted(found):
        if end <= start:
            continue
        if joined and start < joined[-1][1]:
            before = joined[-1]
            wins = (end - start, -rank) > best
            best = max(best, (end - start, -rank))
            joined[-1] = (before[0], max(end, before[1]), *((rank, kind) if wins else before[2:]))
        else:
            joined.append((start, end, rank, kind))
            best = (end - start, -rank)
    return joined


@functools.cache
def _engine() -> _Engine:
    return _Engine()


def find(text: str) -> list[Span]:
    """Return the personal data of `text`, sorted and without overlaps, by offsets into it as given; placeholders are never found.

    What is found is hidden and the rest read again until nothing more shows: redacted text has nothing left to find. A text that
    keeps showing more is written to wear the reader out, and is hidden whole.
    """
    engine, spans = _engine(), list[Span]()
    reading = read(text, placeholders())
    for _ in range(_PASSES):
        found = engine.search(reading.words)
        if not found:
            return sorted(spans)
        spans += [Span(*reading.at(start, end), kind) for start, end, _, kind in found]
        reading = reading.without([(start, end) for start, end, *_ in found])
    return [Span(0, len(text), "NUMBER")]


def redact(text: str) -> Redacted:
    """Return `text` with each piece of personal data replaced by its kind's placeholder, and the spans replaced."""
    spans = find(text)
    if not spans:
        return Redacted(text, spans)
    pieces, done = [], 0
    for span in spans:
        pieces += [text[done:span.start], _engine().placeholder[span.kind]]
        done = span.end
    return Redacted("".join(pieces) + text[done:], spans)


def redact_many(texts: Iterable[str]) -> list[Redacted]:
    """Return `redact` of each text, in order."""
    return [redact(text) for text in texts]
