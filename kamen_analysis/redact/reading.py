"""A text as the patterns read it: folded, without what the eye does not see, look-alikes hidden; every offset leads back."""

from __future__ import annotations

import functools
import re
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kamen_analysis import zh

# Stands for what is already found and for what must not be found: a rare Han character that no pattern asks for.
HIDDEN = "㐀"
_SPOKEN = ("零〇洞", "一壹幺", "二贰两", "三叁参", "四肆", "五伍", "六陆", "七柒拐", "八捌", "九玖勾")
NUMERALS = {ord(char): chr(0xFF10 + digit) for digit, chars in enumerate(_SPOKEN) for char in chars}  # full width: told apart from 0-9
# Cyrillic and Greek letters that look like Latin ones or digits (Unicode confusables).
_CONFUSABLE = "авеёкмнорстухзіѕјԛԝАВЕКМНОРСТУХЗІЅЈαβεικνορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧӏ"
_CONFUSED_WITH = "abeekmhopctyx3isjqwABEKMHOPCTYX3ISJabeikvoptuxABEZHIKMNOPTYXl"
_INVISIBLE = zh.INVISIBLE | {"\u20e3"} | {chr(code) for code in range(0x300, 0x370)}  # the keycap ring and combining marks
_UNSEEN = re.compile(f"[{''.join(sorted(_INVISIBLE))}]")


@functools.cache
def _table() -> npt.NDArray[np.uint32]:
    """Return the plain form of every code point: that of zh.fold, any Unicode digit, and ringed, boxed and mathematical letters."""
    table = np.arange(sys.maxunicode + 1, dtype=np.uint32)
    for code, char in zh.fold_table().items():
        table[code] = ord(char)
    for code in (*range(0x0660, 0x1000), *range(0x2460, 0x2800), *range(0x1D400, 0x1D800), *range(0x1F100, 0x1F150), *range(0x1FBF0, 0x1FBFA)):
        char, plain = chr(code), unicodedata.normalize("NFKC", chr(code))
        digit = unicodedata.digit(char, None)
        if digit is not None or (len(plain) == 1 and plain != char):
            table[code] = ord(plain if digit is None else str(digit))
    for first in (0x1F150, 0x1F170):  # white letters on a black disc or square have no plain form in Unicode
        table[first:first + 26] = range(ord("a"), ord("a") + 26)
    for odd, plain in zip(_CONFUSABLE, _CONFUSED_WITH, strict=True):
        table[ord(odd)] = ord(plain)
    lower = np.arange(sys.maxunicode + 1, dtype=np.uint32)
    for code in range(0x20000):
        if len(chr(code).lower()) == 1:
            lower[code] = ord(chr(code).lower())
    table = lower[table]
    table[0xD800:0xE000] = 0xFFFD  # lone surrogates cannot be searched
    return table


def fold(text: str) -> str:
    """Return `text` half width, simplified, lower case and with plain digits, at exactly its length."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return _table()[codes].tobytes().decode("utf-32-le")


@dataclass(frozen=True)
class Reading:
    """The folded `words` of a text and, unless they stand where the text has them, the offset of each character."""

    words: str
    offsets: Sequence[int] | None = None
    length: int = 0

    def at(self, start: int, end: int) -> tuple[int, int]:
        """Return the offsets into the text as given of the characters from `start` to `end` here, unseen ones behind them included."""
        if self.offsets is None:
            return start, end
        return self.offsets[start], self.offsets[end] if end < len(self.offsets) else self.length

    def without(self, spans: list[tuple[int, int]]) -> Reading:
        """Return the reading with one HIDDEN in the place of each of the (sorted, separate) spans."""
        offsets = range(len(self.words)) if self.offsets is None else self.offsets
        words, kept, done = [], list[int](), 0
        for start, end in spans:
            words += [self.words[done:start], HIDDEN]
            kept += offsets[done:start + 1]
            done = end
        return Reading("".join(words) + self.words[done:], [*kept, *offsets[done:]], self.length)


def read(text: str, placeholders: re.Pattern[str]) -> Reading:
    """Return the text as the patterns read it, with what is already a placeholder hidden."""
    words = fold(text)
    reading = Reading(*zh.squeeze(words, _INVISIBLE), len(text)) if _UNSEEN.search(words) else Reading(words, None, len(text))
    spans = [m.span() for m in placeholders.finditer(reading.words)] if "[" in words else []
    return reading.without(spans) if spans else reading
