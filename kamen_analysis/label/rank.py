"""Where the search for each cue template begins, and what is checked before: its rarest parts, by how common the words have been so far."""

from __future__ import annotations

import numpy as np

from kamen_analysis.label.chains import BACK, FIRST, SENTENCE, SLOT, TEMPLATE, WITHIN
from kamen_analysis.label.plan import Asked, Plan, Ranked, lined
from kamen_analysis.label.senses import Rows
from kamen_analysis.label.text import Bools, Indexes, Ints, distinct, spread
from kamen_analysis.label.tries import NEEDED, REACH
from kamen_analysis.label.words import Vocabulary

_SEEN = 8  # An occurrence counts as much as so many kinds that did not occur.
_FAR = 2  # A word in the sentence is so many times as likely as one nearby.
_NEVER = 1 << 40


def rank(plan: Plan, vocabulary: Vocabulary, kinds: Ints, eager: Bools, lazy: int) -> Ranked:
    """Return what the kinds of a batch of words make of a plan.

    `eager`: which templates are looked for everywhere; `lazy`: so many slots, the first, are those of the others.
    """
    count, slots = np.bincount(kinds, minlength=len(vocabulary.lengths)), vocabulary.slots
    row = np.argsort(np.argsort(-count, kind="stable")).astype(np.int32)
    part, near = _rarest(plan, np.add.reduceat(count[slots.flat] * _SEEN + 1, slots.first[:-1]))
    (rare, *_), part, near = part[:, eager], part[1:, eager], near[1:, eager]
    slot = plan.parts[part, SLOT]
    within, around = np.append(np.arange(lazy), distinct(slot[~near & (slot >= lazy)])), distinct(slot[near])
    first, width = lined(len(within)), lined(len(around))
    checked = np.concatenate([within, np.full(first - len(within), -1), around])
    # What is filled before a word has the first place behind the sentence's slots, what is filled behind it the second.
    bits = np.where(near, first + width * (part >= rare) + np.searchsorted(around, slot), np.searchsorted(within, slot))
    asked = _asked(slots, np.vstack([rare, bits]), plan.parts[rare, SLOT], row)
    return Ranked(plan._replace(bits=vocabulary.bits(row)), asked, row, vocabulary.fills(row, checked), first)


def _rarest(plan: Plan, size: Indexes) -> tuple[Indexes, Bools]:
    """Return (1 + NEEDED, templates): the rarest part of each template, then those to check for, and which of all these are near it.

    Where a match may leave the sentence, only parts near the rarest are checked for; where there are too few, one is named again. `size`:
    how common each slot is.
    """
    parts, first = plan.parts, plan.templates[:, FIRST]
    # Sizes are multiples of the number of parts, so that the part can be added: the minimum then tells which part it is of.
    many = len(parts)
    size = size[parts[:, SLOT]] * many + np.arange(many)
    found = [np.minimum.reduceat(size, first) % many]
    near = np.abs(parts[:, BACK] - parts[found[0], BACK][parts[:, TEMPLATE]]) <= REACH
    size += np.where(near, 0, np.where(parts[:, WITHIN] <= SENTENCE, size // many * many * (_FAR - 1), _NEVER * many))
    for again in (0, *[1] * (NEEDED - 1)):
        size[found[-1]] += _NEVER * many
        least = np.minimum.reduceat(size, first)
        found.append(np.where(least < _NEVER * many, least % many, found[again]))
    part = np.stack(found)
    return part, near[part]


def _asked(slots: Rows, columns: Indexes, slot: Ints, row: Ints) -> Asked:
    # The columns of each template under each kind that fills a slot.
    many = np.diff(slots.first)[slot]
    kind = row[slots.flat[spread(slots.first[slot], slots.first[slot + 1])]]
    order, count = np.argsort(kind, kind="stable"), np.bincount(kind, minlength=len(row))
    return Asked(np.append(0, np.cumsum(count)).astype(np.uint32), columns.T.repeat(many, axis=0)[order].astype(np.uint32))
