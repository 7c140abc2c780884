"""The features of the reasons' model: n-grams of characters, word classes and cues, each at a place and hashed to a bucket."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kamen_analysis.kernels import compiled
from kamen_analysis.label.findings import rules
from kamen_analysis.label.reasons import Heard
from kamen_analysis.label.senses import Numbers
from kamen_analysis.label.text import Bools, Indexes, Ints, Texts, distinct

if TYPE_CHECKING:
    import scipy.sparse as sp

BUCKETS = 1 << 16
LONGEST = 3  # Characters in the longest n-gram.
STATED = 2  # N-grams up to so long also make a feature together with the state of their first character: who speaks, what is denied.
WIDTHS = (12, 40)  # The model is asked about clauses together, up to so many characters: a few, which thin no plain word out, and more.
BACK = 1  # A word class makes pairs with so many classes before it.
CUED = 4  # A cue counts as so many features of its reason and of its rule: a person wrote it down, so it weighs more than a character.
_PAIRED, _STATE, _FINISH, _WORD = 1000003, 0x7B4F3CF1, 0x9E3779B1, 0xFFFFFFFF
_NONE = BUCKETS  # The bucket of a feature that is missing because the text ends or begins too near.
Words = npt.NDArray[np.uint32]


def units(texts: Texts, posts: Ints) -> tuple[Indexes, Indexes]:
    """Return the first and the last clause, by number, of each stretch of `posts` the model is asked about, ascending.

    From each clause on there is one for each of WIDTHS: as many clauses as fit, one at least; none twice.
    """
    starts, ends = texts.clauses
    asked, out = np.zeros(len(texts), np.bool_), np.empty((2, len(starts) * len(WIDTHS)), np.int64)
    asked[posts] = True
    many = _fit(starts, ends, asked[texts.post(starts)], np.array(WIDTHS), out)
    return out[0, :many], out[1, :many]


def placed(heard: Heard) -> tuple[tuple[Ints, Numbers], ...]:
    """Return for n-grams, word classes and cues the places, ascending, and the buckets (places, features) of the features there."""
    return _grams(heard), _classes(heard), _cues(heard)


def features(heard: Heard, starts: Ints) -> Iterator[sp.csr_matrix]:
    """Yield for n-grams, word classes and cues how often each begins in each stretch: matrices (starts, BUCKETS + 1) to be added up.

    A stretch goes from one of `starts` (ascending, the first post's start among them) to the next. The last column is to be ignored.
    """
    import scipy.sparse as sp  # slow to load, and asked for in training only

    for at, buckets in placed(heard):
        first = np.searchsorted(at, starts) * buckets.shape[1]
        columns, pointer = buckets.ravel().astype(np.int32), np.append(first, buckets.size).astype(np.int32)
        yield sp.csr_matrix((np.ones(buckets.size, np.float32), columns, pointer), shape=(len(starts), BUCKETS + 1))


def _grams(heard: Heard) -> tuple[Ints, Numbers]:
    texts = heard.texts
    out = np.empty((len(texts.codes), LONGEST + STATED), np.uint32)
    _add_grams(texts.codes, heard.reading.states, texts.index + texts.lengths, out)
    return texts.at, out


def _classes(heard: Heard) -> tuple[Ints, Numbers]:
    at, number = heard.hits.classes()
    keys, out = _keys(tuple(f"k {name}" for name, _ in heard.hits.vocabulary.named)), np.empty((len(at), 1 + BACK), np.uint32)
    _add_classes(at, number, keys, heard.texts.start, out)
    return at, out


@compiled
def _fit(starts: Ints, ends: Ints, asked: Bools, widths: Indexes, out: Indexes) -> int:
    # Fills in the first and the last clause of each stretch from an asked clause on, and returns how many there are.
    n, fitting = 0, np.full(len(widths), -1)  # The last clause that ends within each width of the clause's start.
    for clause in range(len(starts)):
        before = -1
        for k in range(len(widths)):
            while fitting[k] + 1 < len(ends) and ends[fitting[k] + 1] <= starts[clause] + widths[k]:
                fitting[k] += 1
            last = max(fitting[k], clause)
            if asked[clause] and last > before and ends[last] > starts[clause]:
                out[0, n], out[1, n] = clause, last
                n += 1
            before = last
    return n


@compiled
def _bucket(key: int) -> int:
    return (key * _FINISH & _WORD) >> 16


@compiled
def _add_grams(codes: Words, states: npt.NDArray[np.uint8], ends: Ints, out: Numbers) -> None:
    # For each character the n-grams that begin with it, then the short ones together with its state.
    first = 0
    for end in ends:
        for i in range(first, end + 1):
            key, state = 0, (int(states[i]) + 1) * _STATE
            for n in range(LONGEST):
                is_there = i + n < end
                key = (key * _PAIRED + codes[i + n] + n + 1) & _WORD if is_there else 0
                out[i, n] = _bucket(key) if is_there else _NONE
                if n < STATED:
                    out[i, LONGEST + n] = _bucket(key + state) if is_there else _NONE
        first = end + 1


@compiled
def _add_classes(at: Ints, number: Ints, keys: Words, starts: Ints, out: Numbers) -> None:
    # For each word class its own bucket, then those of its pairs with the classes before it in its post.
    post = first = 0
    for i in range(len(at)):
        while post + 1 < len(starts) and starts[post + 1] <= at[i]:
            post, first = post + 1, i
        out[i, 0] = _bucket(keys[number[i]])
        for n in range(1, BACK + 1):
            out[i, n] = _bucket(keys[number[i - n]] * _PAIRED + keys[number[i]]) if i - n >= first else _NONE


def _cues(heard: Heard) -> tuple[Ints, Numbers]:
    found, kinds = heard.findings, _cue_buckets()
    both = distinct(found.start.astype(np.int64) * len(kinds) + (found.rule * 2 + found.stands))
    return (both // len(kinds)).astype(np.int32), kinds[both % len(kinds)]


@functools.cache
def _cue_buckets() -> Numbers:
    # For each rule the buckets of a cue that does not count, then those of one that does.
    kinds = [(rule.reason.code, rule.name, stands) for rule in rules() for stands in (False, True)]
    named = [(f"c {code} {stands} {n}", f"r {rule} {stands} {n}") for code, rule, stands in kinds for n in range(CUED)]
    keys = _keys(tuple(name for pair in named for name in pair))
    return (keys * np.uint32(_FINISH) >> np.uint32(16)).reshape(len(kinds), 2 * CUED)


@functools.cache
def _keys(names: tuple[str, ...]) -> Words:
    return np.array([zlib.crc32(name.encode()) for name in names], np.uint32)
