"""Find lists of cues in posts, all in one walk: literals, alternatives in braces, and gaps that stay inside a clause.

A cue is written as it is read: `没…到账` is 没, then 到账 at most six characters later in the same clause (each further … allows
six more); `{没,未}退` is 没退 or 未退. Texts are folded first (`text.fold`), so every span is a span of the text as given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, pairwise, product
from typing import NamedTuple

import numpy as np
import opencc

from kamen_analysis import zh
from kamen_analysis.errors import KamenError
from kamen_analysis.kernels import compiled, inlined
from kamen_analysis.label._hits import CUE, END, MARKS, SIZE, Hits, Packed, marks
from kamen_analysis.label.senses import Numbers
from kamen_analysis.label.shelf import SHELF
from kamen_analysis.label.text import Ints, Texts, plain
from kamen_analysis.label.trie import Trie

GAP = 6
_BRACES = re.compile(r"\{([^{}]*)\}")
_GAPS = re.compile(r"(…+)")
_WALK = 500  # texts read in one walk
_BITS, _MANY = 63, 2  # Bits shared by the words that have been read; room for so many hits a word, enough for most texts.

Hit = tuple[int, int, int]


def expand(cue: str) -> list[str]:
    """Return every literal reading of a cue with braces: `{没,未}退` gives 没退 and 未退."""
    pieces = _BRACES.split(cue)
    choices = [[piece] if i % 2 == 0 else piece.split(",") for i, piece in enumerate(pieces)]
    return ["".join(chosen) for chosen in product(*choices)]


class _Slots(NamedTuple):
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


class _Read(NamedTuple):
    """The words of a batch in text order: number and start, the same word's last occurrence, the last stop; `last`: by word, its latest."""

    word: Numbers
    start: Ints
    before: Ints
    stop: Ints
    last: Ints


class Lexicon:
    """Groups of cues over one trie; a group named `x!` masks group `x`: a hit of x inside a hit of x! does not count.

    KamenError if a group has more cues than the key of a hit can number.
    """

    def __init__(self, groups: Mapping[str, Iterable[str]]) -> None:
        self._groups = {group: number for number, group in enumerate(groups)}
        numbers, slots = dict[str, int](), list[list[int]]()
        gaps, cue_of = list[int](), dict[int, int]()  # By the last slot.
        for group, (name, cues) in enumerate(groups.items()):
            for cue, written in enumerate(cues):
                if cue >> CUE:
                    raise KamenError(f"“{name}”一组的线索太多（至多 {1 << CUE:,} 条）")
                for pieces in _readings(written):
                    slots += [[numbers.setdefault(zh.fold(word), len(numbers)) for word in expand(piece)] for piece in pieces[::2]]
                    gaps += [-1, *(GAP * len(piece) for piece in pieces[1::2])]
                    cue_of[len(slots) - 1] = group << END + SIZE + CUE | cue
        ended: list[list[int]] = [[] for _ in numbers]
        for slot in cue_of:
            for word in slots[slot]:
                ended[word].append(slot)
        ends, last = _flat(ended)
        needs = [sum(1 << bit for bit in {word % _BITS for word in slots[slot - 1]}) if gaps[slot] >= 0 else 0 for slot in last.tolist()]
        self._slots = _Slots(_ints(gaps), *_flat(slots), _ints(map(len, numbers)), ends, last,
                             np.array([cue_of[slot] for slot in last.tolist()], np.int64), np.array(needs, np.int64))
        # The stack of a search: at most each word of the slot before each slot of a cue, at each place its gap reaches.
        parts = max((last - before for before, last in pairwise([-1, *cue_of])), default=0)
        self._stack_size = 1 + parts * max(map(len, slots), default=0) * (max(gaps, default=0) + 1)
        self.trie = Trie(list(numbers))

    def find_all(self, texts: Texts) -> Hits:
        """Return the hits of every group in a batch."""
        word, at = self.trie.walk(texts)
        room = (len(word), len(word), len(self._slots.length))
        read = _Read(word, texts.at[at], *(np.empty(size, np.int32) for size in room))
        stops, ways, out = marks(texts, MARKS), np.empty((2, self._stack_size), np.int32), np.empty(_MANY * len(word), np.int64)
        many = _cues(read, stops, self._slots, ways, out)
        if many > len(out):
            out = np.empty(many, np.int64)
            _cues(read, stops, self._slots, ways, out)
        packed = out[:many]
        packed.sort()
        return Hits(texts, packed, self._groups)

    def find(self, text: str) -> dict[str, list[Hit]]:
        """Return the hits (start, end, cue) of every group found in one folded text."""
        return next(self.find_each([text]))

    def find_each(self, folded: Sequence[str]) -> Iterator[dict[str, list[Hit]]]:
        """Yield for each folded text what `find` returns, with one walk for many texts."""
        for first in range(0, len(folded), _WALK):
            texts = plain(folded[first: first + _WALK])
            hits = self.find_all(texts)
            found: list[dict[str, list[Hit]]] = [{} for _ in range(len(texts))]
            for group in (name for name in self._groups if name[-1] != "!"):
                spots = hits.get(group)
                post = texts.post(spots.start)
                columns = (post, spots.start - texts.start[post], spots.end - texts.start[post], spots.cue)
                for row, start, end, cue in zip(*(column.tolist() for column in columns), strict=True):
                    found[row].setdefault(group, []).append((start, end, cue))
            yield from found


def kept(key: str, make: Callable[[], Lexicon]) -> Lexicon:
    """Return the lexicon that `make` builds from the codebook; it is kept between runs under `key`."""
    return SHELF.packed(f"{key} {opencc.__version__}", make, Lexicon, _Slots, Trie)


def _readings(cue: str) -> Iterator[list[str]]:
    # A cue cut at its gaps; one with a gap inside its braces is spelt out first.
    spelt = expand(cue) if any("…" in braces for braces in _BRACES.findall(cue)) else [cue]
    return (_GAPS.split(reading) for reading in spelt)


def _ints(numbers: Iterable[int]) -> Ints:
    return np.array(list(numbers), np.int32)


def _flat(rows: Sequence[Sequence[int]]) -> tuple[Numbers, Numbers]:
    # Where each row begins in the second array, which has the rows one after the other.
    first, flat = _ints(accumulate(map(len, rows), initial=0)), _ints(chain.from_iterable(rows))
    return first.astype(np.uint32), flat.astype(np.uint32)


@compiled
def _cues(read: _Read, stops: Ints, slots: _Slots, ways: Ints, out: Packed) -> int:
    """Find every way to read every cue: each slot's word within its gap behind the word of the slot before, no stop between.

    Fills `out` (packed hits, as far as there is room) and returns how many there are.
    """
    read.last[:] = -1
    stop, seen, n = 0, 0, 0
    for i in range(len(read.word)):
        word, start = read.word[i], read.start[i]
        while stop < len(stops) and stops[stop] < start:
            stop += 1
            seen = 0  # The bits of the words since the last stop.
        read.stop[i] = stops[stop - 1] if stop else -1
        read.before[i], read.last[word] = read.last[word], i
        for row in range(slots.ends[word], slots.ends[word + 1]):
            if not slots.needs[row] or slots.needs[row] & seen:
                n = _ways(i, row, read, slots, ways, out, n)
        seen |= 1 << word % _BITS
    return n


@inlined
def _ways(i: int, row: int, read: _Read, slots: _Slots, ways: Ints, out: Packed, n: int) -> int:
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
def _back(slot: int, at: int, read: _Read, slots: _Slots, ways: Ints, many: int) -> int:
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
