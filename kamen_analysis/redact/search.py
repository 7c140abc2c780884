"""Search one reading of texts: one pass for words, one for digit runs, then only the patterns these call for."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import ahocorasick_rs
import numpy as np
import numpy.typing as npt

from kamen_analysis.redact.reading import HIDDEN, NUMERALS, Reading, coded, members, read
from kamen_analysis.redact.rules import Pattern, book, expand, keep, patterns, placeholders


Found = tuple[int, int, int, str]  # start, end (in the reading), rank of the kind, kind
_Windows = list[tuple[int, int]]
_Ints = npt.NDArray[np.int64]

# How far around a match of `near` a pattern may reach: before, behind.
_REACH = {"<RUN>": (24, 16), "<STREET_NUMBER>": (40, 40), "<BUILDING>": (48, 32), "<VILLAGE>": (32, 32), "<ROOM>": (60, 4),
          "<NAME_FORM>": (3, 8), "<FAMILIAR>": (2, 8), "<ELDER>": (3, 6), "<TITLE>": (6, 6), "<LINE>": (0, 24), "<COLONS>": (5, 40)}

# A value found once is hidden wherever the text has it again, if it is at least this long; shorter ones are words or amounts.
_AGAIN = {"NAME": 2, "ACCOUNT": 3, "ADDRESS": 6}
_AGAIN_ELSE = 6


@dataclass(frozen=True, slots=True)
class _Gate:
    """What patterns behind a cue have in common: a character of `first` within `reach` of it, in the digits or the words, a run in the text."""

    first: str
    reach: int
    reads_digits: bool
    run: bool


class Engine:
    """The automaton of all cues and needs, and the patterns behind each of its words."""

    def __init__(self) -> None:
        cued, free = patterns()
        self.near = {near: re.compile(expand(near)) for near in _REACH}
        words = sorted({*cued, *(word for pattern in free for word in pattern.needs)})
        self.needed = [[pattern for pattern in free if word in pattern.needs] for word in words]
        self.needing = np.array([bool(needed) for needed in self.needed])
        self.always = {near: [pattern for pattern in free if pattern.near == near and not pattern.needs] for near in _REACH}
        self.behind: dict[_Gate, dict[int, list[Pattern]]] = {}
        for number, word in enumerate(words):
            for pattern in cued.get(word, []):
                gate = _Gate(pattern.first, pattern.reach, pattern.reads_digits, pattern.near is not None)
                self.behind.setdefault(gate, {}).setdefault(number, []).append(pattern)
        self.gated = {gate: np.isin(np.arange(len(words)), list(behind)) for gate, behind in self.behind.items()}
        self.automaton = ahocorasick_rs.AhoCorasick(words, implementation=ahocorasick_rs.Implementation.DFA)
        self.placeholder = {kind.kind: kind.placeholder for kind in book().kinds}

    def search(self, reading: Reading) -> list[Found]:
        """Return what one reading of the texts shows, overlapping finds joined."""
        near = {name: _windows(regex.finditer(reading.words), reading, *_REACH[name]) for name, regex in self.near.items()}
        digits = _spoken(reading.words, near["<RUN>"])
        runs = itertools.chain.from_iterable(self.near["<RUN>"].finditer(digits, *window) for window in near["<RUN>"])
        near["<RUN>"] = _windows(runs, reading, *_REACH["<RUN>"])  # dates and sums are hidden by now
        tuples = self.automaton.find_matches_as_indexes(reading.words, overlapping=True)
        hits = np.fromiter(itertools.chain.from_iterable(tuples), np.int64, 3 * len(tuples)).reshape(-1, 3)
        found = [find for name, windows in near.items() for pattern in self.always[name] for find in _within(pattern, reading, digits, windows)]
        found += self._needed(reading, digits, hits, near)
        found += self._behind(reading, digits, hits, near["<RUN>"])
        return _again(_joined(found), reading)

    def _needed(self, reading: Reading, digits: str, hits: _Ints, near: dict[str, _Windows]) -> Iterator[Found]:
        """Yield what patterns find in the texts that have a word they need."""
        places: dict[int, tuple[Pattern, list[tuple[int, int]]]] = {}
        for word, start, end in hits[self.needing[hits[:, 0]]].tolist():
            for pattern in self.needed[word]:
                places.setdefault(id(pattern), (pattern, []))[1].append((start, end))
        for pattern, spans in places.values():
            around = pattern.around or len(reading.words)
            windows = _widened(sorted(spans), reading, around, around)
            if pattern.near is not None:
                needing = {start for start, _ in windows}
                windows = [window for window in near[pattern.near] if int(reading.starts[reading.of(np.array(window[0]))]) in needing]
            yield from _within(pattern, reading, digits, windows)

    def _behind(self, reading: Reading, digits: str, hits: _Ints, runs: _Windows) -> Iterator[Found]:
        """Yield what stands right behind a cue; a look at the next characters spares most of the patterns."""
        texts = reading.of(hits[:, 1])
        running = np.zeros(len(reading.starts), dtype=bool)
        running[reading.of(np.array([start for start, _ in runs], dtype=np.int64))] = True
        views = {False: (reading.words, reading.codes), True: (digits, coded(digits))}
        limits = reading.ends[texts]
        for gate, behind in self.behind.items():
            words, codes = views[gate.reads_digits]
            open_ = self.gated[gate][hits[:, 0]]
            if gate.run:
                open_ &= running[texts]
            chosen = np.flatnonzero(open_)
            if gate.first and len(chosen):
                chosen = chosen[_soon(gate, codes, hits[chosen, 2])]
            for (word, start, end), limit in zip(hits[chosen].tolist(), limits[chosen].tolist(), strict=True):
                for pattern in behind[word]:
                    match = pattern.match(words, end, limit)
                    if match and _stands_alone(reading.words, start, end) and pattern.check(match["v"]) is not False:
                        yield (*match.span("v"), pattern.rank, pattern.kind)


def _soon(gate: _Gate, codes: npt.NDArray[np.uint32], places: _Ints) -> npt.NDArray[np.bool_]:
    """Return for each place whether a character of the gate's first stands within its reach."""
    firsts = np.append(np.flatnonzero(members(gate.first)[codes]), len(codes) + gate.reach)
    return np.asarray(firsts[np.searchsorted(firsts, places)] < places + gate.reach)


