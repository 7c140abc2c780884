"""The features of the reasons' model: n-grams of characters, word classes and cues, each at a place and hashed to a bucket."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kamen_analysis.kernels import compiled, lean
from kamen_analysis.label.findings import rules
from kamen_analysis.label.reasons import Heard, matcher
from kamen_analysis.label.senses import Numbers, Rows
from kamen_analysis.label.text import Indexes, Ints, distinct

if TYPE_CHECKING:
    import scipy.sparse as sp

BUCKETS = 1 << 16
LONGEST = 3  # Characters in the longest n-gram.
STATED = 2  # N-grams up to so long also make a feature together with the state of their first character: who speaks, what is denied.
CUED = 4  # A cue counts as so many features of its reason and of its rule: a person wrote it down, so it weighs more than a character.
_PAIRED, _STATE, _FINISH, _WORD = 1000003, 0x7B4F3CF1, 0x9E3779B1, 0xFFFFFFFF
_NONE = BUCKETS  # The bucket of a feature that is missing because the text ends or begins too near.
_SETS = BUCKETS + 1  # Rows from here on stand for all features of a set of classes: of the classes and of their pairs.
_START, _KIND, _UNION = 0, 2, 7  # As in senses.
Words = npt.NDArray[np.uint32]
Key = int | np.int64


def placed(heard: Heard) -> tuple[tuple[Ints, Numbers], ...]:
    """Return for n-grams, word classes and cues the places, ascending, and the rows (places, n) of `summed` that count there."""
    return _grams(heard), _classes(heard), _cues(heard)


def features(heard: Heard, starts: Ints) -> Iterator[sp.csr_matrix]:
    """Yield for n-grams, word classes and cues how often each begins in each stretch: matrices (starts, BUCKETS + 1) to be added up.

    A stretch goes from one of `starts` (ascending, the first post's start among them) to the next. The last column is to be ignored.
    """
    import scipy.sparse as sp  # slow to load, and asked for in training only

    row, bucket, many = _sets()
    sets = sp.coo_matrix((np.ones(len(row), np.float32), (row, bucket)), shape=(many, _SETS)).tocsr()
    for at, rows in placed(heard):
        first = np.searchsorted(at, starts) * rows.shape[1]
        columns, pointer = rows.ravel().astype(np.int32), np.append(first, rows.size).astype(np.int32)
        matrix = sp.csr_matrix((np.ones(rows.size, np.float32), columns, pointer), shape=(len(starts), _SETS + many))
        yield matrix[:, :_SETS] + matrix[:, _SETS:] @ sets


def summed(weights: npt.NDArray[np.int8]) -> Ints:
    """Return the weights (BUCKETS, columns) of single features, a row of zeros, and behind it the sums of each set of classes."""
    row, bucket, many = _sets()
    out = np.zeros((_SETS + many, weights.shape[1]), np.int32)
    out[:BUCKETS] = weights
    np.add.at(out, _SETS + row, out[bucket])
    return out


def _grams(heard: Heard) -> tuple[Ints, Numbers]:
    texts = heard.texts
    out = np.empty((len(texts.codes), LONGEST + STATED), np.uint32)
    _add_grams(texts.codes, heard.reading.states, texts.index + texts.lengths, out)
    return texts.at, out


def _classes(heard: Heard) -> tuple[Ints, Numbers]:
    # Where words with classes begin, and the row of the set of all their classes, or of each class where one is barred; then of the pair
    # that the first of them makes with the class before it in its post.
    table, of = heard.hits.table, heard.hits.vocabulary.classes
    room = int(np.diff(of.first)[table[_KIND]].sum())
    at, out, here = np.empty(room, np.int32), np.empty((room, 2), np.uint32), np.empty(len(heard.hits.vocabulary.named), np.uint32)
    many = _add_classes(table, of, _class_keys(), heard.texts.start, here, at, out)
    return at[:many], out[:many]


@functools.cache
def _class_keys() -> Words:
    return _keys(tuple(f"k {name}" for name, _ in matcher().vocabulary.named))


@functools.cache
def _sets() -> tuple[Indexes, Numbers, int]:
    # The features of sets of classes: pairs of a set's number and a bucket, and how many sets there are.
    of = matcher().vocabulary.classes
    one, key = np.repeat(np.arange(len(of.first) - 1), np.diff(of.first)), _class_keys()[of.flat]
    paired = one[1:] == one[:-1]
    both = key[:-1] * np.uint32(_PAIRED) + key[1:]
    return np.append(one, one[1:][paired]), _buckets(np.append(key, both[paired])), len(of.first) - 1


@lean
def _bucket(key: Key) -> int:
    return int((key * _FINISH & _WORD) >> 16)


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


@lean
def _insert(of: Rows, kind: int, here: Numbers, many: int) -> int:
    # Enters the classes of a kind among the first of `here`, which ascend, each once; returns how many these are then.
    for j in range(of.first[np.uint64(kind)], of.first[np.uint64(kind + 1)]):
        one, k = of.flat[np.uint64(j)], many
        while k and here[np.uint64(k - 1)] > one:
            k -= 1
        if k == 0 or here[np.uint64(k - 1)] < one:
            for m in range(many, k, -1):
                here[np.uint64(m)] = here[np.uint64(m - 1)]
            here[np.uint64(k)], many = one, many + 1
    return many


@lean
def _pair(before: Key, key: Key) -> int:
    # The bucket of a class with the one before it, whose key is negative if there is none.
    return _bucket(before * _PAIRED + key) if before >= 0 else _NONE


@lean
def _add_classes(table: Ints, of: Rows, keys: Words, starts: Ints, here: Numbers, at: Ints, out: Numbers) -> int:
    # Fills `at` and `out` and returns how many rows they have; `here`: room for the classes of words that begin at the same place.
    n = post = last = 0
    before = np.int64(-1)
    while last < table.shape[1]:
        first, start, many = last, table[_START, np.uint64(last)], 0
        while last < table.shape[1] and table[_START, np.uint64(last)] == start:
            last += 1
        while post + 1 < len(starts) and starts[np.uint64(post + 1)] <= start:
            post, before = post + 1, np.int64(-1)
        union = np.int64(table[_UNION, np.uint64(last - 1)])
        if union < 0:
            for k in range(first, last):
                many = _insert(of, table[_KIND, np.uint64(k)], here, many)
        elif of.first[np.uint64(union)] < of.first[np.uint64(union + 1)]:
            key = np.int64(keys[of.flat[of.first[np.uint64(union)]]])
            at[n], out[n, 0], out[n, 1], n = start, _SETS + union, _pair(before, key), n + 1
            before = np.int64(keys[of.flat[of.first[np.uint64(union + 1)] - np.uint64(1)]])
        for k in range(many):
            key = np.int64(keys[here[np.uint64(k)]])
            at[n], out[n, 0], out[n, 1], n = start, _bucket(key), _pair(before, key), n + 1
            before = key
    return n


def _cues(heard: Heard) -> tuple[Ints, Numbers]:
    found, kinds = heard.findings, _cue_buckets()
    both = distinct(found.start.astype(np.int64) * len(kinds) + (found.rule * 2 + found.stands))
    return (both // len(kinds)).astype(np.int32), kinds[both % len(kinds)]


@functools.cache
def _cue_buckets() -> Numbers:
    # For each rule the buckets of a cue that does not count, then those of one that does.
    kinds = [(rule.reason.code, rule.name, stands) for rule in rules() for stands in (False, True)]
    named = [(f"c {code} {stands} {n}", f"r {rule} {stands} {n}") for code, rule, stands in kinds for n in range(CUED)]
    return _buckets(_keys(tuple(name for pair in named for name in pair))).reshape(len(kinds), 2 * CUED)


def _buckets(keys: Words) -> Numbers:
    return keys * np.uint32(_FINISH) >> np.uint32(16)


@functools.cache
def _keys(names: tuple[str, ...]) -> Words:
    return np.array([zlib.crc32(name.encode()) for name in names], np.uint32)
