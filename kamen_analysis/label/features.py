"""What the model looks at: characters, word classes and cues of posts, each hashed to a bucket at the place where it stands."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from kamen_analysis.label.findings import rules
from kamen_analysis.label.reasons import Heard
from kamen_analysis.label.text import Ints, Texts, spread

BUCKETS = 1 << 16
LONGEST = 3  # Characters in the longest n-gram.
STATED = 2  # N-grams up to so long are also read together with who speaks and what is denied.
WIDE = 40  # Clauses are read together up to so many characters.
BACK = 1  # A word class is paired with so many before it.
CUED = 4  # A cue is as many features as this of its reason, and of its rule: a person wrote it down, so it weighs more than a character.
_PAIRED, _STATE, _FINISH = np.uint32(1000003), np.uint32(0x7B4F3CF1), np.uint32(0x9E3779B1)
_NONE = BUCKETS  # The bucket of what is no feature, since the text ends before it does.
Words = npt.NDArray[np.uint32]


def units(texts: Texts, posts: Ints) -> tuple[Ints, Ints]:
    """Return the stretches (starts, ends) of `posts` the model is asked about: from each clause on, as many as fit in `WIDE`."""
    starts, ends = texts.clauses
    last = np.maximum(np.searchsorted(ends, starts + WIDE, "right") - 1, np.arange(len(starts)))
    kept = np.isin(texts.post(starts), posts) & (ends[last] > starts)
    return starts[kept], ends[last][kept]


def features(heard: Heard, posts: Ints, starts: Ints) -> Iterator[sp.csr_matrix]:
    """Yield matrices (starts, BUCKETS + 1), to be added up, of how often each feature of `posts` (ascending) begins in each stretch.

    A stretch goes from one of `starts` (ascending, the first post's start among them) to the next. The last column counts for nothing.
    """
    for at, buckets in (_grams(heard, posts), _classes(heard, posts), _cues(heard, posts)):
        first = np.searchsorted(at, starts) * buckets.shape[1]
        pointer = np.append(first, buckets.size).astype(np.int32)
        yield sp.csr_matrix((np.ones(buckets.size, np.float32), buckets.ravel(), pointer), shape=(len(starts), BUCKETS + 1))


def _bucket(key: Words) -> Ints:
    return (key * _FINISH >> np.uint32(16)).astype(np.int32)


def _grams(heard: Heard, posts: Ints) -> tuple[Ints, Ints]:
    texts = heard.texts
    end = texts.index[posts] + texts.lengths[posts]
    here = spread(texts.index[posts], end)
    room = np.repeat(end, texts.lengths[posts]) - here
    states = (heard.reading.states[here].astype(np.uint32) + np.uint32(1)) * _STATE
    out = np.full((len(here), LONGEST + STATED), _NONE, np.int32)
    rolling = np.zeros(len(here), np.uint32)
    for n in range(1, LONGEST + 1):
        rolling = rolling * _PAIRED + texts.codes[np.minimum(here + n - 1, len(texts.codes) - 1)] + np.uint32(n)
        out[:, n - 1] = np.where(room >= n, _bucket(rolling), _NONE)
        if n <= STATED:
            out[:, LONGEST + n - 1] = np.where(room >= n, _bucket(rolling + states), _NONE)
    return texts.at[here], out


def _classes(heard: Heard, posts: Ints) -> tuple[Ints, Ints]:
    at, number = heard.hits.classes()
    home = heard.texts.post(at)
    kept = np.isin(home, posts)
    at, home, keys = at[kept], home[kept], _keys(tuple(f"k {name}" for name, _ in heard.hits.vocabulary.named))[number[kept]]
    out = np.full((len(at), 1 + BACK), _NONE, np.int32)
    out[:, 0] = _bucket(keys)
    for n in range(1, BACK + 1):
        out[n:, n] = np.where(home[n:] == home[:-n], _bucket(keys[:-n] * _PAIRED + keys[n:]), _NONE)
    return at, out


def _cues(heard: Heard, posts: Ints) -> tuple[Ints, Ints]:
    found = heard.findings
    kinds = tuple(f"{rule.reason.code} {rule.name} {stands}" for rule in rules() for stands in (False, True))
    kept = np.isin(found.post, posts)
    both = np.unique(found.start[kept].astype(np.int64) * len(kinds) + (found.rule * 2 + found.stands)[kept])
    return (both // len(kinds)).astype(np.int32), _cue_buckets(kinds)[both % len(kinds)]


@functools.cache
def _cue_buckets(kinds: tuple[str, ...]) -> Ints:
    named = [(f"c {code} {stands} {n}", f"r {rule} {stands} {n}") for code, rule, stands in map(str.split, kinds) for n in range(CUED)]
    return _bucket(_keys(tuple(name for pair in named for name in pair))).reshape(len(kinds), 2 * CUED)


@functools.cache
def _keys(names: tuple[str, ...]) -> Words:
    return np.array([zlib.crc32(name.encode()) for name in names], np.uint32)
