"""The text of a post with the places of its tactics and planted personal data, and the same text redacted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from kamen_analysis.world.spec import read

Span = tuple[str, int, int]
_PLACEHOLDERS: dict[str, str] = read("people.yaml")["placeholders"]


class Planted(NamedTuple):
    """One piece of personal data in a post; `start`, `end`: character offsets in `field`."""

    field: str
    start: int
    end: int
    kind: str
    value: str


@dataclass(frozen=True)
class Written:
    """The text of a post; `spans`: where each tactic is told, by code; `personal`: the personal data planted."""

    title: str
    body: str
    spans: dict[str, Span]
    personal: tuple[Planted, ...]


def redacted(source: Written) -> Written:
    """Return the text with every planted value replaced by its placeholder, and the spans of the tactics shifted accordingly."""
    texts, spans = {"title": source.title, "body": source.body}, dict(source.spans)
    for planted in sorted(source.personal, key=lambda p: -p.start):
        text, name = texts[planted.field], _PLACEHOLDERS[planted.kind]
        texts[planted.field] = text[: planted.start] + name + text[planted.end :]
        shift = len(name) - (planted.end - planted.start)
        after = {code for code, (field, start, _) in spans.items() if field == planted.field and start >= planted.end}
        spans = {code: (f, s + shift, e + shift) if code in after else (f, s, e) for code, (f, s, e) in spans.items()}
    return Written(texts["title"], texts["body"], spans, ())
