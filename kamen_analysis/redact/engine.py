"""Find and replace personal data: texts are read many at once, what is found is hidden, and what is left read again."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from kamen_analysis.heap import uncollected
from kamen_analysis.redact.again import least
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
    """A text with placeholders, where in the text as given they came from, and as what it was read when nothing more was found.

    values: what was found, as it was read, where it is long enough to be known by itself.
    """

    text: str
    spans: list[Span]
    rest: str = ""
    values: Sequence[str] = ()


Seen = tuple[list[Span], str, list[str]]  # what is found in a text, as what it was read at last, the values
Given = TypeVar("Given")
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
    return (spans for spans, *_ in _found(texts))


def _found(texts: Iterable[str]) -> Iterator[Seen]:
    for batch in _batches(texts, len):
        with uncollected():
            found = _find(batch)
        yield from found


def _batches(given: Iterable[Given], length_of: Callable[[Given], int]) -> Iterator[list[Given]]:
    batch, length = list[Given](), 0
    for one in given:
        batch.append(one)
        length += length_of(one)
        if length >= _AT_ONCE:
            yield batch
            batch, length = [], 0
    if batch:
        yield batch


def _find(texts: list[str], rows: npt.NDArray[np.int64] | None = None) -> list[Seen]:
    """Return for each text what is found, as what it was read at last if anything is (nothing if it was hidden whole), and the values.

    `rows`: the row of each text, ascending; without it, each is a row of its own.
    """
    engine, spans, rest, values = _engine(), [list[Span]() for _ in texts], [""] * len(texts), [list[str]() for _ in texts]
    reading, rows = read(texts, placeholders()), np.arange(len(texts)) if rows is None else rows
    for again in range(_PASSES):
        found = engine.search(reading, rows)
        where = np.array([(start, end) for start, end, *_ in found], np.int64).reshape(-1, 2)
        of = rows[reading.numbers]
        more = np.flatnonzero(np.isin(of, of[reading.of(where[:, 0])]))
        for number, left in reading.each(np.delete(np.arange(len(reading.numbers)), more)) if again else ():
            rest[number] = left
        if not found:
            break
        for number, start, end, one in zip(*map(np.ndarray.tolist, reading.given(where)), found, strict=True):
            first, last, _, kind = one
            spans[number].append(Span(start, end, kind))
            if last - first >= least(kind):
                values[number].append(reading.words[first:last])
        reading = reading.without(where, more)
    else:
        for number in filter(spans.__getitem__, reading.numbers.tolist()):
            spans[number] = [Span(0, len(texts[number]), "NUMBER")]
    return [(sorted(each, key=_START), left, said) for each, left, said in zip(spans, rest, values, strict=True)]


def words(texts: Sequence[str]) -> Iterator[str]:
    """Yield each text as the patterns read it."""
    return (each for _, each in read(texts, placeholders()).each(np.arange(len(texts))))


def settled(redacted: Sequence[Redacted]) -> Iterator[bool]:
    """Yield of each text in which something was found whether, as it now stands, it reads as it was read when nothing more was."""
    return (one.rest == now for one, now in zip(redacted, words([one.text for one in redacted]), strict=True))


def redact(text: str) -> Redacted:
    """Return `text` with each piece of personal data replaced by its kind's placeholder, and the spans replaced."""
    return _replaced(text, *_find([text])[0])


def redact_many(texts: Iterable[str]) -> list[Redacted]:
    """Return `redact` of each text, in order; many at once cost much less than one by one."""
    texts = list(texts)
    with uncollected():
        return [_replaced(text, *found) for text, found in zip(texts, _found(texts), strict=True)]


def redact_rows(rows: Iterable[Sequence[str]]) -> list[list[Redacted]]:
    """Return `redact` of each text of each row, in order; what is found in one text of a row is hidden in the others, too."""
    done = list[list[Redacted]]()
    with uncollected():
        for batch in _batches(rows, lambda row: sum(map(len, row))):
            texts = list(itertools.chain.from_iterable(batch))
            found = _find(texts, np.repeat(np.arange(len(batch)), list(map(len, batch))))
            each = (_replaced(text, *one) for text, one in zip(texts, found, strict=True))
            done += [list(itertools.islice(each, len(row))) for row in batch]
    return done


def _replaced(text: str, spans: list[Span], rest: str, values: list[str]) -> Redacted:
    return Redacted(replaced(text, spans), spans, rest, values) if spans else Redacted(text, spans)


def replaced(text: str, spans: Sequence[Span]) -> str:
    """Return `text` with a placeholder for each span (sorted, without overlaps)."""
    pieces, done = [], 0
    for span in spans:
        pieces += [text[done:span.start], _placeholders()[span.kind]]
        done = span.end
    return "".join(pieces) + text[done:]
