"""Texts as the patterns read them: folded, without what the eye does not see, many as one; every offset leads back."""

from __future__ import annotations

import functools
import itertools
import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import opencc

from kamen_analysis import zh
from kamen_analysis.redact.kinds import SHELF

# Stands for what is already found and for what must not be found: a rare Han character that no pattern asks for.
HIDDEN = "㐀"
_SPOKEN = ("零〇洞", "一壹幺妖", "二贰两", "三叁参", "四肆", "五伍", "六陆", "七柒拐", "八捌", "九玖勾")
NUMERALS = {ord(char): chr(0xFF10 + digit) for digit, chars in enumerate(_SPOKEN) for char in chars}  # full width: told apart from 0-9
# Blocks of digits and letters in other shapes: first code point and the one behind the last.
_ODD = ((0x0660, 0x1000), (0x2160, 0x2180), (0x2460, 0x2800), (0x3280, 0x328A), (0x1D400, 0x1D800), (0x1F100, 0x1F150),
        (0x1FBF0, 0x1FBFA))
# Cyrillic and Greek letters that look like Latin ones or digits (Unicode confusables).
_CONFUSABLE = "авеёкмнорстухзіѕјԛԝАВЕКМНОРСТУХЗІЅЈαβεικνορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧӏ"
_CONFUSED_WITH = "abeekmhopctyx3isjqwABEKMHOPCTYX3ISJabeikvoptuxABEZHIKMNOPTYXl"
_UNSEEN = 0x110000  # stands for what the eye does not see; behind the last code point
_INVISIBLE = zh.INVISIBLE | {"\u20e3"} | {chr(code) for code in range(0x300, 0x370)}  # the keycap ring and combining marks


@functools.cache
def _table() -> npt.NDArray[np.uint32]:
    """Return the plain form of every code point: that of zh.fold, any Unicode digit, and ringed, boxed and mathematical letters."""
    table = np.arange(sys.maxunicode + 1, dtype=np.uint32)
    kept = SHELF.packed(f"plain {opencc.__version__}", _changed)
    table[kept["codes"]] = kept["plain"]
    return table


def _changed() -> dict[str, npt.NDArray[np.uint32]]:
    """Return the code points that have another plain form, and these."""
    table = _plain()
    codes = np.flatnonzero(table != np.arange(len(table))).astype(np.uint32)
    return {"codes": codes, "plain": table[codes]}


def _plain() -> npt.NDArray[np.uint32]:
    table = np.arange(sys.maxunicode + 1, dtype=np.uint32)
    for code, char in zh.fold_table().items():
        table[code] = ord(char)
    for code in itertools.chain.from_iterable(map(range, *zip(*_ODD, strict=True))):
        char, plain = chr(code), unicodedata.normalize("NFKC", chr(code))
        digit = unicodedata.digit(char, None)
        if digit is not None or (len(plain) == 1 and plain != char):
            table[code] = ord(plain if digit is None else str(digit))
    for first in (0x1F150, 0x1F170):  # white letters on a black disc or square have no plain form in Unicode
        table[first:first + 26] = range(ord("a"), ord("a") + 26)
    table[0x3220:0x3229] = range(ord("1"), ord("9") + 1)  # numerals in brackets as one character
    for odd, plain in zip(_CONFUSABLE, _CONFUSED_WITH, strict=True):
        table[ord(odd)] = ord(plain)
    table[[ord("ü"), ord("Ü")]] = ord("u")
    lower = np.arange(sys.maxunicode + 1, dtype=np.uint32)
    small = "\n".join(map(chr, range(ord("A"), 0x20000))).lower().split("\n")  # apart, since what stands beside can change a letter
    lower[ord("A"):0x20000] = [ord(char) if len(char) == 1 else code for code, char in enumerate(small, ord("A"))]
    table = lower[table]
    table[0xD800:0xE000] = 0xFFFD  # lone surrogates cannot be searched
    table[[ord(char) for char in _INVISIBLE]] = _UNSEEN
    return table


def fold(text: str) -> str:
    """Return `text` half width, simplified, lower case and with plain digits, at exactly its length."""
    codes = _table()[coded(text)]
    return decoded(np.where(codes == _UNSEEN, coded(text), codes))


