"""One reading of a post for the gate, the product and the outcome: folded once, all their cues found in one pass."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from kamen_analysis import zh
from kamen_analysis.codebook import coding
from twin._lexicon import Hits, Lexicon


@dataclass(frozen=True, eq=False)
class Reading:
    """A post as the coders read it: title, line break, body, folded; `cut` is where the body starts."""

    text: str
    cut: int
    hits: Hits


def _groups() -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    for name, evidence in coding.gate().groups.items():
        yield f"gate.{name}", evidence.cues, evidence.unless
    book = coding.products()
    for name, product in book.products.items():
        yield f"{name}.head", product.head, product.unless
        yield f"{name}.near", product.near, product.unless
    for name, words in (("virtual", book.virtual), ("not_virtual", book.not_virtual), ("generic", book.generic)):
        yield name, words.cues, words.unless
    for name, words in coding.outcomes().groups.items():
        yield f"outcome.{name}", words.cues, words.unless


@functools.cache
def lexicon() -> Lexicon:
    """Return the three coders' cues in one automaton."""
    groups = list(_groups())
    return Lexicon({name: cues for name, cues, _ in groups} | {f"{name}!": unless for name, _, unless in groups if unless})


@functools.lru_cache(maxsize=4)
def read(title: str, body: str) -> Reading:
    """Return the reading of a post; the last few are kept, since the three coders ask for the same one in turn."""
    text = zh.fold(f"{title or ''}\n{body or ''}")
    return Reading(text, len(title or "") + 1, lexicon().find(text))
