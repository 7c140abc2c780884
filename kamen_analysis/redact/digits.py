"""The second view of the texts: near digits, Chinese numerals are digits too, and what only looks like an identifier is hidden."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kamen_analysis.redact.leads import Group, Leads, View, every
from kamen_analysis.redact.reading import HIDDEN, NUMERALS, Reading, decoded
from kamen_analysis.redact.rules import book, keep
from kamen_analysis.redact.starts import members
from kamen_analysis.redact.tables import Classes
from kamen_analysis.redact.windows import Windows, each

_IS_NUMERAL = members("".join(map(chr, NUMERALS)))
_IS_ONE, _GOES_ON = members("一"), members("直样共下些定般旦律切致起边")  # 一直, 一样: no digit behind another
_DIGIT = np.zeros(max(NUMERALS) + 1, dtype=np.int64)
_DIGIT[list(NUMERALS)] = [ord(digit) for digit in NUMERALS.values()]


class Digits:
    """What the second view is made with."""

    def __init__(self, leads: Leads, group: Group) -> None:
        self._leads, self._group, self._every = leads, group, every(len(book().keep))
        self._hidden = leads.classes(np.array([ord(HIDDEN)]))

    def view(self, reading: Reading, words: View, windows: Windows) -> View:
        """Return the view of the texts that patterns reading digits have."""
        at, _ = each(windows)
        codes, seen, classes = reading.codes.copy(), words.places.copy(), words.classes.copy()
        numerals = at[_IS_NUMERAL.take(seen.take(at))]
        word = _IS_ONE.take(seen.take(numerals)) & _GOES_ON.take(seen.take(numerals + 1)) & ~_IS_NUMERAL.take(seen.take(numerals - 1))
        numerals = numerals[~word]
        codes[numerals] = seen[numerals] = digits = _DIGIT.take(seen[numerals])
        classes[numerals] = self._leads.classes(digits)
        for start, end in self._alike(decoded(codes), classes, windows):
            codes[start:end] = seen[start:end] = ord(HIDDEN)
            classes[start:end] = self._hidden
        return View(decoded(codes), seen, classes)

    def _alike(self, text: str, classes: Classes, windows: Windows) -> Iterator[tuple[int, int]]:
        """Yield where look-alikes stand, each behind the one before."""
        done, match = 0, keep().match
        stretches = np.column_stack([windows, np.zeros(len(windows), np.int64)])
        begun = self._group.begin(classes, stretches, self._every)
        for place, end in sorted(set(zip(begun.at.tolist(), windows[begun.stretch, 1].tolist(), strict=True))):
            if place >= done and (found := match(text, place, end)):
                yield place, (done := found.end())
