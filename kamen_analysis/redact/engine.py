"""Find and replace personal data: texts are read many at once, what is found is hidden, and what is left read again."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kamen_analysis.heap import uncollected
from kamen_analysis.redact.reading import read
from kamen_analysis.redact.rules import book, placeholders

if TYPE_CHECKING:
    from kamen_analysis.redact.search import Engine


class Span(NamedTuple):
    """Personal data of a kind between two character offsets of the text as given."""

    start: int
    end: int
    kind: str


class Redacted(NamedTuple):
    """A text with placeholders, where in the text as given they came from, and as what it was read when nothing more was found."""

    text: str
    spans: list[Span]
    rest: str = ""


_START = attrgetter("start")
_PASSES = 12  # readings of one text; ordinary posts need two, the worst seen four
_AT_ONCE = 500_000  # characters read as one: fewer leave the arrays short, more leave the caches


@functools.cache
def _engine() -> Engine:
    from kamen_analysis.redact.search import Engine  # loads numba, which a build with nothing new can do without

    return Engine()


@functools.cache
def _placeholders() -> dict[str, str]:
    return {kind.kind: kind.placeholder for kind in book().kinds}


def find(text: str) -> list[Span]:
    """Return the personal data of `text`, sorted and without overlaps, by offsets into it as given; placeholders are never found.

    What is found is hidden and the rest read again until nothing more shows: redacted text has nothing left to find. A text that
    keeps showing more is written to wear the reader out, and is hidden whole.
    """
    return _find([text])[0][0]


def find_many(texts: Iterable[str]) -> Iterator[list[Span]]:
    """Yield `find` of each text, in order; many at once cost much less than one by one."""
    return (spans for spans, _ in _found(texts))


def _found(texts: Iterable[str]) -> Iterator[tuple[list[Span], str]]:
    for batch in _batches(texts):
        with uncollected():
            found = _find(batch)
        yield from found


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    batch, length = list[str](), 0
    for text in texts:
        batch.append(text)
        length += len(text)
        if length >= _AT_ONCE:
            yield batch
            batch, length = [], 0
    if batch:
        yield batch


def _find(texts: list[str]) -> list[tuple[list[Span], str]]:
    """Return for each text what is found and, where anything is, as what it was read at last (nothing if it was hidden whole)."""
    engine, spans, rest = _engine(), [list[Span]() for _ in texts], [""] * len(texts)
    reading = read(texts, placeholders())
    for again in range(_PASSES):
        found = engine.search(reading)
        where = np.array([(start, end) for start, end, *_ in found], np.int64).reshape(-1, 2)
        more = np.unique(reading.of(where[:, 0]))
        for number, words in reading.each(np.delete(np.arange(len(reading.numbers)), more)) if again else ():
            rest[number] = words
        if not found:
            break
        for number, start, end, kind in zip(*map(np.ndarray.tolist, reading.given(where)), (kind for *_, kind in found), strict=True):
            spans[number].append(Span(start, end, kind))
        reading = reading.without(where, more)
    else:
        for number in reading.numbers.tolist():
            spans[number] = [Span(0, len(texts[number]), "NUMBER")]
    return [(sorted(each, key=_START), words) for each, words in zip(spans, rest, strict=True)]


def settled(redacted: Sequence[Redacted]) -> Iterator[bool]:
    """Yield of each text in which something was found whether, as it now stands, it reads as it was read when nothing more was."""
    reading = read([one.text for one in redacted], placeholders())
    return (one.rest == words for one, (_, words) in zip(redacted, reading.each(np.arange(len(redacted))), strict=True))


def redact(text: str) -> Redacted:
    """Return `text` with each piece of personal data replaced by its kind's placeholder, and the spans replaced."""
    return _replaced(text, *_find([text])[0])


def redact_many(texts: Iterable[str]) -> list[Redacted]:
    """Return `redact` of each text, in order; many at once cost much less than one by one."""
    texts = list(texts)
    with uncollected():
        return [_replaced(text, *found) for text, found in zip(texts, _found(texts), strict=True)]


def _replaced(text: str, spans: list[Span], rest: str) -> Redacted:
    if not spans:
        return Redacted(text, spans)
    pieces, done = [], 0
    for span in spans:
        pieces += [text[done:span.start], _placeholders()[span.kind]]
        done = span.end
    return Redacted("".join(pieces) + text[done:], spans, rest)
