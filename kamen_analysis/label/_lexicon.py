"""Find lists of cues in posts, all in one walk: literals, alternatives in braces, and gaps that stay inside a clause.

A cue is written as it is read: `没…到账` is 没, then 到账 at most six characters later in the same clause (each further … allows
six more); `{没,未}退` is 没退 or 未退. Texts are folded first (`text.fold`), so every span is a span of the text as given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, pairwise, product

import numpy as np
import opencc

from kamen_analysis import zh
from kamen_analysis.errors import KamenError
from kamen_analysis.label._hits import CUE, END, MARKS, SIZE, Hits, members
from kamen_analysis.label._slots import BITS, Read, Slots, Text, search
from kamen_analysis.label.senses import Numbers
from kamen_analysis.label.shelf import SHELF
from kamen_analysis.label.text import Ints, Texts, plain
from kamen_analysis.label.trie import Trie

GAP = 6
_BRACES = re.compile(r"\{([^{}]*)\}")
_GAPS = re.compile(r"(…+)")
_WALK = 500  # texts read in one walk
_MANY = 2  # Room for so many hits a word, enough for most texts.

Hit = tuple[int, int, int]


def expand(cue: str) -> list[str]:
    """Return every literal reading of a cue with braces: `{没,未}退` gives 没退 and 未退."""
    pieces = _BRACES.split(cue)
    choices = [[piece] if i % 2 == 0 else piece.split(",") for i, piece in enumerate(pieces)]
    return ["".join(chosen) for chosen in product(*choices)]


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
        needs = [sum(1 << bit for bit in {word % BITS for word in slots[slot - 1]}) if gaps[slot] >= 0 else 0 for slot in last.tolist()]
        self._slots = Slots(_ints(gaps), *_flat(slots), _ints(map(len, numbers)), ends, last,
                            np.array([cue_of[slot] for slot in last.tolist()], np.int64), np.array(needs, np.int64))
        # The stack of a search: at most each word of the slot before each slot of a cue, at each place its gap reaches.
        parts = max((last - before for before, last in pairwise([-1, *cue_of])), default=0)
        self._stack_size = 1 + parts * max(map(len, slots), default=0) * (max(gaps, default=0) + 1)
        self.trie = Trie(list(numbers))

    def find_all(self, texts: Texts) -> Hits:
        """Return the hits of every group in a batch."""
        word, at = self.trie.walk(texts)
        text, (start, before, stop) = Text(texts.low, texts.at, members(MARKS)), np.empty((3, len(word)), np.int32)
        read = Read(word, at, start, before, stop, np.empty(len(self._slots.length), np.int32))
        ways, out = np.empty((2, self._stack_size), np.int32), np.empty(_MANY * len(word), np.int64)
        many = search(text, read, self._slots, ways, out)
        if many > len(out):
            out = np.empty(many, np.int64)
            search(text, read, self._slots, ways, out)
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
    return SHELF.packed(f"{key} {opencc.__version__}", make, Lexicon, Slots, Trie)


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
