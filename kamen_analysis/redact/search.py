"""Search one reading of texts: one pass for words, one for digit runs, then only the patterns these call for."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator

import ahocorasick_rs
import numpy as np
import numpy.typing as npt

from kamen_analysis.redact.gates import Gates
from kamen_analysis.redact.near import REACH, Near, Windows, widened
from kamen_analysis.redact.reading import HIDDEN, NUMERALS, Reading, coded
from kamen_analysis.redact.rules import Pattern, book, keep, patterns
from kamen_analysis.redact.starts import places

Found = tuple[int, int, int, str]  # start, end (in the reading), rank of the kind, kind
_Ints = npt.NDArray[np.int64]

# A value found once is hidden wherever the text has it again, if it is at least this long; shorter ones are words or amounts.
_AGAIN = {"NAME": 2, "ACCOUNT": 3, "ADDRESS": 6}
_AGAIN_ELSE = 6
_VALUES = 50  # so many different values of one text: the work stays linear

_BEFORE = 10  # how far before a needed word a value of a rule with `first` ends


class Engine:
    """The automaton of all cues and needs, and the patterns behind each of its words."""

    def __init__(self) -> None:
        cued, free = patterns()
        self.near = Near()
        words = sorted({*cued, *(word for pattern in free for word in pattern.needs)})
        self.automaton = ahocorasick_rs.AhoCorasick(words, implementation=ahocorasick_rs.Implementation.DFA)
        self.needed = [[pattern for pattern in free if word in pattern.needs] for word in words]
        self.needing = np.array([bool(needed) for needed in self.needed])
        self.always = {near: [pattern for pattern in free if pattern.near == near and not pattern.needs] for near in REACH}
        self.placeholder = {kind.kind: kind.placeholder for kind in book().kinds}
        self.behind = Gates([cued.get(word, []) for word in words])

    def search(self, reading: Reading) -> list[Found]:
        """Return what one reading of the texts shows, overlapping finds joined."""
        near = self.near.marks(reading)
        digits = _spoken(reading.words, self.near.runs(reading.codes, reading))
        near["<RUN>"] = self.near.runs(coded(digits), reading)  # dates and sums are hidden by now
        near["<RUN>"] = sorted({*near["<RUN>"], *near["<KEY_RUN>"]})
        hits = np.fromiter(itertools.chain.from_iterable(self.automaton.find_matches_as_indexes(reading.words, overlapping=True)), np.int64)
        hits = hits.reshape(-1, 3)
        always = [(pattern, windows) for name, windows in near.items() for pattern in self.always[name]]
        found = [find for pattern, windows in always for find in _within(pattern, reading, digits, windows)]
        found += self._needed(reading, digits, hits, near)
        found += self._behind(reading, digits, hits, near["<RUN>"])
        return _again(_joined(found), reading)

    def _needed(self, reading: Reading, digits: str, hits: _Ints, near: dict[str, Windows]) -> Iterator[Found]:
        """Yield what patterns find in the texts that have a word they need."""
        wanted: dict[int, tuple[Pattern, list[tuple[int, int]]]] = {}
        for word, start, end in hits[self.needing[hits[:, 0]]].tolist():
            for pattern in self.needed[word]:
                if pattern.first and _letters(pattern.first).isdisjoint(reading.words[max(0, start - _BEFORE):start]):
                    continue
                wanted.setdefault(id(pattern), (pattern, []))[1].append((start, end))
        for pattern, spans in wanted.values():
            around = pattern.around or len(reading.words)
            windows = widened(np.array(sorted(spans)), reading, around, around)
            if pattern.near is not None:
                needing = {start for start, _ in windows}
                windows = [window for window in near[pattern.near] if int(reading.starts[reading.of(np.array(window[0]))]) in needing]
            yield from _within(pattern, reading, digits, windows)

    def _behind(self, reading: Reading, digits: str, hits: _Ints, runs: Windows) -> Iterator[Found]:
        """Yield what stands right behind a cue; a look at the next characters spares most of the patterns."""
        texts = reading.of(hits[:, 1])
        running = np.zeros(len(reading.starts), dtype=bool)
        running[reading.of(np.array([start for start, _ in runs], dtype=np.int64))] = True
        chosen, opened = self.behind.open(hits, reading.codes, coded(digits), running[texts])
        rows = zip(hits[chosen, 1].tolist(), hits[chosen, 2].tolist(), reading.ends[texts[chosen]].tolist(), opened, strict=True)
        for start, end, limit, patterns_ in rows:
            for pattern in patterns_:
                match = pattern.match(digits if pattern.reads_digits else reading.words, end, limit)
                if match and _stands_alone(reading.words, start, end) and (value := pattern.value(match)):
                    yield (*value, pattern.rank, pattern.kind)


@functools.cache
def _letters(first: str) -> frozenset[str]:
    return frozenset(first)


def _spoken(words: str, windows: Windows) -> str:
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


def _within(pattern: Pattern, reading: Reading, digits: str, windows: Windows) -> Iterator[Found]:
    """Yield what a pattern finds in some windows."""
    text = digits if pattern.reads_digits else reading.words
    matches = _begun(pattern, reading, windows) if pattern.begins else (m for window in windows for m in pattern.find(text, *window))
    for match in matches:
        if value := pattern.value(match):
            yield (*value, pattern.rank, pattern.kind)


def _begun(pattern: Pattern, reading: Reading, windows: Windows) -> Iterator[re.Match[str]]:
    """Yield what a pattern finds in some windows, tried only where it can begin: what a regex must look behind for it seeks slowly."""
    at = np.flatnonzero(np.frombuffer(pattern.begins, np.bool_)[places(reading.codes)])
    bounds = np.searchsorted(at, np.array(windows).reshape(-1, 2)).tolist()
    for (start, end), (low, high) in zip(windows, bounds, strict=True):
        for place in at[low:high].tolist():
            if place >= start and (match := pattern.match(reading.words, place, end)):
                yield match
                start = match.end()


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
    values: dict[int, dict[str, tuple[int, str]]] = {}
    texts = reading.of(np.array([start for start, *_ in found], dtype=np.int64)).tolist()
    for text, (start, end, rank, kind) in zip(texts, found, strict=True):
        value = reading.words[start:end]
        if end - start >= _AGAIN.get(kind, _AGAIN_ELSE) and HIDDEN not in value:
            values.setdefault(text, {}).setdefault(value, (rank, kind))
    more = []
    for text, said in values.items():
        low, high = int(reading.starts[text]), int(reading.ends[text])
        for value, (rank, kind) in itertools.islice(said.items(), _VALUES):
            if reading.words.count(value, low, high) > 1:
                pattern = re.compile(f"(?<![a-z0-9]){re.escape(value)}(?![a-z0-9])")
                more += [(*match.span(), rank, kind) for match in pattern.finditer(reading.words, low, high)]
    return _joined(found + more) if more else found
