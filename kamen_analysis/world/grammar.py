"""Phrase families: templates with `{one|of|these}` and `<slot>`, rendered piece by piece with offsets kept.

An upper-case slot is a piece of personal data and is remembered with its place; any other slot is a word of the post's own.
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
    """A place to be filled from the post's own words."""

    name: str


Template = tuple["str | Slot | tuple[Template, ...]", ...]
Words = dict[str, Callable[[Random], str]]


def compiled(text: str) -> Template:
    """Return the template of a phrase; braces do not nest."""
    parts: list[Any] = []
    at = 0
    for found in _PART.finditer(text):
        parts.append(text[at : found.start()])
        parts.append(Slot(found[2]) if found[2] else tuple(compiled(option) for option in found[1].split("|")))
        at = found.end()
    return tuple(part for part in (*parts, text[at:]) if part != "")


@cache
def family(name: str) -> Any:
    """Return the YAML file `name` of this room with every string compiled."""
    return _deep(read(name))


def _deep(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _deep(value) for key, value in node.items()}
    return [_deep(value) for value in node] if isinstance(node, list) else compiled(str(node))


def choices(template: Template) -> int:
    """Return how many texts the template can become, its slots counted once."""
    total = 1
    for part in template:
        total *= sum(choices(option) for option in part) if isinstance(part, tuple) else 1
    return total


@dataclass
class Draft:
    """A text being written: its pieces, its length, and the marked stretches (start, end, kind, value)."""

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
        """Add a rendered template."""
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
        """Add one template of a pool."""
        self.tell(pool[int(self.random.random() * len(pool))])

    def text(self) -> str:
        """Return what is written so far."""
        return "".join(self.pieces)
