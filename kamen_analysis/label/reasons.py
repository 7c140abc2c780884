"""Find the refusal reasons of a batch of posts: cue templates, each weighed by who says it and whether it is asserted."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import opencc

from kamen_analysis.codebook import load
from kamen_analysis.kernels import compiled
from kamen_analysis.label import text
from kamen_analysis.label.context import Reading
from kamen_analysis.label.cues import Line, Matcher
from kamen_analysis.label.findings import Findings, rules, weigh
from kamen_analysis.label.plan import Plan
from kamen_analysis.label.senses import Rows
from kamen_analysis.label.shelf import SHELF
from kamen_analysis.label.text import Bools, Floats, Indexes, Ints, Texts
from kamen_analysis.label.trie import Trie
from kamen_analysis.label.words import Hits, Vocabulary


@dataclass(frozen=True, eq=False)
class Heard:
    """A batch of posts analysed: its texts without evasive spellings, the words in it, who speaks where, and the cues found."""

    texts: Texts
    hits: Hits
    reading: Reading
    findings: Findings


@functools.cache
def matcher() -> Matcher:
    """Return the matcher over every template of the codebook, built once."""
    return SHELF.packed(f"matcher {opencc.__version__}", lambda: Matcher(load().words, _lines()), Matcher, Vocabulary, Trie, Rows, Plan)


@functools.cache
def _evasive() -> Trie:
    return Trie(list(load().spelling))


def _lines() -> Iterator[Line]:
    book = load()
    for i, device in enumerate(book.devices):
        yield from (Line(("device", i), words, device.within) for words in device.any)
        yield from (Line(("until", i), words, "clause") for words in device.until)
    yield from (Line(("refusal",), "{refusal}"), Line(("self",), "{self}"), Line(("object",), "{toward} ..0 {self}"))
    for code, rule in book.reasons.items():
        for i, cue in enumerate(rule.cues):
            yield from (Line(("cue", code, i), words, cue.within) for words in cue.any)
            yield from (Line((code, "unless", i), words, cue.within, only_asked=True) for words in cue.unless)
        for i, exclusion in enumerate(rule.exclusions):
            yield from (Line((code, "exclusion", i), words) for words in exclusion.any)


def hear(titles: Sequence[str], bodies: Sequence[str]) -> Heard:
    """Return posts (at least one) analysed, with every cue found in them."""
    return hear_folded(text.fold(titles, bodies))


def hear_folded(texts: Texts) -> Heard:
    """Return folded posts analysed, with every cue found in them."""
    evasive = np.unique(texts.post(texts.at[_evasive().walk(texts).at]))
    texts = texts.respelt(load().spelling, evasive.tolist())
    hits = matcher().words(texts)
    found = matcher().scan(hits)
    reading = Reading(texts, load().devices, found)
    return Heard(texts, hits, reading, weigh(matcher(), hits, found, reading))


def decide(heard: Heard) -> Indexes:
    """Return the index of the best finding that stands for each post and code, ordered by these.

    The best has the highest score; among equals one in the body goes before one in the title, then the longest, then the earliest.
    """
    found = heard.findings
    at, best = np.flatnonzero(found.stands), np.full((len(heard.texts), len(load().reasons)), -1)
    post, start, end = (column[at] for column in (found.post, found.start, found.end))
    score = np.array([rule.cue.score for rule in rules()])[found.rule[at]]
    _keep_best(post, found.code[at], score, start <= heard.texts.cut[post], start, end, best)
    kept: Indexes = at[best[best >= 0]]
    return kept


@compiled
def _keep_best(post: Ints, code: Ints, score: Floats, titled: Bools, start: Ints, end: Ints, best: Indexes) -> None:
    for i in range(len(post)):
        k = best[post[i], code[i]]
        if k < 0 or (-score[i], titled[i], start[i] - end[i], start[i]) < (-score[k], titled[k], start[k] - end[k], start[k]):
            best[post[i], code[i]] = i
