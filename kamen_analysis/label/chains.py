"""Match cue templates in a batch: a compiled walk over its words that starts from the rarest part of each template.

A match begins at a word that fills the first part; each further part takes the first word in reach from which the rest can be matched.
"""

from __future__ import annotations

import numpy as np

from kamen_analysis.kernels import lean
from kamen_analysis.label.plan import Asked, Bits, Keys, Plan, Room, Stretches
from kamen_analysis.label.text import Bools, Ints

LENGTH = 6  # As in trie: bits that hold the length of a word behind its place.
START, END, KIND, INSIDE, HERE, BEHIND, ROW = range(7)  # As in senses.
# Columns of the table of parts: template, slot, widest gap before it, how far behind its clause's start and how far behind the first part
# it may begin, and of its template the first part, the one behind the last, and the kind of stretch a match must not cross.
TEMPLATE, SLOT, GAP, OPENS, BACK, LOW, HIGH, WITHIN = range(8)
FIRST, LAST, KEY = range(3)  # Columns of the table of templates.
HEAD = 3  # Columns of a match before its parts.
SENTENCE = 1  # The number of sentences among the kinds of stretches: clauses, sentences, lines, texts.
NEEDED = 3  # Slots of a template that a sentence is checked for before anything else.
NEAR = 1024  # Entries of `Room.vain` a part: only words at least so many apart overwrite each other's.


@lean
def _at(table: Ints, row: int, column: int) -> int:
    # Indexes without a sign, which need no check for being negative; and 64 bits, so that each kernel is compiled for one size only.
    return int(table[np.uint64(row), np.uint64(column)])


@lean
def _has(bits: Bits, row: int, bit: int) -> bool:
    return bool(bits[np.uint64(row), np.uint64(bit >> 6)] >> np.uint64(bit & 63) & np.uint64(1))


@lean
def _fits(words: Ints, parts: Ints, bits: Bits, i: int, part: int) -> bool:
    # Whether the word i fills a part.
    return _has(bits, _at(words, ROW, i), _at(parts, part, SLOT)) and _at(words, INSIDE, i) <= _at(parts, part, OPENS)


@lean
def _has_needed(sign: Bits, asked: Asked, row: int) -> bool:
    # Whether the sentence fills the NEEDED slots of a template; without branches, since no processor could predict them.
    found = np.uint64(1)
    for k in range(1, NEEDED + 1):
        found &= sign[asked.flat[row, k] >> 6] >> np.uint64(asked.flat[row, k] & 63)
    return bool(found)


@lean
def _has_all(signs: Bits, sentence: int, parts: Ints, low: int, high: int) -> bool:
    # Whether a sentence has a word for each part from `low` to `high`.
    while low < high and _has(signs, sentence, _at(parts, low, SLOT)):
        low += 1
    return low == high


@lean
def _mark_slots(words: Ints, bits: Bits, i: int, last: int, sign: Bits, kept: Bits) -> None:
    # Sets `sign` to the slots filled by the words from i on that begin before the place `last`, and `kept` to the first of its words.
    sign[:] = 0
    while i < words.shape[1] and _at(words, START, i) < last:
        row = bits[np.uint64(_at(words, ROW, i))]
        for k in range(len(sign)):
            sign[k] |= row[k]
        i += 1
    for k in range(len(kept)):
        kept[k] = sign[k]


@lean
def _follower(words: Ints, parts: Ints, bits: Bits, before: int, k: int, part: int) -> int:
    # The first word from k on that fills a part within its gap behind the word `before`; the count of all words if none does.
    last, many = _at(words, END, before) + _at(parts, part, GAP), int(words.shape[1])
    while k < many and _at(words, START, k) <= last and not _fits(words, parts, bits, k, part):
        k += 1
    return k if k < many and _at(words, START, k) <= last else many


@lean
def _is_preceded(words: Ints, parts: Ints, bits: Bits, i: int, part: int) -> bool:
    # Whether a word that ends within the gap before the word i fills the part before that one's.
    k, start, gap = _at(words, HERE, i) - 1, _at(words, START, i), _at(parts, part, GAP)
    first = start - _at(parts, part, BACK) + _at(parts, part - 1, BACK)
    while k >= 0 and _at(words, START, k) >= first and not (
            start - gap <= _at(words, END, k) <= start and _fits(words, parts, bits, k, part - 1)):
        k -= 1
    return k >= 0 and _at(words, START, k) >= first


@lean
def _complete(words: Ints, parts: Ints, bits: Bits, low: int, high: int, way: Keys, vain: Keys) -> int:
    # Matches the parts behind the first, whose word is way[0], with backtracking; returns the last part's word, or -1.
    part, k, stamp = low + 1, _at(words, BEHIND, way[0]), low * words.shape[1]
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
            way[row], part, k = k, part + 1, _at(words, BEHIND, k)
    return int(way[high - low - 1]) if part == high else -1


