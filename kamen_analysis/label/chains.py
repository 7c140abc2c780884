"""The matches of cue templates in a batch: compiled walks over its words in the order of the text, from each template's rarest part on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.label.kernels import compiled
from kamen_analysis.label.senses import Numbers, Rows
from kamen_analysis.label.text import Ints

Table = npt.NDArray[np.uint32]
Bits = npt.NDArray[np.uint8]
Keys = npt.NDArray[np.int64]


class Words(NamedTuple):
    """The words of a batch in the order of the text: key, start and end (places), what each may be (`sense`), how far behind its clause's
    start it begins (`inside`), and the first word that begins where it does (`here`), or where it ends or later (`behind`)."""

    key: Keys
    start: Ints
    end: Ints
    sense: Numbers
    inside: Ints
    here: Numbers
    behind: Numbers


class Plan(NamedTuple):
    """The parts of all templates: those of template i from `first[i]` to `first[i + 1]`.

    Of each part: its template, its slot, the gap before it, how far behind its clause's start it may begin, and the length of its longest
    word. `bits`: for each sense (row) the slots it may fill.
    """

    first: Numbers
    template: Numbers
    slot: Numbers
    gap: Ints
    opens: Ints
    longest: Ints
    bits: Bits


@compiled
def _fills(bits: Bits, sense: int, slot: int) -> bool:
    return bool(bits[sense, slot >> 3] >> (slot & 7) & 1)


@compiled
def _is_followed(words: Words, plan: Plan, i: int, part: int) -> bool:
    # Whether a word that fills a part begins in reach behind another.
    last, slot = words.end[i] + plan.gap[part], plan.slot[part]
    for k in range(words.behind[i], len(words.start)):
        if words.start[k] > last:
            return False
        if _fills(plan.bits, words.sense[k], slot) and words.inside[k] <= plan.opens[part]:
            return True
    return False


@compiled
def _is_led(words: Words, plan: Plan, i: int, part: int) -> bool:
    # Whether a word that fills a part ends in reach before another.
    low, slot = words.start[i] - plan.gap[part + 1], plan.slot[part]
    for k in range(words.here[i] - 1, -1, -1):
        if words.start[k] < low - plan.longest[part]:
            return False
        if low <= words.end[k] <= words.start[i] and _fills(plan.bits, words.sense[k], slot) and words.inside[k] <= plan.opens[part]:
            return True
    return False


@compiled
def candidates(words: Words, plan: Plan, asked: Rows, out: Table) -> int:
    """Fill `out` with (part, word) where a word fills a part, with others that fill the parts beside it in reach; return how many.

    `asked`: the parts looked for, one a template, by sense.
    """
    n = 0
    for i in range(len(words.sense)):
        for k in range(asked.first[words.sense[i]], asked.first[words.sense[i] + 1]):
            part = asked.flat[k]
            low, high = plan.first[plan.template[part]], plan.first[plan.template[part] + 1]
            if ((part + 1 == high or _is_followed(words, plan, i, part + 1)) and (part == low or _is_led(words, plan, i, part - 1))
                    and words.inside[i] <= plan.opens[part]):
                out[0, n], out[1, n] = part, i
                n += 1
    return n


@compiled
def _onward(words: Words, plan: Plan, row: Numbers, part: int, out: Numbers) -> int:
    # The words that fill a part behind one of a row of the part before, and some that stand too near; returns how many.
    n, seen, slot = 0, 0, plan.slot[part]
    for i in row:
        last, k = words.end[i] + plan.gap[part], max(seen, i + 1)
        while k < len(words.start) and words.start[k] <= last:
            if _fills(plan.bits, words.sense[k], slot) and words.inside[k] <= plan.opens[part]:
                out[n] = k
                n += 1
            k += 1
        seen = max(seen, k)
    return n


@compiled
def _back(words: Words, plan: Plan, row: Numbers, part: int, out: Numbers) -> int:
    # The words that fill a part before one of a row of the part behind, and some that stand too far or near; returns how many.
    n, seen, slot = 0, 0, plan.slot[part]
    for i in row:
        low, k = words.start[i] - plan.gap[part + 1] - plan.longest[part], words.here[i]
        while k > seen and words.start[k - 1] >= low:
            k -= 1
        for j in range(k, words.here[i]):
            if _fills(plan.bits, words.sense[j], slot) and words.inside[j] <= plan.opens[part]:
                out[n] = j
                n += 1
        seen = max(seen, words.here[i])
    return n


@compiled
def _linked(words: Words, row: Numbers, following: Numbers, gap: int, link: Numbers) -> int:
    # Keeps those of a row whose first of `following` is within the gap, and which that is; returns how many.
    n = first = 0
    for i in row:
        while first < len(following) and words.start[following[first]] <= words.start[i]:
            first += 1
        k = first
        while k < len(following) and words.start[following[k]] < words.end[i]:
            k += 1
        if k < len(following) and words.start[following[k]] <= words.end[i] + gap:
            row[n], link[n] = i, k
            n += 1
    return n


@compiled
def _chain(words: Words, plan: Plan, part: int, rows: Table, links: Table, many: Numbers) -> int:
    # From the candidates of a part (its row) on: what they reach, what of it leads to the end, and back to the first part.
    low, high = plan.first[plan.template[part]], plan.first[plan.template[part] + 1]
    for p in range(part + 1, high):
        j = p - low
        many[j] = _onward(words, plan, rows[j - 1, :many[j - 1]], p, rows[j])
        if not many[j]:
            return 0
    for p in range(high - 2, low - 1, -1):
        j = p - low
        if p < part:
            many[j] = _back(words, plan, rows[j + 1, :many[j + 1]], p, rows[j])
        many[j] = _linked(words, rows[j, :many[j]], rows[j + 1, :many[j + 1]], plan.gap[p + 1], links[j])
    return int(many[0])


@compiled
def chains(words: Words, plan: Plan, found: Table, out: Keys) -> int:
    """Fill `out` with matches, each a row: the template, then the key of each part (of parts there are not the first again).

    `found`: candidates by part and place. Returns how many matches there are, also those there is no room for.
    """
    longest = out.shape[1] - 1
    rows, links = np.empty((longest, len(words.start)), np.uint32), np.empty((longest, len(words.start)), np.uint32)
    many, n, k = np.zeros(longest, np.uint32), 0, 0
    while k < found.shape[1]:
        part, first = found[0, k], k
        low, high = plan.first[plan.template[part]], plan.first[plan.template[part] + 1]
        while k < found.shape[1] and found[0, k] == part:
            rows[part - low, k - first] = found[1, k]
            k += 1
        many[part - low] = k - first
        for i in range(_chain(words, plan, part, rows, links, many)):
            if n < len(out):
                out[n, 0], out[n, 1:], at = plan.template[part], words.key[rows[0, i]], i
                for j in range(high - low - 1):
                    at = links[j, at]
                    out[n, j + 2] = words.key[rows[j + 1, at]]
            n += 1
    return n
