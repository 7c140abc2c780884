"""A batch of posts as one array of folded characters, cut into clauses, sentences and lines.

Three ways to count positions: an index counts characters in the whole array, an offset characters in one post. A place, which is what
this package uses unless it says otherwise, is the index plus STRIDE for each post before: so a search that reaches fewer than STRIDE
characters never crosses from one post into the next.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import opencc

from kamen_analysis import kept, zh
from kamen_analysis.kernels import compiled
from kamen_analysis.label import marks

STRIDE = 1024
APART = "\0"  # Separates posts; occurs in no word.
Ints = npt.NDArray[np.int32]
Codes = npt.NDArray[np.uint32]
Low = npt.NDArray[np.uint16]
Floats = npt.NDArray[np.float64]
Indexes = marks.Indexes
Bools = marks.Bools
Number = TypeVar("Number", bound=np.integer)

_SHELF = kept.Shelf("fold", "zh.py", "label/text.py")
_FOLDED = 0x20000  # Folding changes no character from this code point on.
_SIGMA = 0x3A3  # Greek capital sigma: the one letter whose lower case depends on its neighbours.


class Cut(NamedTuple):
    """Stretches of one kind (sentences, clauses, lines): their starts, ascending, and their ends."""

    starts: Ints
    ends: Ints


class Texts:
    """A batch of posts: `codes` (all code points) and `at` (the place of each); the other columns have one entry a post.

    `index`: of its first character; `lengths`, `titles`: of the text and of its title; `start`, `end`, `cut` (end of the title): places.
    """

    def __init__(self, codes: Codes, lengths: Ints, titles: Ints) -> None:
        self.codes, self.lengths, self.titles = codes, lengths, titles
        posts = np.arange(len(lengths), dtype=np.int32)
        self.at: Ints = np.arange(len(codes), dtype=np.int32) + np.repeat(posts * STRIDE, lengths + 1)
        self.index: Ints = np.concatenate([[0], np.cumsum(lengths + 1)[:-1]]).astype(np.int32)
        self.start: Ints = self.index + posts * STRIDE
        self.end, self.cut = self.start + lengths, self.start + titles
        # At most one post begins in a block of STRIDE places. `_homes`: the post each block begins in; `_next`: where the next post begins.
        blocks = np.arange(int(self.end[-1]) // STRIDE + 2) * STRIDE
        self._homes = (np.searchsorted(self.start, blocks, "right") - 1).astype(np.int32)
        self._next = np.append(self.start[1:], np.iinfo(np.int32).max).astype(np.int32)
        self._stretch_of: dict[str, Ints] = {}  # By kind (clause, sentence, line): the number of the stretch each character is in.

    def __len__(self) -> int:
        return len(self.lengths)

    def post(self, at: Ints) -> Ints:
        """Return the number of the post that holds each place."""
        return _posts(at, self._homes, self._next)

    def indexes(self, at: Ints) -> Ints:
        """Return the indexes into `codes` of places."""
        return at - self.post(at) * STRIDE

    @functools.cached_property
    def strings(self) -> list[str]:
        """The folded text of each post: title, line break, body."""
        whole = self.codes.tobytes().decode("utf-32-le", "surrogatepass")
        return [whole[first:last] for first, last in zip(self.index.tolist(), (self.index + self.lengths).tolist(), strict=True)]

    @functools.cached_property
    def low(self) -> Low:
        """The code points in sixteen bits; those that need more become U+FFFF, which is no character."""
        return np.minimum(self.codes, 0xFFFF).astype(np.uint16)

    def take(self, posts: Sequence[int]) -> Texts:
        """Return a batch of some of the posts, given by their numbers (ascending, at least one)."""
        own = np.zeros(len(self), np.bool_)
        own[posts] = True
        return Texts(self.codes[np.repeat(own, self.lengths + 1)], self.lengths[own], self.titles[own])

    def respelt(self, spelling: Mapping[str, str], posts: Iterable[int]) -> Texts:
        """Return the batch with evasive spellings in `posts` replaced by plain ones; these are as long, so every place stays valid."""
        codes = self.codes.copy()
        for post in posts:
            text = self.strings[post]
            for odd, plain in spelling.items():
                text = text.replace(odd, plain)
            codes[self.index[post]: self.index[post] + self.lengths[post]] = _codes(text)
        return Texts(codes, self.lengths, self.titles)

    @functools.cached_property
    def _marks(self) -> tuple[Ints, Ints]:
        # The places right behind clauses, and those of them that are behind a sentence as well.
        ends, full = marks.clause_ends(self.codes)
        return self.at[ends], self.at[ends[full]]

    def _cut(self, inner: Ints, mark: int = 0) -> Cut:
        # Every post cut before the places `inner`; a stretch leaves out its last `mark` characters, but for the last one of a post.
        starts = np.sort(np.concatenate([self.start, inner]))
        ends = np.append(starts[1:] - mark, self.end[-1:]).astype(np.int32)
        last = np.searchsorted(starts, self.start[1:]) - 1
        ends[last] = self.end[:-1]
        return Cut(starts, ends)

    @functools.cached_property
    def clauses(self) -> Cut:
        """Clauses: each goes up to a punctuation mark, or a space used as one."""
        return self._cut(self._marks[0])

    @functools.cached_property
    def sentences(self) -> Cut:
        """Sentences: each goes up to a full stop, question or exclamation mark, semicolon or line break."""
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
        if within not in self._stretch_of:
            starts = self.indexes(cut.starts)
            self._stretch_of[within] = np.repeat(np.arange(len(starts), dtype=np.int32), np.diff(starts, append=len(self.codes)))
        i = self._stretch_of[within][self.indexes(at)]
        return cut.starts[i], cut.ends[i]


def fold(titles: Sequence[str], bodies: Sequence[str]) -> Texts:
    """Return posts (at least one) as a batch: of each its title, a line break and its body, folded as `zh.fold` does."""
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
    """Return texts that are folded already as a batch of posts without titles: a place minus the post's start is an offset in the text."""
    lengths = np.fromiter(map(len, folded), np.int32, len(folded))
    return Texts(_codes(APART.join([*folded, ""])), lengths, np.zeros(len(folded), np.int32))


