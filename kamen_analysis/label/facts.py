"""The features of the model over the rules: a post's characters and cues as a hashed bag, and what the rules found in it (facts)."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kamen_analysis.codebook import coding
from kamen_analysis.kernels import compiled
from kamen_analysis.label import gate, outcome, scope
from kamen_analysis.label._hits import Hits
from kamen_analysis.label._reading import groups
from kamen_analysis.label.text import Codes, Ints
from kamen_analysis.records import OUTCOMES, PRODUCTS

if TYPE_CHECKING:
    import scipy.sparse as sp

BUCKETS = 1 << 15
CUED = 3  # A cue weighs as much as so many characters: a person wrote it down.
WEIGHT = 1.5  # How much more the bag weighs than the facts.
_PAIRED, _FINISH, _SHIFT = np.uint32(1000003), np.uint32(0x9E3779B1), np.uint32(17)
_ENOUGH = 3  # Different cues of a group beyond so many add nothing.
STEP = 16  # Weights are added fastest in rows of a multiple of so many columns.
Floats = npt.NDArray[np.float64]


def bag(hits: Hits, weights: npt.NDArray[np.int8]) -> Floats:
    """Return the bags (posts, BUCKETS) of a batch times `weights` (BUCKETS, columns: a multiple of STEP).

    A bag holds each character, each pair of neighbours (the text has a \\0 before and behind it), and each cue found CUED times, all
    divided by the square root of their number.
    """
    texts = hits.texts
    sums, cues = np.zeros((len(texts), weights.shape[1]), np.int32), np.bincount(hits.post, minlength=len(texts))
    _add_characters(texts.codes, texts.index, texts.lengths, weights, sums)
    _add_cues(hits.post, hits.group, hits.cue, *_cue_buckets(), weights, sums)
    total = (texts.lengths + 1) * 2 + CUED * cues
    words: Floats = sums * (WEIGHT / np.sqrt(total))[:, None]
    return words


def bags(hits: Hits) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Return the counts (posts, BUCKETS) of characters and pairs, and of cues: the bags of `bag` before they are divided."""
    import scipy.sparse as sp  # slow to load, and asked for in training only

    texts, shape = hits.texts, (len(hits.texts), BUCKETS)
    before = np.concatenate([np.zeros(1, np.uint32), texts.codes[:-1]])
    both = np.stack([_bucket(texts.codes), _bucket(before * _PAIRED + texts.codes)], axis=1).ravel()
    pointer = np.append(texts.index, len(texts.codes)) * 2
    cues = sp.coo_matrix((np.full(len(hits.post), CUED, np.float32), (hits.post, _buckets(hits))), shape=shape).tocsr()
    return sp.csr_matrix((np.ones(len(both), np.float32), both, pointer), shape=shape), cues


@compiled
def _add_characters(codes: Codes, index: Ints, lengths: Ints, weights: npt.NDArray[np.int8], sums: Ints) -> None:
    for post in range(len(index)):
        before, row = np.uint32(0), sums[post]
        for code in codes[index[post]: index[post] + lengths[post] + 1]:
            one = np.uint32(code * _FINISH) >> _SHIFT
            two = np.uint32(np.uint32(before * _PAIRED + code) * _FINISH) >> _SHIFT
            for column in range(len(row)):
                row[column] += np.int32(weights[one, column]) + np.int32(weights[two, column])
            before = code


@compiled
def _add_cues(posts: Ints, kinds: Ints, cues: Ints, begins: Ints, buckets: Ints, weights: npt.NDArray[np.int8], sums: Ints) -> None:
    # `kinds`: the group of each cue; `begins`: where in `buckets` the cues of each group begin.
    for i in range(len(posts)):
        row, bucket = sums[posts[i]], buckets[begins[kinds[i]] + cues[i]]
        for column in range(len(row)):  # By a constant number of columns, numba would not use the processor's wide registers.
            row[column] += CUED * np.int32(weights[bucket, column])


def _bucket(key: npt.NDArray[np.uint32]) -> Ints:
    return (key * _FINISH >> _SHIFT).astype(np.int32)


def _buckets(hits: Hits) -> Ints:
    # The bucket of each cue found.
    first, every = _cue_buckets()
    found: Ints = every[first[hits.group] + hits.cue]
    return found


@functools.cache
def _cue_buckets() -> tuple[Ints, Ints]:
    # Where the cues of each group begin, and the buckets of all; groups are numbered as `groups` has them.
    keys = [[zlib.crc32(f"{name} {cue}".encode()) for cue in cues] for name, cues, _ in groups()]
    first = np.cumsum([0, *map(len, keys)])[:-1].astype(np.int32)
    return first, _bucket(np.array([key for row in keys for key in row], np.uint32))


def _one_hot(answers: Sequence[str], keys: Collection[str]) -> Floats:
    number = {key: i for i, key in enumerate(keys)}
    return np.eye(len(number))[[number[answer] for answer in answers]]


def of_type(scales: gate.Scales, types: Sequence[str]) -> Floats:
    """Return the facts (posts, facts) about the post type: the gate's answer, its evidence, and the points of each type."""
    return np.hstack([_one_hot(types, coding.gate().order), np.minimum(scales.count, _ENOUGH) * 0.3, scales.totals * 0.1])


def of_product(weighed: scope.Weighed, products: Sequence[str]) -> Floats:
    """Return the facts (posts, facts) about the product.

    They are the rules' answer, the points of each product, how far it lies behind the best, and what tells virtual goods from real ones.
    """
    behind = weighed.scores - weighed.scores.max(axis=1, keepdims=True)
    return np.hstack([_one_hot(products, PRODUCTS), np.minimum(weighed.scores, 12) / 6, np.maximum(behind, -6) / 3, weighed.virtual * 0.5])


def of_outcome(told: outcome.Told, answers: Sequence[str]) -> Floats:
    """Return the facts (posts, facts) about the outcome: the rules' answer and `outcome.Told.signs`."""
    return np.hstack([_one_hot(answers, OUTCOMES), told.signs * 0.5])