# Stands before, between and behind the texts of a reading: no pattern reaches across.
JOINT = "\n㐁\n"
_Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reading:
    """Folded texts read as one: their `words` with JOINT around each, as characters and as `codes`; `offsets` leads each back.

    `starts` and `ends` say where each text lies in `words`, `numbers` which of the texts given it is, `bases` where that began.
    """

    words: str
    codes: npt.NDArray[np.uint32]
    offsets: _Numbers
    numbers: _Numbers
    bases: _Numbers
    starts: _Numbers
    ends: _Numbers

    def of(self, positions: _Numbers) -> _Numbers:
        """Return for each position in `words` the index of its text."""
        return np.searchsorted(self.starts, positions, "right") - 1

    def each(self, texts: _Numbers) -> Iterator[tuple[int, str]]:
        """Yield the number and the words of some of the texts."""
        for number, start, end in zip(*(row[texts].tolist() for row in (self.numbers, self.starts, self.ends)), strict=True):
            yield number, self.words[start:end]

    def given(self, spans: _Numbers) -> tuple[_Numbers, _Numbers, _Numbers]:
        """Return for spans (rows of start, end) the number of the text and the offsets into it as given, unseen characters at the end
        included."""
        texts = self.of(spans[:, 0])
        return self.numbers[texts], self.offsets[spans[:, 0]] - self.bases[texts], self.offsets[spans[:, 1]] - self.bases[texts]

    def kept(self, keep: npt.NDArray[np.bool_], codes: npt.NDArray[np.uint32], texts: _Numbers | slice) -> Reading:
        """Return the reading of some of the texts with the kept characters only."""
        kept = np.flatnonzero(keep)
        codes = codes[kept]
        return Reading(decoded(codes), codes, self.offsets[kept], self.numbers[texts], self.bases[texts],
                       np.searchsorted(kept, self.starts[texts]), np.searchsorted(kept, self.ends[texts]))

    def without(self, spans: _Numbers, texts: _Numbers | slice = slice(None)) -> Reading:
        """Return the reading of some texts with one HIDDEN in the place of each of the (sorted, separate) spans."""
        codes = self.codes.copy()
        codes[spans[:, 0]] = ord(HIDDEN)
        return self.kept(self.within(texts) & ~_covered(spans[:, 0] + 1, spans[:, 1], len(codes)), codes, texts)

    def within(self, texts: _Numbers | slice) -> npt.NDArray[np.bool_]:
        """Return of each place whether it lies in one of some texts or in a JOINT beside it."""
        return _covered(self.starts[texts] - len(JOINT), self.ends[texts] + len(JOINT), len(self.codes))


def _covered(starts: _Numbers, ends: _Numbers, length: int) -> npt.NDArray[np.bool_]:
    """Return which places lie within one of the stretches, which may share no more than a JOINT."""
    steps = np.zeros(length + 1, dtype=np.int8)
    steps[starts] += 1
    steps[ends] -= 1
    return np.cumsum(steps[:-1], dtype=np.int8) > 0


def coded(text: str) -> npt.NDArray[np.uint32]:
    """Return the code points of a text."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def decoded(codes: npt.NDArray[np.uint32]) -> str:
    """Return the text of some code points."""
    return codes.tobytes().decode("utf-32-le")


def read(texts: Sequence[str], placeholders: re.Pattern[str]) -> Reading:
    """Return the texts as the patterns read them, with what is already a placeholder hidden."""
    codes = _table()[coded(JOINT + JOINT.join(texts) + JOINT)]
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    ends = np.cumsum(lengths + len(JOINT))
    starts = ends - lengths
    is_seen = codes != _UNSEEN
    if is_seen.all():
        reading = Reading(decoded(codes), codes, np.arange(len(codes)), np.arange(len(texts)), starts, starts, ends)
    else:
        reading = Reading("", codes, np.arange(len(codes)), np.arange(len(texts)), starts, starts, ends).kept(is_seen, codes, slice(None))
    spans = [m.span() for m in placeholders.finditer(reading.words)] if "[" in reading.words else []
    return reading.without(np.array(spans)) if spans else reading
