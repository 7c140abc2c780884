"""Texts without what is put between their characters: signs between those of a name, glosses, asides in a code, levels told apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from kamen_analysis import kept
from kamen_analysis.redact.reading import Reading
from kamen_analysis.redact.romanised import BARE
from kamen_analysis.redact.rules import expand
from kamen_analysis.redact.tables import Ints

# Where something is put between characters, and which of it is left out; without that, each place of its sign, the group `j1`.
_PUT_BETWEEN = {"<SIGNS_BETWEEN>": "", "<SIGN_IN_NAME>": "", "<ONE_BY_ONE>": "", "<LEVELS_APART>": "", "<GLOSSED>": "(?s:.)",
                "<ASIDE_IN_CODE>": "(?s:.)", "<SAID_BETWEEN>": "[^0-9<NUMERALS>]"}
MARKS = [*_PUT_BETWEEN, "<TONED>"]
_TONED = re.compile(f"[{''.join(BARE)}]")


class Tight:
    """The `reading` of some texts without what is put between their characters, and where its finds stand in the one it was made of."""

    def __init__(self, given: Reading, texts: Ints) -> None:
        codes, out = given.codes.copy(), np.zeros(len(given.codes), np.bool_)
        for low, high in zip(given.starts[texts].tolist(), given.ends[texts].tolist(), strict=True):
            for start, end in _between(given.words, low, high):
                out[start:end] = True
            for toned in _TONED.finditer(given.words, low, high):
                codes[toned.start()] = ord(BARE[toned[0]])
        keep = given.within(texts) & ~out
        self._places = np.flatnonzero(keep)
        self._changed = np.concatenate([[0], np.cumsum(out | (codes != given.codes))])
        self.reading = given.kept(keep, codes, texts)

    def given(self, start: int, end: int) -> tuple[int, int] | None:
        """Return where a find stands in the reading this one was made of; None if nothing was put between its characters."""
        first, last = int(self._places[start]), int(self._places[end - 1]) + 1
        return (first, last) if self._changed[last] > self._changed[first] else None


def _between(words: str, low: int, high: int) -> Iterator[tuple[int, int]]:
    for mark, part in _PUT_BETWEEN.items():
        for put in kept.pattern(expand(mark)).finditer(words, low, high):
            pieces = kept.pattern(expand(part)) if part else re.compile(re.escape(put["j1"]))
            yield from (piece.span() for piece in pieces.finditer(words, *put.span()))