@lean
def _stretch_at(first: Ints, bounds: Ints, kind: int, at: int, here: Keys) -> int:
    # The stretch of a kind that holds the place `at`; places must be asked for in ascending order.
    while here[kind] + 1 < first[kind + 1] and _at(bounds, START, here[kind] + 1) <= at:
        here[kind] += 1
    return int(here[kind])


@lean
def _add(words: Ints, found: Keys, template: int, sentence: int, way: Keys, many: int) -> None:
    found[0], found[1], found[2] = template, way[0], sentence
    for k in range(len(found) - HEAD):
        word = way[k if k < many else 0]
        start = _at(words, START, word)
        found[k + HEAD] = (start << LENGTH) + _at(words, END, word) - start


@lean
def chains(words: Ints, plan: Plan, asked: Asked, stretches: Stretches, room: Room, out: Keys) -> int:
    """Fill `out` with matches: template, first word, its sentence, and the key of each part; missing parts repeat the first one's key.

    Returns how many matches there are, those that `out` has no room for too.
    """
    parts, bits, kinds, bounds = plan.parts, plan.bits, stretches.first, stretches.bounds
    way, vain, begun, here, sign, signs = room.way, room.vain, room.begun, room.here, room.sign, room.signs
    n, signed, sentence = 0, 0, 0
    for i in range(words.shape[1]):
        start, kind = _at(words, START, i), _at(words, ROW, i)
        if start >= signed:
            at = _stretch_at(kinds, bounds, SENTENCE, start, here)
            signed, sentence = _at(bounds, END, at), at - kinds[SENTENCE]
            _mark_slots(words, bits, i, signed, sign, signs[sentence])
        for row in range(asked.first[np.uint64(kind)], asked.first[np.uint64(kind + 1)]):
            if not _has_needed(sign, asked, row):
                continue
            part = int(asked.flat[row, 0])
            low, high = _at(parts, part, LOW), _at(parts, part, HIGH)
            if (_at(words, INSIDE, i) > _at(parts, part, OPENS)
                    or part + 1 < high and _follower(words, parts, bits, i, _at(words, BEHIND, i), part + 1) == words.shape[1]
                    or part > low and not _is_preceded(words, parts, bits, i, part)):
                continue
            template, stretch = _at(parts, part, TEMPLATE), _stretch_at(kinds, bounds, _at(parts, part, WITHIN), start, here)
            k, begin, first = i, i, start
            if part > low:
                k, begin = _at(words, HERE, i) - 1, int(begun[template])
                first = max(_at(bounds, START, stretch), start - _at(parts, part, BACK))
                begun[template] = max(k + 1, begin)
            while k >= begin and _at(words, START, k) >= first:
                if part == low or _fits(words, parts, bits, k, low):
                    way[0] = k
                    last = _complete(words, parts, bits, low, high, way, vain)
                    if last >= 0 and _at(words, END, last) <= _at(bounds, END, stretch):
                        if n < len(out):
                            _add(words, out[n], template, sentence, way, high - low)
                        n += 1
                k -= 1
    return n


@lean
def _touches(words: Ints, parts: Ints, bits: Bits, part: int, k: int, bounds: Ints, room: Room) -> bool:
    # Whether a match of the template whose first part is `part` touches a stretch near the word k.
    most, low, high, last = bounds[1], bounds[2], bounds[3], _at(parts, part, HIGH)
    first = max(bounds[0], low - _at(parts, last - 1, BACK) - (1 << LENGTH))
    while k > 0 and _at(words, START, k - 1) >= first:
        k -= 1
    while k < words.shape[1] and _at(words, START, k) < high:
        if _fits(words, parts, bits, k, part):
            room.way[0] = k
            end = _complete(words, parts, bits, part, last, room.way, room.vain)
            if end >= 0 and low < _at(words, END, end) <= most:
                return True
        k += 1
    return False


@lean
def touched(words: Ints, plan: Plan, asked: Ints, cues: Keys, bounds: Ints, room: Room, out: Bools) -> None:
    """Set `out` for each stretch of text that a match of one of its templates touches.

    `asked` (2, n): for each stretch its first template, and the one behind its last; `cues` (n, 2): a word near it, and its sentence;
    `bounds` (n, 4): the range a match must lie in, and where the stretch begins and ends; `room`: as `chains` left it.
    """
    for i in range(len(cues)):
        for template in range(asked[0, i], asked[1, i]):
            low, high = _at(plan.templates, template, FIRST), _at(plan.templates, template, LAST)
            if ((_at(plan.parts, low, WITHIN) > SENTENCE or _has_all(room.signs, cues[i, 1], plan.parts, low, high))
                    and _touches(words, plan.parts, plan.bits, low, cues[i, 0], bounds[i], room)):
                out[i] = True
                break