def _windows(matches: Iterable[re.Match[str]], reading: Reading, before: int, behind: int) -> _Windows:
    return _widened([match.span() for match in matches], reading, before, behind)


def _widened(places: list[tuple[int, int]], reading: Reading, before: int, behind: int) -> _Windows:
    """Return the stretches of the texts around the places, widened within the text and joined where they meet."""
    spans = np.array(places, dtype=np.int64).reshape(-1, 2)
    texts = reading.of(spans[:, 1] - 1)
    starts = np.maximum(spans[:, 0] - before, reading.starts[texts]).tolist()
    ends = np.minimum(spans[:, 1] + behind, reading.ends[texts]).tolist()
    windows: _Windows = []
    for start, end in zip(starts, ends, strict=True):
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
    if first.isascii() and first.isalnum() and words[start - 1].isascii() and words[start - 1].isalnum():
        return False
    if not (last.isascii() and last.isalpha()) or not words[end].isascii():
        return True
    return not words[end].isalpha() if end - start > 2 else end - start == 2 or not words[end].isalpha()  # vx and qq may touch the value


def _within(pattern: Pattern, reading: Reading, digits: str, windows: _Windows) -> Iterator[Found]:
    """Yield what a pattern finds in some windows."""
    text = digits if pattern.reads_digits else reading.words
    for window in windows:
        for match in pattern.find(text, *window):
            if pattern.check(match["v"]) is not False:
                yield (*match.span("v"), pattern.rank, pattern.kind)


def _joined(found: list[Found]) -> list[Found]:
    """Return the finds in order, overlapping ones as one of the longest's kind; of equally long ones the kind named first."""
    joined: list[Found] = []
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


def _again(found: list[Found], reading: Reading) -> list[Found]:
    """Return the finds and, in the same text, every further place where the same value stands as a word of its own."""
    more = []
    for start, end, rank, kind in found:
        value = reading.words[start:end]
        if end - start < _AGAIN.get(kind, _AGAIN_ELSE) or HIDDEN in value:
            continue
        text = int(reading.of(np.array(start)))
        low, high = int(reading.starts[text]), int(reading.ends[text])
        if reading.words.count(value, low, high) > 1:
            pattern = re.compile(f"(?<![a-z0-9]){re.escape(value)}(?![a-z0-9])")
            more += [(*match.span(), rank, kind) for match in pattern.finditer(reading.words, low, high)]
    return _joined(found + more) if more else found
