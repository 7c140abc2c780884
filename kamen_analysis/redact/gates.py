"""Which patterns behind a cue are worth trying: a look at the next characters, for all cues of all texts at once, spares most of them."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kamen_analysis.redact.reading import members
from kamen_analysis.redact.rules import Pattern
from kamen_analysis.redact.starts import places, starts

_Ints = npt.NDArray[np.int64]
_Flags = npt.NDArray[np.bool_]
_Codes = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class _Gate:
    """What patterns have in common: the characters they can begin with (a table), one of `first` within `reach`, the digits or the
    words to look in, and a run of digits in the text."""

    next: bytes
    first: str
    reach: int
    reads_digits: bool
    run: bool


@functools.cache
def _next(written: str) -> bytes:
    return starts(written).tobytes()


class Gates:
    """The patterns behind each of some words, grouped by their gates."""

    def __init__(self, cued: list[list[Pattern]]) -> None:
        gates: dict[_Gate, int] = {}
        self._behind: list[dict[int, list[Pattern]]] = [{} for _ in cued]
        for behind, patterns in zip(self._behind, cued, strict=True):
            for pattern in patterns:
                gate = _Gate(_next(pattern.written), pattern.first, pattern.reach, pattern.reads_digits, pattern.near is not None)
                behind.setdefault(gates.setdefault(gate, len(gates)), []).append(pattern)
        self._counts = np.array([len(behind) for behind in self._behind])
        self._begin = np.cumsum(self._counts) - self._counts
        self._listed = np.array([gate for behind in self._behind for gate in behind])
        self._tables = np.frombuffer(b"".join(gate.next for gate in gates), dtype=bool).reshape(len(gates), -1)
        self._reads_digits = np.array([gate.reads_digits for gate in gates])
        self._run = np.array([gate.run for gate in gates])
        self._reach = np.array([gate.reach for gate in gates])
        self._looks = sorted({(gate.first, gate.reads_digits) for gate in gates if gate.first})
        numbers = {look: number for number, look in enumerate(self._looks)}
        self._look = np.array([numbers.get((gate.first, gate.reads_digits), -1) for gate in gates])

    def open(self, hits: _Ints, words: _Codes, digits: _Codes, running: _Flags) -> tuple[_Ints, list[list[Pattern]]]:
        """Return hits (rows of word, start, end) by number and the patterns to try behind each; `running`: a run is in the hit's text."""
        counts = self._counts[hits[:, 0]]
        hit = np.repeat(np.arange(len(hits)), counts)
        gate = self._listed[np.arange(len(hit)) + np.repeat(self._begin[hits[:, 0]] - np.cumsum(counts) + counts, counts)]
        at = hits[hit, 2]
        open_ = self._tables[gate, places(np.where(self._reads_digits[gate], digits[at], words[at]))] & (running[hit] | ~self._run[gate])
        hit, gate, at = hit[open_], gate[open_], at[open_]
        soon = self._soon(gate, at, words, digits)
        hit, gate = hit[soon], gate[soon]
        return hit, [self._behind[word][behind] for word, behind in zip(hits[hit, 0].tolist(), gate.tolist(), strict=True)]

    def _soon(self, gate: _Ints, at: _Ints, words: _Codes, digits: _Codes) -> _Flags:
        """Return for each place whether a character of its gate's first stands within reach."""
        soon = np.ones(len(gate), dtype=bool)
        look = self._look[gate]
        for number, (first, reads_digits) in enumerate(self._looks):
            chosen = np.flatnonzero(look == number)
            if len(chosen):
                codes = digits if reads_digits else words
                reach = self._reach[gate[chosen]]
                ahead = at[chosen, None] + np.arange(int(reach.max()))
                there = members(first)[codes[np.minimum(ahead, len(codes) - 1)]]
                soon[chosen] = (there & (np.arange(ahead.shape[1]) < reach[:, None])).any(axis=1)
        return soon
