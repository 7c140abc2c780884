"""Search a batch for cues made of slots, each filled by one of several words: back from every word that ends a cue."""

from __future__ import annotations

from typing import NamedTuple

from kamen_analysis.kernels import compiled, inlined
from kamen_analysis.label._hits import CUE, SIZE, Packed
from kamen_analysis.label.senses import Numbers
from kamen_analysis.label.text import Bools, Ints, Low

BITS = 63  # Bits shared by the words that have been read.


class Slots(NamedTuple):
    """The slots of all cues, one cue after the other, and their words, as numbers; a slot takes one of several words.

    Of each slot: the gap before it (-1: it begins a cue) and its words (slot s: words[first[s]: first[s + 1]]). Of each word: its length
    and the cues it ends (word w: rows ends[w] to ends[w + 1]). Of each of these rows: the cue's last slot, its hit (packed, without a
    place), and the bits of the words of the slot before, one of which must have been read (0: the cue has one slot only).
    """

    gap: Ints
    first: Numbers
    words: Numbers
    length: Ints
    ends: Numbers
    slot: Numbers
    hit: Packed
    needs: Packed


class Text(NamedTuple):
    """The characters of a batch and their places, and which characters are stops."""

    low: Low
    places: Ints
    stops: Bools


class Read(NamedTuple):
    """The words of a batch in text order: number and index; `start`, `before`, `stop` and `last` are filled in by `search`.

    start: its place; before: the same word's last occurrence; stop: the last stop before it; last (by word): the latest occurrence.
    """

    word: Numbers
    at: Numbers
    start: Ints
    before: Ints
    stop: Ints
    last: Ints


@compiled
def search(text: Text, read: Read, slots: Slots, ways: Ints, out: Packed) -> int:
    """Find every way to read every cue: each slot's word within its gap behind the word of the slot before, no stop between.

    Fills `out` (packed hits, as far as there is room) and returns how many there are.
    """
    read.last[:] = -1
    at, stop, seen, n = 0, -1, 0, 0
    for i in range(len(read.word)):
        word = read.word[i]
        while at < read.at[i]:
            if text.stops[text.low[at]]:
                stop, seen = text.places[at], 0  # `seen`: the bits of the words since the last stop.
            at += 1
        read.start[i], read.stop[i] = text.places[at], stop
        read.before[i], read.last[word] = read.last[word], i
        for row in range(slots.ends[word], slots.ends[word + 1]):
            if not slots.needs[row] or slots.needs[row] & seen:
                n = _ways(i, row, read, slots, ways, out, n)
        seen |= 1 << word % BITS
    return n


@inlined
def _ways(i: int, row: int, read: Read, slots: Slots, ways: Ints, out: Packed, n: int) -> int:
    # Searches back from the word that ends a cue for its beginnings; `ways`: the stack of slots and words still to go on from.
    end = read.start[i] + slots.length[read.word[i]]
    ways[0, 0], ways[1, 0], many = slots.slot[row], i, 1
    while many:
        many -= 1
        slot, at = ways[0, many], ways[1, many]
        if slots.gap[slot] >= 0:
            many = _back(slot, at, read, slots, ways, many)
            continue
        if n < len(out):
            out[n] = slots.hit[row] | end << SIZE + CUE | (1 << SIZE) - 1 - (end - read.start[at]) << CUE
        n += 1
    return n


@inlined
def _back(slot: int, at: int, read: Read, slots: Slots, ways: Ints, many: int) -> int:
    # Puts on the stack the words that fill the slot before that of a word.
    start, gap, stop = read.start[at], slots.gap[slot], read.stop[at]
    for word in slots.words[slots.first[slot - 1]: slots.first[slot]]:
        before, size = read.last[word], slots.length[word]
        while before >= 0 and read.start[before] + size + gap >= start:
            if stop < read.start[before] + size <= start:
                ways[0, many], ways[1, many] = slot - 1, before
                many += 1
            before = read.before[before]
    return many
