"""Turn the codebook's coded texts into training data for the model of the reasons: stretches of text, their features and codes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from kamen_analysis import codebook
from kamen_analysis.codebook import corpus, frames
from kamen_analysis.label import reasons
from kamen_analysis.label.features import BUCKETS, features
from kamen_analysis.label.units import units

HELD = 0.6  # A stretch tells a reason if it holds this much of the quotation: one clause of a long quotation alone may mean anything.
Signs = npt.NDArray[np.int8]


class Text(NamedTuple):
    """One coded text. about: the codes it is an example for or against; quotes: the evidence (code, quotation).

    open: the codes the two readers differ on.
    """

    file: str
    title: str
    body: str
    codes: frozenset[str]
    about: frozenset[str]
    quotes: tuple[tuple[str, str], ...] = ()
    open: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Corpus:
    """Training data. A row is a stretch: a whole sentence, or one of a post's `units`; `matrix` (rows, BUCKETS): its features.

    `text` (rows): the number of its text; `gold` (rows, codes): 1 holds, 0 does not, -1 unknown. `file` (texts): the post's file, "" for
    sentences and examples.
    """

    texts: list[Text]
    heard: reasons.Heard
    matrix: sp.csr_matrix
    text: npt.NDArray[np.int64]
    gold: Signs
    file: npt.NDArray[np.str_]


def texts() -> Iterator[Text]:
    """Yield all coded texts; a post that is no complaint is an example against every reason."""
    book, second = codebook.load(), corpus.second_reading()
    every = frozenset(book.reasons)
    yield from (Text("", "", one.text, one.codes, every) for one in corpus.sentences())
    for code, rule in book.reasons.items():
        yield from (Text("", "", text, frozenset({code}), frozenset({code})) for text in rule.examples.is_)
        yield from (Text("", "", text, frozenset(), frozenset({code})) for text in rule.examples.is_not)
        yield from (Text("", "", text, frozenset({code} if carries else ()), frozenset({code})) for text, carries in frames.draw(code))
    for file, post in corpus.posts():
        quotes = tuple((r.code, r.quote) for r in post.reasons)
        yield Text(file, post.title, post.body, post.codes, every, quotes, post.codes ^ second.get(post.id, post.codes))


def numbers(rows: list[Text]) -> Corpus:
    """Return the texts as training data; features are counts, divided by the square root of their sum."""
    heard = reasons.hear([row.title for row in rows], [row.body for row in rows])
    posts = np.flatnonzero([bool(row.file) for row in rows])
    first, last = units(heard.texts, posts)
    start, end = heard.texts.clauses.starts[first], heard.texts.clauses.ends[last]
    single = np.setdiff1d(np.arange(len(rows)), posts)
    text = np.concatenate([single, heard.texts.post(start)])
    start, end = np.concatenate([heard.texts.start[single], start]), np.concatenate([heard.texts.end[single], end])
    gold = np.array([_gold(rows[i], heard, i, low, high) for i, low, high in zip(text, start, end, strict=True)], np.int8)
    return Corpus(rows, heard, _matrix(heard, start, end), text, gold, np.array([row.file for row in rows]))


def _gold(row: Text, heard: reasons.Heard, i: int, low: int, high: int) -> list[int]:
    # The row of `Corpus.gold` for the stretch [low, high) of the text i. A post may tell its reason in more places than the one quoted:
    # elsewhere in it the reason is unknown.
    if not row.file:
        return [(code in row.codes) if code in row.about else -1 for code in codebook.load().reasons]
    found = {code: -1 if code in row.codes else 0 for code in codebook.load().reasons}
    for code, quote in row.quotes:
        at = row.body.find(quote)
        begin = heard.texts.start[i] + (at + len(row.title) + 1 if at >= 0 else row.title.find(quote))
        held = max(0, min(high, begin + len(quote)) - max(low, begin)) / len(quote)
        found[code] = 1 if held >= HELD else found[code]
    return [-1 if code in row.open else sign for code, sign in found.items()]


def _matrix(heard: reasons.Heard, start: npt.NDArray[Any], end: npt.NDArray[Any]) -> sp.csr_matrix:
    # The features of stretches made of whole clauses: those of their clauses added up.
    clauses = heard.texts.clauses.starts
    parts = sum(features(heard, clauses))
    first, last = np.searchsorted(clauses, start), np.searchsorted(clauses, end)
    pointer = np.concatenate([[0], np.cumsum(last - first)])
    inside = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)])
    whole = (sp.csr_matrix((np.ones(len(inside)), inside, pointer), shape=(len(start), len(clauses))) @ parts)[:, :BUCKETS]
    return sp.csr_matrix(sp.diags_array(1 / np.sqrt(np.maximum(np.asarray(whole.sum(axis=1)).ravel(), 1))) @ whole)
