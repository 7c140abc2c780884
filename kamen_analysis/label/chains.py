"""Match cue templates in a batch: a compiled search from each word that may be the rarest part of a match (`tries`).

A match begins at a word that fills the first part; each further part takes the first word in reach from which the rest can be matched.
"""

from __future__ import annotations

import numpy as np

from kamen_analysis.kernels import lean
from kamen_analysis.label.plan import Bits, Keys, Plan, Room, Stretches
from kamen_analysis.label.text import Bools, Ints

START, END, KIND, INSIDE, HERE, BEHIND, ROW = range(7)  # As in senses.
# Columns of the table of parts: template, slot, widest gap before it, how far behind its clause's start and how far behind the first part
# it may begin, and of its template the first part, the one behind the last, and the kind of stretch a match must not cross.
TEMPLATE, SLOT, GAP, OPENS, BACK, LOW, HIGH, WITHIN = range(8)
FIRST, LAST, KEY, SPAN = range(4)  # Columns of the table of templates: its parts, its key, and how far behind its start it ends at most.
HEAD = 2  # Columns of a match before the words of its parts: template, and the number of its sentence.
SENTENCE = 1  # The number of sentences among the kinds of stretches: clauses, sentences, lines, texts.
NEAR = 1024  # Entries of `Room.vain` a part: only words at least so many apart overwrite each other's.


@lean
def _cell(table: Ints, row: int, column: int) -> int:
    # Indexes without a sign, which need no check for being negative; and 64 bits, so that each kernel is compiled for one size only.
    return int(table[np.uint64(row), np.uint64(column)])


@lean
def _has(bits: Bits, row: int, bit: int) -> bool:
    return bool(bits[np.uint64(row), np.uint64(bit >> 6)] >> np.uint64(bit & 63) & np.uint64(1))


@lean
def _fits(words: Ints, parts: Ints, bits: Bits, i: int, part: int) -> bool:
    # Whether the word i fills a part.
    return _has(bits, _cell(parts, part, SLOT), _cell(words, ROW, i)) and _cell(words, INSIDE, i) <= _cell(parts, part, OPENS)


@lean
def _has_all(signs: Bits, sentence: int, parts: Ints, low: int, high: int) -> bool:
    # Whether a sentence has a word for each part from `low` to `high`.
    while low < high and _has(signs, sentence, _cell(parts, low, SLOT)):
        low += 1
    return low == high


@lean
def _follower(words: Ints, parts: Ints, bits: Bits, before: int, k: int, part: int) -> int:
    # The first word from k on that fills a part within its gap behind the word `before`; the count of all words if none does.
    last, many = _cell(words, END, before) + _cell(parts, part, GAP), int(words.shape[1])
    while k < many and _cell(words, START, k) <= last:
        if _fits(words, parts, bits, k, part):
            return k
        k += 1
    return many


@lean
def _is_preceded(words: Ints, parts: Ints, bits: Bits, i: int, part: int) -> bool:
    # Whether a word that ends within the gap before the word i fills the part before that one's.
    k, start, gap = _cell(words, HERE, i) - 1, _cell(words, START, i), _cell(parts, part, GAP)
    first = start - _cell(parts, part, BACK) + _cell(parts, part - 1, BACK)
    while k >= 0 and _cell(words, START, k) >= first:
        if _fits(words, parts, bits, k, part - 1) and start - gap <= _cell(words, END, k) <= start:
            return True
        k -= 1
    return False


@lean
def _complete(words: Ints, parts: Ints, bits: Bits, low: int, high: int, way: Keys, vain: Keys) -> int:
    # Matches the parts behind the first, whose word is way[0], with backtracking; returns the last part's word, or -1.
    part, k, stamp = low + 1, _cell(words, BEHIND, way[0]), low * words.shape[1]
    while low < part < high:
        row = part - low
        k = _follower(words, parts, bits, way[row - 1], k, part)
        if k == words.shape[1]:
            part, k = part - 1, way[row - 1]
            vain[row - 1, k & NEAR - 1] = stamp + k
            k += 1
        elif vain[row, k & NEAR - 1] == stamp + k:
            k += 1
        else:
            way[row], part, k = k, part + 1, _cell(words, BEHIND, k)
    return int(way[high - low - 1]) if part == high else -1