def spread(low: npt.NDArray[np.integer], high: npt.NDArray[np.integer]) -> Indexes:
    """Return the ranges [low, high) of all pairs, one after the other; no `high` may be below its `low`."""
    count = (high - low).astype(np.intp)
    return np.repeat(low - np.cumsum(count) + count, count) + np.arange(count.sum())


def distinct(numbers: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """Return the distinct numbers, ascending; by sorting, which is several times faster here than `np.unique`."""
    ordered = np.sort(numbers)
    first = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


@compiled
def _posts(at: Ints, homes: Ints, following: Ints) -> Ints:
    out = np.empty(len(at), np.int32)
    for i in range(len(at)):
        home = homes[np.uint32(at[i] // STRIDE)]
        out[i] = home + (at[i] >= following[np.uint32(home)])
    return out


def _codes(text: str) -> Codes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


@functools.cache
def _fold_table() -> Codes:
    return np.frombuffer(_SHELF.get(f"fold {opencc.__version__}", lambda: _folded().tobytes()), np.uint32)


def _folded() -> Codes:
    # What `zh.fold` makes of each character on its own.
    plain = "".join(map(chr, range(_FOLDED))).translate(zh.fold_table())
    table, first = _codes(plain).copy(), ord("A")
    small = "\n".join(plain[first:]).lower().split("\n")  # Kept apart by line breaks, since neighbours can change a lower case.
    table[first:] = [ord(low) if len(low) == 1 else ord(c) for low, c in zip(small, plain[first:], strict=True)]
    return table
