"""What the model looks at, post by post."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np

from kamen_analysis.label.features import CUED, LONGEST, STATED
from kamen_analysis.label.units import WIDTHS
from twin.reasons import Heard
from twin.text import Doc

_STATES = {"merchant": 1, "consumer": 2, "third": 3, "denial": 4, "unsaid": 4, "hypothesis": 8, "hearsay": 12, "general": 12,
           "mistake": 16, "pseudo": 16}
_WORD = 2**32


def units(doc: Doc) -> list[tuple[int, int]]:
    """Return the stretches the model is asked about: from each clause on, as many whole clauses as fit in each of `WIDTHS` characters."""
    starts = [*doc.clauses, len(doc.text)]
    out = set()
    for width in WIDTHS:
        for i, start in enumerate(starts[:-1]):
            last = max([i + 1] + [k for k in range(i + 1, len(starts)) if starts[k] - start <= width])
            if starts[last] > start:
                out.add((start, starts[last]))
    return sorted(out)


def features(heard: Heard) -> list[tuple[int, int]]:
    """Return (offset, bucket) of every feature of a post."""
    classes = [(at, f"k {name}") for at, name in heard.classes]
    cues = sorted({(f.start, f.code, f.rule, f.dropped is None) for f in heard.findings})
    named = [(at, f"{name} {stands} {n}") for at, code, rule, stands in cues for n in range(CUED) for name in (f"c {code}", f"r {rule}")]
    return [*_grams(heard), *_named(classes, 1), *_named(named, 0)]


def _bucket(key: int) -> int:
    return key * 0x9E3779B1 % _WORD >> 16


def _grams(heard: Heard) -> Iterator[tuple[int, int]]:
    text, states = heard.doc.text, _states(heard)
    for at in range(len(text)):
        key = 0
        for n in range(1, min(LONGEST, len(text) - at) + 1):
            key = (key * 1000003 + ord(text[at + n - 1]) + n) % _WORD
            yield at, _bucket(key)
            if n <= STATED:
                yield at, _bucket((key + (states[at] + 1) * 0x7B4F3CF1) % _WORD)


def _states(heard: Heard) -> list[int]:
    states = np.zeros(len(heard.doc.text), np.int64)
    for start, end, kind in heard.reading.stretches():
        mask = 28 if _STATES[kind] < 4 else 3
        states[start:end] = states[start:end] & mask | _STATES[kind]
    return [int(state) for state in states]


def _named(named: list[tuple[int, str]], back: int) -> Iterator[tuple[int, int]]:
    keys = [zlib.crc32(name.encode()) for _, name in named]
    for i, (at, _) in enumerate(named):
        yield at, _bucket(keys[i])
        yield from ((at, _bucket((keys[i - n] * 1000003 + keys[i]) % _WORD)) for n in range(1, back + 1) if i >= n)
