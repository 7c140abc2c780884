"""What the model looks at: characters, words, word classes and cues of a post, each hashed to a bucket at the place where it stands."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import rjieba

from kamen_analysis.label.cues import Span
from kamen_analysis.label.reasons import Heard
from kamen_analysis.label.text import Doc

BUCKETS = 1 << 16
LONGEST = 4  # Characters in the longest n-gram.
STATED = 2  # N-grams up to so long are also read together with who speaks and what is denied.
WIDE = 40  # Clauses are read together up to so many characters.
_BACK = 3  # A word or word class is paired with so many before it.
_STATES = {"merchant": 1, "consumer": 2, "third": 3, "denial": 4, "unsaid": 4, "hypothesis": 8, "hearsay": 12, "general": 12,
           "mistake": 16, "pseudo": 16}
_MARKS = frozenset("，,、；;：:“”‘’\"'「」（）()…~ .。！？!?\n")
Ints = npt.NDArray[np.int64]


def units(doc: Doc) -> list[Span]:
    """Return the stretches the model is asked about: from each clause on, as many whole clauses as fit in `WIDE` characters."""
    starts = [*doc.clauses, len(doc.text)]
    out, last = [], 1
    for i, start in enumerate(starts[:-1]):
        last = max(last, i + 1)
        while last + 1 < len(starts) and starts[last + 1] - start <= WIDE:
            last += 1
        if starts[last] > start:
            out.append((start, starts[last]))
    return out


def features(heard: Heard) -> tuple[Ints, Ints]:
    """Return the places (offsets into the text, ascending) and the buckets (below BUCKETS) of all features of a post."""
    classes = [(at, f"k {name}") for at, name in heard.classes]
    cues = [(finding.start, f"c {finding.code} {finding.dropped is None}") for finding in heard.findings]
    found = [*_grams(heard), *_named(list(_words(heard.doc.text)), _BACK), *_named(classes, _BACK), *_named(cues)]
    at, bucket = (np.concatenate(columns) for columns in zip(*found, strict=True))
    order = np.argsort(at, kind="stable")
    return at[order], bucket[order]


def _grams(heard: Heard) -> Iterator[tuple[Ints, Ints]]:
    codes = np.frombuffer(heard.doc.text.encode("utf-32-le"), np.uint32).astype(np.uint64)
    states, rolling = _states(heard), np.zeros(len(codes), np.uint64)
    for n in range(1, min(LONGEST, len(codes)) + 1):
        rolling = rolling[: len(codes) - n + 1] * np.uint64(1000003) + codes[n - 1:] + np.uint64(n)
        at = np.arange(len(rolling))
        yield at, _bucket(rolling)
        if n <= STATED:
            yield at, _bucket(rolling + (states[: len(rolling)] + np.uint64(1)) * np.uint64(0x51ED270B27B4F3CF))


def _bucket(key: npt.NDArray[np.uint64]) -> Ints:
    # The finishing step of splitmix64: near keys fall far apart.
    key = key * np.uint64(0x9E3779B97F4A7C15)
    key = (key ^ (key >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return (key >> np.uint64(40)).astype(np.int64) % BUCKETS


def _states(heard: Heard) -> npt.NDArray[np.uint64]:
    states = np.zeros(len(heard.doc.text), np.uint64)
    if heard.reading:
        for start, end, kind in heard.reading.stretches():
            # Speakers take the low two bits, what weakens a statement the rest.
            mask = np.uint64(~3 & 31 if _STATES[kind] < 4 else 3)
            states[start:end] = (states[start:end] & mask) | np.uint64(_STATES[kind])
    return states


def _named(named: list[tuple[int, str]], back: int = 0) -> Iterator[tuple[Ints, Ints]]:
    """Yield the features of names at places, and of each name with each of the `back` before it."""
    at = np.array([place for place, _ in named], np.int64)
    keys = np.array([_key(name) for _, name in named], np.uint64)
    yield at, _bucket(keys)
    yield from ((at[n:], _bucket(keys[:-n] * np.uint64(1000003) + keys[n:])) for n in range(1, back + 1))


@functools.lru_cache(maxsize=1 << 15)
def _key(name: str) -> int:
    return zlib.crc32(name.encode())


def _words(text: str) -> Iterator[tuple[int, str]]:
    at = 0
    for word in rjieba.cut(text):
        if word not in _MARKS:
            yield at, f"w {word}"
        at += len(word)
