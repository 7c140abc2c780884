"""Posts as the rules read them: a batch in one array of folded characters, with its sentences, clauses and lines.

Places are counted so that no reach crosses from a post to the next: each post begins `STRIDE` further on than its characters would
have it. Every place in this room is such a place unless it is called an index (into the array of characters) or an offset (into a post).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import opencc

from kamen_analysis import kept, zh
from kamen_analysis.label import marks

STRIDE = 1024
APART = "\0"  # Stands between posts, and in no word.
Ints = npt.NDArray[np.int32]
Codes = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float64]
Indexes = marks.Indexes
Bools = marks.Bools
Number = TypeVar("Number", bound=np.integer)

_SHELF = kept.Shelf("fold", "zh.py", "label/text.py")
_FOLDED = 0x20000  # No character from here on has another shape.
_SIGMA = 0x3A3  # The one letter whose small shape depends on its neighbours.


class Cut(NamedTuple):
    """Stretches of one kind (sentences, clauses, lines): their starts, ascending, and their ends."""

    starts: Ints
    ends: Ints


class Texts:
    """A batch of posts: `codes` (characters), `at` (the place of each), and of each post its start, end and where its title ends."""

    def __init__(self, codes: Codes, lengths: Ints, titles: Ints) -> None:
        self.codes, self.lengths, self.titles = codes, lengths, titles
        posts = np.arange(len(lengths), dtype=np.int32)
        self.at: Ints = np.arange(len(codes), dtype=np.int32) + np.repeat(posts * STRIDE, lengths + 1)
        self.index: Ints = np.concatenate([[0], np.cumsum(lengths + 1)[:-1]]).astype(np.int32)
        self.start: Ints = self.index + posts * STRIDE
        self.end, self.cut = self.start + lengths, self.start + titles
        # In a block of STRIDE places begins one post at most: the post at each block's beginning, and where the one behind each begins.
        blocks = np.arange(int(self.end[-1]) // STRIDE + 2) * STRIDE
        self._homes = (np.searchsorted(self.start, blocks, "right") - 1).astype(np.int32)
        self._next = np.append(self.start[1:], np.iinfo(np.int32).max).astype(np.int32)
        self._numbers: dict[str, Ints] = {}  # The number of the clause (sentence, line) of each character.

    def __len__(self) -> int:
        return len(self.lengths)

    def post(self, at: Ints) -> Ints:
        """Return the number of the post that holds each place."""
        home: Ints = self._homes[at // STRIDE]
        home += at >= self._next[home]
        return home

    def indexes(self, at: Ints) -> Ints:
        """Return the indexes into `codes` of places."""
        return at - self.post(at) * STRIDE

    @functools.cached_property
    def strings(self) -> list[str]:
        """The folded text of each post: title, line break, body."""
        whole = self.codes.tobytes().decode("utf-32-le", "surrogatepass")
        return [whole[first:last] for first, last in zip(self.index.tolist(), (self.index + self.lengths).tolist(), strict=True)]

    @functools.cached_property
    def low(self) -> npt.NDArray[np.uint16]:
        """The characters in sixteen bits; those that need more are U+FFFF, which is none."""
        return np.minimum(self.codes, 0xFFFF).astype(np.uint16)

    def totals(self, characters: Bools, last: int | None = None) -> Ints:
        """Return for each post how many of its characters (its `last` so many) are marked; there is one mark for each of `codes`."""
        sums = np.zeros(len(characters) + 1, np.int32)
        np.cumsum(characters, dtype=np.int32, out=sums[1:])
        end = self.index + self.lengths
        count: Ints = sums[end] - sums[self.index if last is None else np.maximum(self.index, end - last)]
        return count

    def members(self, characters: Iterable[str]) -> Bools:
        """Return which of `codes` are one of `characters` (all below U+10000)."""
        table = np.zeros(0x10000, np.bool_)
        table[[ord(c) for c in characters]] = True
        return table[self.low]

    def take(self, posts: Sequence[int]) -> Texts:
        """Return the batch of some of the posts (ascending, one at least)."""
        own = np.zeros(len(self), np.bool_)
        own[posts] = True
        return Texts(self.codes[np.repeat(own, self.lengths + 1)], self.lengths[own], self.titles[own])

    def respelt(self, spelling: Mapping[str, str], posts: Iterable[int]) -> Texts:
        """Return the batch with evasive spellings made plain in `posts`; every place is kept."""
        codes = self.codes.copy()
        for post in posts:
            text = self.strings[post]
            for odd, plain in spelling.items():
                text = text.replace(odd, plain)
            codes[self.index[post]: self.index[post] + self.lengths[post]] = _codes(text)
        return Texts(codes, self.lengths, self.titles)

    @functools.cached_property
    def _marks(self) -> tuple[Ints, Ints]:
        # The ends of clauses that marks make, and those of them that end a sentence too.
        ends, full = marks.clause_ends(self.codes)
        return self.at[ends], self.at[ends[full]]

    def _cut(self, inner: Ints, mark: int = 0) -> Cut:
        starts = np.sort(np.concatenate([self.start, inner]))
        ends = np.append(starts[1:] - mark, self.end[-1:]).astype(np.int32)
        last = np.searchsorted(starts, self.start[1:]) - 1
        ends[last] = self.end[:-1]
        return Cut(starts, ends)

    @functools.cached_property
    def clauses(self) -> Cut:
        """Clauses: to a mark, or where a space stands for one."""
        return self._cut(self._marks[0])

    @functools.cached_property
    def sentences(self) -> Cut:
        """Sentences: to a full stop, a question or exclamation mark, a semicolon or a line break."""
        return self._cut(self._marks[1])

    @functools.cached_property
    def lines(self) -> Cut:
        """Lines, without their breaks."""
        return self._cut(self.at[np.flatnonzero(self.codes == ord("\n")) + 1], 1)

    def bounds(self, at: Ints, within: str) -> tuple[Ints, Ints]:
        """Return start and end of the clause, sentence, line or whole text that holds each place."""
        if within == "text":
            post = self.post(at)
            return self.start[post], self.end[post]
        cut: Cut = getattr(self, f"{within}s")
        if within not in self._numbers:
            starts = self.indexes(cut.starts)
            self._numbers[within] = np.repeat(np.arange(len(starts), dtype=np.int32), np.diff(starts, append=len(self.codes)))
        i = self._numbers[within][self.indexes(at)]
        return cut.starts[i], cut.ends[i]


def fold(titles: Sequence[str], bodies: Sequence[str]) -> Texts:
    """Return posts as one folded batch: title, line break, body, as `zh.fold` has them; there must be one post at least."""
    texts = [f"{title}\n{body}" for title, body in zip(titles, bodies, strict=True)]
    raw = _codes(APART.join([*texts, ""]))
    codes, beyond = _fold_table().take(raw, mode="clip"), np.flatnonzero(raw >= _FOLDED)
    codes[beyond] = raw[beyond]
    lengths, cuts = (np.fromiter(map(len, rows), np.int32, len(texts)) for rows in (texts, titles))
    found = Texts(codes, lengths, cuts)
    for post in set(found.post(found.at[np.flatnonzero(raw == _SIGMA)]).tolist()):
        codes[found.index[post]: found.index[post] + lengths[post]] = _codes(zh.fold(texts[post]))
    return found


def plain(folded: Sequence[str]) -> Texts:
    """Return folded texts as a batch, all of them body: places less the start of their post are offsets."""
    lengths = np.fromiter(map(len, folded), np.int32, len(folded))
    return Texts(_codes(APART.join([*folded, ""])), lengths, np.zeros(len(folded), np.int32))


def spread(low: npt.NDArray[np.integer], high: npt.NDArray[np.integer]) -> Indexes:
    """Return all numbers from each `low` to its `high`, one stretch after the other; no `high` is below its `low`."""
    count = (high - low).astype(np.intp)
    return np.repeat(low - np.cumsum(count) + count, count) + np.arange(count.sum())


def distinct(numbers: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """Return the different numbers, ascending; by sorting, which is several times faster here than `np.unique`."""
    ordered = np.sort(numbers)
    first = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


def _codes(text: str) -> Codes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


@functools.cache
def _fold_table() -> Codes:
    return np.frombuffer(_SHELF.get(f"fold {opencc.__version__}", lambda: _folded().tobytes()), np.uint32)


def _folded() -> Codes:
    # zh.fold, character by character.
    plain = "".join(map(chr, range(_FOLDED))).translate(zh.fold_table())
    table, first = _codes(plain).copy(), ord("A")
    small = "\n".join(plain[first:]).lower().split("\n")  # Apart, since what stands beside can change a letter.
    table[first:] = [ord(low) if len(low) == 1 else ord(c) for low, c in zip(small, plain[first:], strict=True)]
    return table