@lean
def _stretch_at(stretches: Stretches, kind: int, at: int, k: int) -> int:
    # The stretch of a kind that holds the place `at`, which is not before the stretch k.
    while k + 1 < stretches.first[kind + 1] and _cell(stretches.bounds, START, k + 1) <= at:
        k += 1
    return k


@lean
def _add(found: Ints, template: int, sentence: int, way: Keys, many: int) -> None:
    found[0], found[1] = template, sentence
    for k in range(len(found) - HEAD):
        found[k + HEAD] = way[k if k < many else 0]


@lean
def chains(words: Ints, plan: Plan, tries: Ints, stretches: Stretches, room: Room, out: Ints) -> int:
    """Fill `out` with matches: template, sentence, and the word of each part; missing parts repeat the first one's.

    Returns how many matches there are, those that `out` has no room for too.
    """
    parts, bits, bounds, way, begun, here = plan.parts, plan.bits, stretches.bounds, room.way, room.begun, room.here
    n = 0
    for row in range(len(tries)):
        i, part = _cell(tries, row, 0), _cell(tries, row, 1)
        low, high = _cell(parts, part, LOW), _cell(parts, part, HIGH)
        if (_cell(words, INSIDE, i) > _cell(parts, part, OPENS)
                or part + 1 < high and _follower(words, parts, bits, i, _cell(words, BEHIND, i), part + 1) == words.shape[1]
                or part > low and not _is_preceded(words, parts, bits, i, part)):
            continue
        template, kind, start = _cell(parts, part, TEMPLATE), _cell(parts, part, WITHIN), _cell(words, START, i)
        here[kind] = stretch = _stretch_at(stretches, kind, start, int(here[kind]))
        k, begin, first = i, i, start
        if part > low:
            k, begin = _cell(words, HERE, i) - 1, int(begun[template])
            first = max(_cell(bounds, START, stretch), start - _cell(parts, part, BACK))
            begun[template] = max(k + 1, begin)
        while k >= begin and _cell(words, START, k) >= first:
            if part == low or _fits(words, parts, bits, k, low):
                way[0] = k
                last = _complete(words, parts, bits, low, high, way, room.vain)
                if last >= 0 and _cell(words, END, last) <= _cell(bounds, END, stretch):
                    if n < len(out):
                        _add(out[n], template, tries[row, 2], way, high - low)
                    n += 1
            k -= 1
    return n


@lean
def _touches(words: Ints, plan: Plan, template: int, k: int, bounds: Ints, row: int, way: Keys, vain: Keys) -> bool:
    # Whether a match of a template touches a stretch near the word k.
    part, last, low, high = (_cell(plan.templates, template, FIRST), _cell(plan.templates, template, LAST), _cell(bounds, row, 2),
                             _cell(bounds, row, 3))
    first = max(_cell(bounds, row, 0), low - _cell(plan.templates, template, SPAN))
    while k > 0 and _cell(words, START, k - 1) >= first:
        k -= 1
    while k < words.shape[1] and _cell(words, START, k) < high:
        if _fits(words, plan.parts, plan.bits, k, part):
            way[0] = k
            end = _complete(words, plan.parts, plan.bits, part, last, way, vain)
            if end >= 0 and low < _cell(words, END, end) <= _cell(bounds, row, 1):
                return True
        k += 1
    return False


@lean
def touched(words: Ints, plan: Plan, asked: Ints, cues: Ints, bounds: Ints, signs: Bits, room: Room, out: Bools) -> None:
    """Set `out` for each stretch of text that a match of one of its templates touches.

    `asked` (2, n): for each stretch its first template, and the one behind its last; `cues`: a match near it, as `chains` gives it;
    `bounds` (n, 4): the range a match must lie in, and where the stretch begins and ends; `signs`: as `tries` filled them.
    """
    templates, parts = plan.templates, plan.parts
    for i in range(len(cues)):
        for template in range(asked[0, i], asked[1, i]):
            low, high = _cell(templates, template, FIRST), _cell(templates, template, LAST)
            if ((_cell(parts, low, WITHIN) > SENTENCE or _has_all(signs, cues[i, 1], parts, low, high))
                    and _touches(words, plan, template, cues[i, HEAD], bounds, i, room.way, room.vain)):
                out[i] = True
                break
