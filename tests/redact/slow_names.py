"""Where names could stand and what tells of each, read slowly and obviously from one text: the twin of the compiled loops."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from kamen_analysis.redact import name_tables as of

Name = tuple[int, int, int, int, int, int]  # start, end, given characters, how sure the surname is, how far apart

_WORDS, _CLASSES, _PARTS = of._words(), of.tables().classes, of.tables().parts
_MIX, _MASK = int(of.MIX), (1 << 64) - 1


class Slow:
    """One text, read slowly: beyond its ends stand line breaks."""

    def __init__(self, text: str) -> None:
        self.text = text

    def char(self, at: int) -> str:
        """Return a character; a line break beyond the ends."""
        return self.text[at] if 0 <= at < len(self.text) else "\n"

    def cut(self, start: int, end: int) -> str:
        """Return what stands from `start` to `end`."""
        return "".join(map(self.char, range(start, end)))

    def kind(self, at: int) -> int:
        """Return the class of a character."""
        return int(_CLASSES[ord(self.char(at))])

    def can(self, at: int) -> bool:
        """Tell whether a character can be of a given name."""
        return self.kind(at) == of.HAN and not _PARTS[ord(self.char(at))] & of.NEVER

    def crossed(self, at: int, since: int) -> bool:
        """Tell whether an ordinary word that begins at `since` or later reaches across `at`."""
        spans = ((low, high) for low in range(max(since, at - 3), at) for high in range(at + 1, low + 5))
        return any(_WORDS.get(self.cut(low, high), 0) & of.ORDINARY for low, high in spans)

    def candidates(self) -> Iterator[Name]:
        """Yield where names could stand."""
        for start in range(len(self.text) - 1):
            part = int(_PARTS[ord(self.text[start])])
            marks = [_WORDS.get(self.cut(start, start + length), 0) for length in (2, 3, 4)]
            is_begun = any(mark & of.NO_NAME or mark & of.ORDINARY and not mark & of.SURNAMES for mark in marks)
            if self.kind(start + 1) == of.HAN:
                surnames = [(1, part & of.SURNAME), (2, 4 if marks[0] & of.SURNAMES else 0)]
                for (length, sure), given_name in itertools.product(surnames, (1, 2)):
                    end = start + length + given_name
                    can = sure and not is_begun and not self.crossed(start, 0) and all(map(self.can, range(start + length, end)))
                    if can and not self.crossed(end, start + 1):
                        yield start, end, ord(self.text[start + length]), ord(self.text[end - 1]) if given_name > 1 else 0, sure, 0
            elif part & of.SURNAME and _PARTS[ord(self.text[start + 1])] & of.BETWEEN:
                yield from self.apart(start, part & of.SURNAME)

    def goes_on(self, start: int, end: int, sign: str) -> bool:
        """Tell whether a sign that is no blank stands beside a name, too."""
        return not sign.isspace() and sign in (self.char(start - 1), self.char(end))

    def apart(self, start: int, sure: int) -> Iterator[Name]:
        """Yield the names whose characters stand apart."""
        blanks = re.match(r"(.)\1{0,2}", self.text[start + 1:])
        sign = (blanks[0] if blanks and self.kind(start + 1) == of.BLANK else self.text[start + 1])
        step = 1 + len(sign)
        first, second = start + step, start + 2 * step
        pair, three = self.text[start] + self.char(first), self.text[start] + self.char(first) + self.char(second)
        if not self.can(first) or _WORDS.get(pair, 0) & (of.ORDINARY | of.NO_NAME):
            return
        if self.kind(first + 1) != of.HAN and sign not in "、," and not self.goes_on(start, first + 1, sign):
            yield start, first + 1, ord(self.char(first)), 0, sure, step
        is_on = self.cut(first + 1, second) == sign and self.can(second) and not self.goes_on(start, second + 1, sign)
        if is_on and not _WORDS.get(three, 0) & (of.ORDINARY | of.NO_NAME):
            yield start, second + 1, ord(self.char(first)), ord(self.char(second)), sure, step

    def longest(self, at: int, is_before: bool) -> str:
        """Return the longest listed word that ends or begins there, or the character."""
        words = [self.cut(at - n, at) if is_before else self.cut(at, at + n) for n in (4, 3, 2)]
        return next((word for word in words if word in _WORDS), self.char(at - 1 if is_before else at))

    def clues(self, start: int, end: int, first: int, second: int, sure: int, apart: int) -> list[int]:
        """Return what tells of a name: the numbers of buckets."""
        said = [sign for sign in range(256) if sign in (of.OTHER, of.BLANK) or sign >= of.SIGN]
        at = next(at for at in range(start, start - 5, -1) if self.kind(at - 1) not in said or at == start - 4)
        on = next(on for on in range(end, end + 5) if self.kind(on) not in said or on == end + 4)
        clause = next(n for n in range(7) if not of.HAN <= self.kind(start - n - 1) <= of.LATIN or n == 6)
        ahead = [self.kind(end + step) for step in range(14)]
        near = (of.DIGIT in ahead) * 4 | (of.GONE in ahead[:3]) | (of.GONE in ahead[3:]) * 2
        near |= 8 * any(self.kind(start - 1 - step) == of.GONE for step in range(3))
        before, behind = self.longest(start, True), self.longest(end, False)
        sooner, later = self.longest(at, True), self.longest(on, False)
        told = _WORDS.get(behind, 0) & (of.FOLLOWS | of.LABEL)
        told += (_WORDS.get(before, 0) & of.LABEL) * 2 + (_WORDS.get(sooner, 0) & of.LABEL) * 4
        given_name = int(_PARTS[first] & of.GIVEN) * 4 + (int(_PARTS[second] & of.GIVEN) if second else 1)
        word = _WORDS.get(chr(first) + chr(second), 0) & of.ORDINARY
        b1, b2, b3, a1, a2, a3 = (ord(self.char(place)) for place in (start - 1, start - 2, start - 3, end, end + 1, end + 2))
        left, right, then = self.kind(start - 1), self.kind(end), self.kind(on)
        sides = left * 64 + right
        rows = [(sure, apart, second > 0), (given_name,), (given_name, sure), (first, second > 0), (second,),
                (given_name, first == second, word), (before,), (behind,), (sides,), (sides, given_name), (left, self.kind(start - 2)),
                (right, self.kind(end + 1)), (b1,), (a1,), (b2, b1), (a1, a2), (b3, b2, b1), (a1, a2, a3), (sooner, left),
                (later, then, right), (told,), (near,), (clause, right), (clause == 0, right, then), (b1, a1), (sure, sides),
                (ord(self.text[start]), first, second)]
        return [_bucket(number, *row) for number, row in enumerate(rows)]


def _bucket(number: int, a: int | str, b: int | str = 0, c: int | str = 0) -> int:
    mixed = number
    for value in (a, b, c):
        plain = sum(ord(char) << 16 * n for n, char in enumerate(reversed(value))) if isinstance(value, str) else int(value)
        mixed = ((mixed ^ plain) * _MIX) & _MASK
    return mixed >> 49
