"""The matches of cue templates in a batch: a compiled walk over its words, from each template's rarest part to its first and on to its end.

A match begins at a word that fills the first part; each further part is filled by the first word in reach from which the rest can be.
"""

from __future__ import annotations

import numpy as np

from kamen_analysis.label.kernels import lean
from kamen_analysis.label.plan import Asked, Bits, Keys, Plan, Room, Stretches
from kamen_analysis.label.text import Bools, Ints

LENGTH = 6  # As in trie: bits that hold the length of a word behind its place.
START, END, SENSE, INSIDE, HERE, BEHIND, ROW = range(7)  # As in senses.
# Columns of tables. Of parts: template, the slot, the gap before, how far behind its clause's start and how far behind the first part it
# may begin; of its template the first part, the part behind the last, and the kind of stretch it must not cross.
TEMPLATE, SLOT, GAP, OPENS, BACK, LOW, HIGH, WITHIN = range(8)
FIRST, LAST, KEY = range(3)  # Of templates.
HEAD = 3  # Columns of a match before its parts.
SENTENCE = 1  # The kind of stretch a sentence is: clauses come before it, lines and texts behind.
NEEDED = 3  # Slots of a template that are asked for at once.
NEAR = 1024  # Words so near each other share no row of what was tried in vain.


@lean
def _wide(number: int) -> int:
    return number + 0  # In 64 bits, so that each kernel is compiled for one size of numbers.


@lean
def _has(bits: Bits, row: int, slot: int) -> bool:
    return bool(bits[row, slot >> 6] >> np.uint64(slot & 63) & np.uint64(1))


@lean
def _fits(words: Ints, parts: Ints, bits: Bits, i: int, part: int) -> bool:
    # Whether a word fills a part.
    return _has(bits, _wide(words[ROW, i]), parts[part, SLOT]) and words[INSIDE, i] <= parts[part, OPENS]


@lean
def _may(sign: Bits, asked: Asked, row: int) -> bool:
    # Whether the sentence has words for what is asked first of a template, without a branch for each: none can be foretold.
    found = np.uint64(1)
    for k in range(1, NEEDED + 1):
        found &= sign[0, asked.flat[row, k] >> 6] >> np.uint64(asked.flat[row, k] & 63)
    return bool(found)


@lean
def _can(signs: Bits, sentence: int, parts: Ints, low: int, high: int) -> bool:
    # Whether a sentence has a word for each of some parts.
    while low < high and _has(signs, sentence, parts[low, SLOT]):
        low += 1
    return low == high


@lean
def _sign(words: Ints, bits: Bits, i: int, last: int, sign: Bits, kept: Bits) -> None:
    # What the words from one on can fill, as far as they begin before a place; what is first of it is kept.
    sign[:] = 0
    while i < words.shape[1] and words[START, i] < last:
        row = bits[words[ROW, i]]
        for k in range(len(sign)):
            sign[k] |= row[k]
        i += 1
    for k in range(len(kept)):
        kept[k] = sign[k]


@lean
def _follower(words: Ints, parts: Ints, bits: Bits, before: int, k: int, part: int) -> int:
    # The first word from k on that fills a part in reach behind another; that behind the last one if none does.
    last = words[END, before] + parts[part, GAP]
    while k < words.shape[1] and words[START, k] <= last:
        if _fits(words, parts, bits, k, part):
            return k
        k += 1
    return _wide(words.shape[1])


@lean
def _way(words: Ints, parts: Ints, bits: Bits, low: int, high: int, way: Keys, vain: Keys) -> int:
    # From the first word on to the end, each part in turn; the last word, or -1.
    part, k, stamp = low + 1, _wide(words[BEHIND, way[0]]), low * words.shape[1]
    while part < high:
        row = part - low
        k = _follower(words, parts, bits, way[row - 1], k, part)
        if k == words.shape[1]:
            if row == 1:
                return -1
            part, k = part - 1, way[row - 1]
            vain[row - 1, k & NEAR - 1] = stamp + k
            k += 1
        elif vain[row, k & NEAR - 1] == stamp + k:
            k += 1
        else:
            way[row], part, k = k, part + 1, _wide(words[BEHIND, k])
    return int(way[high - low - 1])


@lean
def _first(words: Ints, low: int, i: int) -> int:
    # The first word that begins at a place or later, of those before the word i.
    while i > 0 and words[START, i - 1] >= low:
        i -= 1
    return i


