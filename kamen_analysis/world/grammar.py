"""Phrase templates with `{one|of|these}` and `<slot>`, rendered piece by piece with the offsets of what matters.

An upper-case slot is filled with invented personal data, whose place is recorded; any other slot with a word of the post.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any

from kamen_analysis.world.spec import read

_PART = re.compile(r"\{([^{}]*)\}|<([A-Za-z_]+)>")


@dataclass(frozen=True)
class Slot:
    """A place in a template that is filled by a function of `Words`."""

    name: str


Template = tuple["str | Slot | tuple[Template, ...]", ...]
Words = dict[str, Callable[[Random], str]]


def compiled(text: str) -> Template:
    """Parse a phrase into a template; braces do not nest."""
    parts: list[Any] = []
    at = 0
    for match in _PART.finditer(text):
        parts.append(text[at : match.start()])
        parts.append(Slot(match[2]) if match[2] else tuple(compiled(option) for option in match[1].split("|")))
        at = match.end()
    return tuple(part for part in (*parts, text[at:]) if part != "")


@cache
def family(name: str) -> Any:
    """Return the YAML file `name` of this package with every string compiled into a template."""
    return _compile_all(read(name))


def _compile_all(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _compile_all(value) for key, value in node.items()}
    return [_compile_all(value) for value in node] if isinstance(node, list) else compiled(str(node))


def choices(template: Template) -> int:
    """Return how many different texts the template can give, its slots left aside."""
    total = 1
    for part in template:
        total *= sum(choices(option) for option in part) if isinstance(part, tuple) else 1
    return total


@dataclass
class Draft:
    """A text being written: its pieces, its length, and the personal data in it (`marks`: start, end, kind, value)."""

    random: Random
    words: Words
    pieces: list[str] = field(default_factory=list)
    length: int = 0
    marks: list[tuple[int, int, str, str]] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Add plain text."""
        self.pieces.append(text)
        self.length += len(text)

    def tell(self, template: Template) -> None:
        """Render a template at the end of the text."""
        for part in template:
            if isinstance(part, str):
                self.say(part)
            elif isinstance(part, tuple):
                self.tell(part[int(self.random.random() * len(part))])
            else:
                self._fill(part.name)

    def _fill(self, name: str) -> None:
        value, start = self.words[name](self.random), self.length
        self.say(value)
        if name.isupper():
            self.marks.append((start, self.length, name, value))

    def one(self, pool: list[Template]) -> None:
        """Render one template of a pool, chosen at random, at the end of the text."""
        self.tell(pool[int(self.random.random() * len(pool))])

    def text(self) -> str:
        """Return the text written so far."""
        return "".join(self.pieces)
