"""Search one reading of texts: one pass for words, one for digit runs, then only the patterns these call for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from operator import itemgetter

import numpy as np

from kamen_analysis.redact import tight
from kamen_analysis.redact.again import again
from kamen_analysis.redact.digits import Digits
from kamen_analysis.redact.extent import Found, whole
from kamen_analysis.redact.gates import Cued, Free
from kamen_analysis.redact.leads import Leads
from kamen_analysis.redact.near import MARKS, Near
from kamen_analysis.redact.reading import Reading
from kamen_analysis.redact.rules import Pattern, book, expand, patterns
from kamen_analysis.redact.tables import Ints, Look
from kamen_analysis.redact.windows import Windows, together
from kamen_analysis.redact.words import Words

Match = tuple[int, int, int, Pattern, str]  # start, minus its end, rank of the kind, pattern, the text it is in
_ORDER = itemgetter(0, 1, 2)  # by start, the longest first


class Engine:
    """The tree of all cues and needs, and the patterns behind each of its words."""

    def __init__(self) -> None:
        cued, free = patterns()
        words = sorted({*cued, *(word for pattern in free for word in pattern.needs)})
        behind = list({id(pattern): pattern for word in words for pattern in cued.get(word, [])}.values())  # in the same order every time
        rooms = [[pattern for pattern in some if pattern.reads_digits is view] for some in (free, behind) for view in (False, True)]
        marks, alike = [Look(expand(mark)) for mark in MARKS], [Look(expand(entry.pattern)) for entry in book().keep]
        anywhere = [[Look(pattern.written) for pattern in room] for room in rooms[:2]]
        cues = [[Look(pattern.written, pattern.first, pattern.reach) for pattern in room] for room in rooms[2:]]
        self._leads = Leads([marks, alike, *anywhere, *cues])
        near, digits, *groups = self._leads.groups
        self._words, self._near, self._digits = Words(words), Near(near), Digits(self._leads, digits)
        self._free = [Free(words, room, group) for room, group in zip(rooms[:2], groups[:2], strict=True)]
        behind_each = [cued.get(word, []) for word in words]
        self._cued = [Cued(behind_each, room, group) for room, group in zip(rooms[2:], groups[2:], strict=True)]

    def search(self, reading: Reading, rows: Ints) -> list[Found]:
        """Return what one reading of the texts shows, also without what is put between their characters, overlapping finds joined.

        `rows`: of which row each text given is; a value found in one text is found in all of its row.
        """
        found, near = self._found(reading)
        put = np.concatenate([near[mark][:, 0] for mark in tight.MARKS])
        if len(put):
            loose = tight.Tight(reading, np.unique(reading.of(put)))
            found += [(*at, rank, kind) for start, end, rank, kind in self._found(loose.reading)[0] if (at := loose.given(start, end))]
        found = _joined(found)
        more = again(found, reading, rows)
        return _joined(found + more) if more else found

    def _found(self, reading: Reading) -> tuple[list[Found], dict[str, Windows]]:
        words = self._leads.view(reading.words, reading.codes)
        near = self._near.marks(reading, words)
        near["<CODE>"] = together(together(near["<CODE>"], near["<CODE_END>"]), near["<KEY_RUN>"])
        digits = self._digits.view(reading, words, self._near.runs(reading, words))
        near["<RUN>"] = together(self._near.runs(reading, digits), near["<KEY_RUN>"])  # dates and sums are hidden by now
        hits = self._words.hits(words.places)
        matches = list[Match]()
        for view, free, cued in zip((words, digits), self._free, self._cued, strict=True):
            for pattern, at, ends in free.open(hits, near, reading, view):
                matches += _tried(pattern, view.text, at, ends)
            for pattern, starts, at, ends in cued.open(hits, near["<RUN>"], reading, view):
                matches += _behind(pattern, view.text, reading.words, starts, at, ends)
        return [*whole(_joined(list(_judged(matches))), reading.words, digits.text)], near


def _tried(pattern: Pattern, text: str, at: list[int], ends: list[int]) -> Iterator[Match]:
    """Yield what a pattern matches at some places, each behind the match before."""
    done, match, rank = 0, pattern.match, pattern.rank
    for place, end in zip(at, ends, strict=True):
        if place >= done and (found := match(text, place, end)):
            done = found.end()
            start, stop = found.span("v")
            yield start, -stop, rank, pattern, text


def _behind(pattern: Pattern, text: str, words: str, starts: list[int], at: list[int], ends: list[int]) -> Iterator[Match]:
    """Yield what a pattern matches right behind some cues, given where these start and end."""
    rank, tried = pattern.rank, map(pattern.match, itertools.repeat(text), at, ends)
    for found, start, end in zip(tried, starts, at, strict=True):
        if found and (words[end - 1] > "z" < words[start] or _stands_alone(words, start, end)):
            first, stop = found.span("v")
            yield first, -stop, rank, pattern, text


def _judged(matches: list[Match]) -> Iterator[Found]:
    """Yield the values of the matches, but for those within a value that wins over them: judging these, too, would change nothing."""
    widest = (0, 0, 0)
    for start, back, rank, pattern, text in sorted(matches, key=_ORDER):
        if (back, start, rank) < widest and (value := pattern.value(text, start, -back)):
            yield (*value, rank, pattern.kind)
            widest = min(widest, (-value[1], start, rank))


def _stands_alone(words: str, start: int, end: int) -> bool:
    """Tell whether a Latin cue is a word of its own and no part of a longer one."""
    first, last = words[start], words[end - 1]
    if first.isascii() and first.isalnum() and words[start - 1].isascii() and words[start - 1].isalnum():
        return False
    if not (last.isascii() and last.isalpha()) or not words[end].isascii():
        return True
    return not words[end].isalpha() if end - start > 2 else end - start == 2 or not words[end].isalpha()  # vx and qq may touch the value


def _joined(found: list[Found]) -> list[Found]:
    """Return the finds in order, overlapping ones as one of the longest's kind; of equally long ones the kind named first."""
    joined: list[Found] = []
    best = (0, 0)
    for start, end, rank, kind in sorted(set(found)):
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
