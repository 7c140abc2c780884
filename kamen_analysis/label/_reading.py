"""Find the cues of the gate, the product and the outcome in a batch, all in one walk."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from kamen_analysis.codebook import coding
from kamen_analysis.label._hits import Hits
from kamen_analysis.label._lexicon import Lexicon, kept
from kamen_analysis.label.text import Texts


def groups() -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Yield every group the three coders look for: its name, its cues, and the longer words inside which one does not count."""
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
    """Return the three coders' cues in one trie."""
    return kept("coders", _lexicon)


def _lexicon() -> Lexicon:
    every = list(groups())
    return Lexicon({name: cues for name, cues, _ in every} | {f"{name}!": unless for name, _, unless in every if unless})


def read(texts: Texts) -> Hits:
    """Return the hits of the three coders' cues in a batch."""
    return lexicon().find_all(texts)
