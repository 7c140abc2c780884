"""A written post: its text, where each tactic is told, what personal data was planted, and the same text without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from kamen_analysis.world.spec import read

Span = tuple[str, int, int]
_PLACEHOLDERS: dict[str, str] = read("people.yaml")["placeholders"]


class Planted(NamedTuple):
    """One piece of personal data as it stands in a post (character offsets into the field)."""

    field: str
    start: int
    end: int
    kind: str
    value: str


@dataclass(frozen=True)
class Written:
    """A post's text; `spans` says where each tactic is told, `personal` what was planted."""

    title: str
    body: str
    spans: dict[str, Span]
    personal: tuple[Planted, ...]


def redacted(source: Written) -> Written:
    """Return the text with every planted value replaced by its placeholder, and the spans of the tactics moved to fit."""
    texts, spans = {"title": source.title, "body": source.body}, dict(source.spans)
    for planted in sorted(source.personal, key=lambda p: -p.start):
        text, name = texts[planted.field], _PLACEHOLDERS[planted.kind]
        texts[planted.field] = text[: planted.start] + name + text[planted.end :]
        shift = len(name) - (planted.end - planted.start)
        after = {code for code, (field, start, _) in spans.items() if field == planted.field and start >= planted.end}
        spans = {code: (f, s + shift, e + shift) if code in after else (f, s, e) for code, (f, s, e) in spans.items()}
    return Written(texts["title"], texts["body"], spans, ())
