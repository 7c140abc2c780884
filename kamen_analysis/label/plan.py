"""What the kernels that match cue templates (`chains`) work on: the compiled templates, the stretches of a batch, and scratch arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.label.senses import Numbers
from kamen_analysis.label.text import Ints

Bits = npt.NDArray[np.uint64]
Keys = npt.NDArray[np.int64]


class Plan(NamedTuple):
    """All templates and their parts (tables with the columns `chains` names), and in `bits` the kinds of words that fill each slot."""

    templates: Ints
    parts: Ints
    bits: Bits


class Asked(NamedTuple):
    """The parts where the search for a match begins, one a template, under each kind of words that fills them.

    Those of the kind of row i are flat[first[i]:first[i + 1]]: the part, then bits for slots of the same template that other words, nearby
    or in the sentence, must fill as well (see `tries.tries`: its `here`).
    """

    first: Numbers
    flat: Numbers


class Ranked(NamedTuple):
    """What depends on how common the kinds are: the plan, where the search begins, and the row of each kind in their tables.

    `bits`: of each kind the slots it fills: so many bits (`within`) for those checked for in the sentence, of which those of lines looked
    for on demand come first, then those checked for nearby.
    """

    plan: Plan
    asked: Asked
    row: Ints
    bits: Bits
    within: int


class Stretches(NamedTuple):
    """Starts and ends of the clauses, sentences, lines and texts of a batch: those of kind i are bounds[:, first[i]:first[i + 1]]."""

    first: Ints
    bounds: Ints


class Room(NamedTuple):
    """Scratch arrays of the kernels.

    way: the words of the match being tried, part by part. vain: for each part, words from which the rest cannot be matched.
    begun: for each template, the first word not yet tried as its beginning. here: the current stretch of each kind.
    """

    way: Keys
    vain: Keys
    begun: Keys
    here: Keys


def lined(bits: int) -> int:
    """Return how many bits the cache lines (64 bytes) have that so many bits need."""
    return -(-bits // 512) * 512


def bit_sets(rows: int, bits: int) -> Bits:
    """Return so many empty bit sets, each in whole cache lines: uniting sets across lines takes half as long again."""
    words = lined(bits) // 64
    room = np.zeros(rows * words + 7, np.uint64)
    first = -room.ctypes.data // 8 % 8
    return room[first: first + rows * words].reshape(rows, words)
