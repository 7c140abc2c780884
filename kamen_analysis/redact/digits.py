"""The second view of the texts: near digits, Chinese numerals are digits too, and what only looks like an identifier is hidden."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kamen_analysis.redact.leads import Classes, Codes, Group, Ints, Leads, View
from kamen_analysis.redact.reading import HIDDEN, NUMERALS, decoded, members
from kamen_analysis.redact.rules import keep
from kamen_analysis.redact.windows import Windows, each

_DIGIT = np.zeros(max(NUMERALS) + 1, dtype=np.uint32)
_DIGIT[list(NUMERALS)] = [ord(digit) for digit in NUMERALS.values()]


class Digits:
    """What the second view is made with."""

    def __init__(self, leads: Leads, group: Group) -> None:
        self._leads, self._group = leads, group

    def view(self, words: View, windows: Windows) -> View:
        """Return the view of the texts that patterns reading digits have."""
        at, ends = each(windows)
        codes = words.codes.copy()
        numerals = at[members("".join(map(chr, NUMERALS)))[codes[at]]]
        codes[numerals] = _DIGIT[codes[numerals]]
        for start, end in self._alike(codes, at, ends):
            codes[start:end] = ord(HIDDEN)
        return View(decoded(codes), codes, self._classes(words.classes, codes, at))

    def _alike(self, codes: Codes, at: Ints, ends: Ints) -> Iterator[tuple[int, int]]:
        """Yield where look-alikes stand, each behind the one before."""
        text, match = decoded(codes), keep().match
        can = np.flatnonzero(self._group.begin(self._leads.classes(codes), at).any(axis=0))
        done = 0
        for place, end in zip(at[can].tolist(), ends[can].tolist(), strict=True):
            if place >= done and (found := match(text, place, end)):
                yield place, (done := found.end())

    def _classes(self, classes: Classes, codes: Codes, at: Ints) -> Classes:
        classes = classes.copy()
        classes[at] = self._leads.classes(codes[at])
        return classes