@lean
def _holding(first: Ints, bounds: Ints, kind: int, at: int, here: Keys) -> int:
    # The stretch of a kind that holds a place, none before the last one asked for.
    k, last = int(here[kind]), first[kind + 1]
    while k + 1 < last and bounds[START, k + 1] <= at:
        k += 1
    here[kind] = k
    return k


@lean
def _add(words: Ints, found: Keys, template: int, sentence: int, way: Keys, many: int) -> None:
    found[0], found[1], found[2] = template, way[0], sentence
    for k in range(len(found) - HEAD):
        word = way[k if k < many else 0]
        start = np.int64(words[START, word])
        found[k + HEAD] = (start << LENGTH) + words[END, word] - start


@lean
def chains(words: Ints, plan: Plan, asked: Asked, stretches: Stretches, room: Room, out: Keys) -> int:
    """Fill `out` with matches: template, first word, its sentence, and the key of each part (of parts there are not the first again).

    Returns how many matches there are, also those there is no room for.
    """
    parts, bits, kinds, bounds = plan.parts, plan.bits, stretches.first, stretches.bounds
    way, vain, begun, here, sign, signs = room.way, room.vain, room.begun, room.here, room.sign, room.signs
    n, signed, sentence = 0, 0, 0
    for i in range(words.shape[1]):
        start, sense = words[START, i], words[ROW, i]
        if start >= signed:
            at = _holding(kinds, bounds, _wide(SENTENCE), start, here)
            signed, sentence = bounds[END, at], at - kinds[SENTENCE]
            _sign(words, bits, i, signed, sign[0], signs[sentence])
        for row in range(asked.first[sense], asked.first[sense + 1]):
            if not _may(sign, asked, row):
                continue
            part = _wide(asked.flat[row, 0])
            low, high, kind = _wide(parts[part, LOW]), _wide(parts[part, HIGH]), _wide(parts[part, WITHIN])
            if words[INSIDE, i] > parts[part, OPENS] or (
                    high - low > NEEDED + 1 and kind <= SENTENCE and not _can(sign, 0, parts, low, high)):
                continue
            if part + 1 < high and _follower(words, parts, bits, i, _wide(words[BEHIND, i]), part + 1) == words.shape[1]:
                continue
            template, stretch, begin, stop = parts[part, TEMPLATE], _holding(kinds, bounds, kind, start, here), i, i + 1
            if part > low:
                stop, first = words[HERE, i], max(bounds[START, stretch], start - parts[part, BACK])
                begin = max(_first(words, first, _wide(stop)), begun[template])
                begun[template] = max(stop, begun[template])
            for k in range(begin, stop):
                if part == low or _fits(words, parts, bits, k, low):
                    way[0] = k
                    last = _way(words, parts, bits, low, high, way, vain)
                    if last >= 0 and words[END, last] <= bounds[END, stretch]:
                        if n < len(out):
                            _add(words, out[n], template, sentence, way, high - low)
                        n += 1
    return n


@lean
def _touches(words: Ints, parts: Ints, bits: Bits, part: int, k: int, bounds: Ints, room: Room) -> bool:
    # Whether a match of a template, by its first part, touches a stretch near the word k.
    most, low, high, last = bounds[1], bounds[2], bounds[3], _wide(parts[part, HIGH])
    k = _first(words, max(bounds[0], low - parts[last - 1, BACK] - (1 << LENGTH)), k)
    while k < words.shape[1] and words[START, k] < high:
        if _fits(words, parts, bits, k, part):
            room.way[0] = k
            end = _way(words, parts, bits, part, last, room.way, room.vain)
            if end >= 0 and low < words[END, end] <= most:
                return True
        k += 1
    return False


@lean
def touched(words: Ints, plan: Plan, asked: Ints, cues: Keys, bounds: Ints, room: Room, out: Bools) -> None:
    """Tell of stretches of text whether a match of some templates touches them, without crossing what it must not.

    `asked` (2, n): the first template for each, and the one behind the last; `cues` (n, 2): a word near it, and its sentence; `bounds`
    (n, 4): from where to where a match may go, then where the stretch begins and ends; `room`: that of the walk (signs: of these only).
    """
    templates, parts, bits = plan.templates, plan.parts, plan.bits
    for i in range(len(cues)):
        for template in range(asked[0, i], asked[1, i]):
            low, high = _wide(templates[template, FIRST]), _wide(templates[template, LAST])
            if ((parts[low, WITHIN] > SENTENCE or _can(room.signs, cues[i, 1], parts, low, high))
                    and _touches(words, parts, bits, low, cues[i, 0], bounds[i], room)):
                out[i] = True
                break
