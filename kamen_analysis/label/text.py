"""Posts as the rules read them: a batch in one array of folded characters, with its sentences, clauses and lines.

Places are counted so that no reach crosses from a post to the next: each post begins `STRIDE` further on than its characters would
have it. Every place in this room is such a place unless it is called an index (into the array of characters) or an offset (into a post).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis import zh

STRIDE = 1024
APART = "\0"  # Stands between posts, and in no word.
Ints = npt.NDArray[np.int32]
Codes = npt.NDArray[np.uint32]
Indexes = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

# A space between Chinese words stands for a comma in chats; a dot ends a sentence unless numbers or Latin letters surround it.
_HARD, _FULL, _SPACE, _BLANK, _DOT, _LATIN, _BEFORE, _AFTER = (1 << i for i in range(8))
_HAN = "".join(map(chr, range(0x4E00, 0xA000)))
_CLASSES = {
    _HARD: "。！？!?；;，,、…\n\r~", _FULL: "。！？!?；;…\n\r", _SPACE: "".join(filter(str.isspace, map(chr, range(0x10000)))),
    _BLANK: " \t\u3000", _DOT: ".", _LATIN: "0123456789abcdefghijklmnopqrstuvwxyz", _BEFORE: f"{_HAN}”\"’」", _AFTER: f"{_HAN}“\"‘「",
}
_FOLDED = 0x20000  # No character from here on has another shape.
_SIGMA = 0x3A3  # The one letter whose small shape depends on its neighbours.


class Cut(NamedTuple):
    """Stretches of one kind (sentences, clauses, lines): their starts, ascending, and their ends."""

    starts: Ints
    ends: Ints

    def around(self, at: Ints) -> tuple[Ints, Ints]:
        """Return the start and the end of the stretch that holds each place."""
        i = np.searchsorted(self.starts, at, "right") - 1
        return self.starts[i], self.ends[i]


class Texts:
    """A batch of posts: `codes` (characters), `at` (the place of each), and of each post its start, end and where its title ends."""

    def __init__(self, codes: Codes, lengths: Ints, titles: Ints) -> None:
        self.codes, self.lengths, self.titles = codes, lengths, titles
        posts = np.arange(len(lengths), dtype=np.int32)
        self.at: Ints = np.arange(len(codes), dtype=np.int32) + np.repeat(posts * STRIDE, lengths + 1)
        self.index: Ints = np.concatenate([[0], np.cumsum(lengths + 1)[:-1]]).astype(np.int32)
        self.start: Ints = self.index + posts * STRIDE
        self.end, self.cut = self.start + lengths, self.start + titles

    def __len__(self) -> int:
        return len(self.lengths)

    def post(self, at: Ints) -> Ints:
        """Return the number of the post that holds each place."""
        return (np.searchsorted(self.start, at, "right") - 1).astype(np.int32)

    def indexes(self, at: Ints) -> Ints:
        """Return the indexes into `codes` of places."""
        return at - self.post(at) * STRIDE

    def text(self, post: int) -> str:
        """Return the folded text of a post: title, line break, body."""
        return _string(self.codes[self.index[post]: self.index[post] + self.lengths[post]])

    def respelt(self, spelling: Mapping[str, str], posts: Iterable[int]) -> Texts:
        """Return the batch with evasive spellings made plain in `posts`; every place is kept."""
        codes = self.codes.copy()
        for post in posts:
            text = self.text(post)
            for odd, plain in spelling.items():
                text = text.replace(odd, plain)
            codes[self.index[post]: self.index[post] + self.lengths[post]] = _codes(text)
        return Texts(codes, self.lengths, self.titles)

    @functools.cached_property
    def _marks(self) -> tuple[Ints, Ints]:
        # The ends of clauses that marks make, and those of them that end a sentence too.
        kinds = _kinds()[np.minimum(self.codes, 0xFFFF)]
        spaces = _spaces(kinds)
        found = [_hard(kinds, spaces), spaces[1:], _dots(kinds)]
        ends, full = (np.concatenate([row[i] for row in found]) for i in (0, 1))
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
        return cut.around(at)


def fold(titles: Sequence[str], bodies: Sequence[str]) -> Texts:
    """Return posts as one folded batch: title, line break, body, as `zh.fold` has them; there must be one post at least."""
    texts = [f"{title}\n{body}" for title, body in zip(titles, bodies, strict=True)]
    raw = _codes(APART.join([*texts, ""]))
    codes, plain = raw.copy(), raw < _FOLDED
    codes[plain] = _fold_table()[raw[plain]]
    lengths, cuts = (np.fromiter(map(len, rows), np.int32, len(texts)) for rows in (texts, titles))
    found = Texts(codes, lengths, cuts)
    for post in set(found.post(found.at[np.flatnonzero(raw == _SIGMA)]).tolist()):
        codes[found.index[post]: found.index[post] + lengths[post]] = _codes(zh.fold(texts[post]))
    return found


def spread(low: npt.NDArray[np.integer], high: npt.NDArray[np.integer]) -> Indexes:
    """Return all numbers from each `low` to its `high`, one stretch after the other; no `high` is below its `low`."""
    count = (high - low).astype(np.intp)
    return np.repeat(low - np.cumsum(count) + count, count) + np.arange(count.sum())


def _codes(text: str) -> Codes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _string(codes: Codes) -> str:
    return codes.tobytes().decode("utf-32-le", "surrogatepass")


@functools.cache
def _fold_table() -> Codes:
    # zh.fold, character by character.
    plain = "".join(map(chr, range(_FOLDED))).translate(zh.fold_table())
    return np.fromiter((ord(low) if len(low := c.lower()) == 1 else ord(c) for c in plain), np.uint32, _FOLDED)


@functools.cache
def _kinds() -> npt.NDArray[np.uint8]:
    table = np.zeros(0x10000, np.uint8)
    for kind, characters in _CLASSES.items():
        table[_codes(characters)] |= kind
    return table


def _runs(at: Indexes) -> tuple[Indexes, Indexes]:
    # First and one past the last of each run of neighbours in ascending `at`.
    breaks = np.flatnonzero(np.diff(at) != 1)
    return at[np.concatenate([[0], breaks + 1])[: len(at)]], at[np.append(breaks, len(at) - 1)[: len(at)]] + 1


def _spaces(kinds: npt.NDArray[np.uint8]) -> tuple[Indexes, Indexes, Bools]:
    """Return where spaces that part clauses begin, where they end, and whether a line ends in them."""
    all_spaces = np.flatnonzero(kinds & _SPACE)
    start, end = _runs(all_spaces)
    hard = kinds[all_spaces] & _HARD > 0
    soft, breaks = np.append(all_spaces[~hard], len(kinds)), all_spaces[hard]
    start = np.minimum(soft[np.searchsorted(soft, start)], end)  # Line breaks in front are marks of their own.
    lone = (kinds[start] & _BLANK > 0) & (kinds[start - 1] & _BEFORE > 0) & (kinds[np.minimum(end, len(kinds) - 1)] & _AFTER > 0)
    kept = (end - start > 1) | (end - start == 1) & lone
    start, end = start[kept], end[kept]
    return start, end, np.searchsorted(breaks, end) > np.searchsorted(breaks, start)


def _hard(kinds: npt.NDArray[np.uint8], spaces: tuple[Indexes, Indexes, Bools]) -> tuple[Indexes, Bools]:
    at = np.flatnonzero(kinds & _HARD)
    within = np.concatenate([[0], spaces[1]])[np.searchsorted(spaces[0], at, "right")]
    at = at[at >= within]
    start, end = _runs(at)
    full = at[kinds[at] & _FULL > 0]
    return end, np.searchsorted(full, end) > np.searchsorted(full, start)


def _dots(kinds: npt.NDArray[np.uint8]) -> tuple[Indexes, Bools]:
    start, end = _runs(np.flatnonzero(kinds & _DOT))
    first, last = start + (kinds[start - 1] & _LATIN > 0), end - (kinds[np.minimum(end, len(kinds) - 1)] & _LATIN > 0)
    return last[last > first], np.ones(int((last > first).sum()), np.bool_)
