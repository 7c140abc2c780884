"""No pattern is slow: each reaches a bounded distance, so the work grows with the length of the text and no faster."""

from __future__ import annotations

import re
from collections.abc import Iterator
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from kamen_analysis.redact import find
from kamen_analysis.redact.engine import _PASSES, Span
from kamen_analysis.redact.rules import book, expand

_RULES = [(f"{kind.kind}.{rule.name}", rule.gap if rule.cues else "", rule.pattern) for kind in book().kinds for rule in kind.rules]
_KEEP = [(f"keep.{entry.name}", "", entry.pattern) for entry in book().keep]
_ALL = [(name, expand(gap) + expand(pattern)) for name, gap, pattern in (*_RULES, *_KEEP)]


def _repeats(tree: Any) -> Iterator[int]:
    """Yield the greatest count of every repeat in a parsed pattern, at any depth."""
    for op, argument in tree:
        if op in (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT):
            yield int(argument[1])
        parts = argument if isinstance(argument, (list, tuple)) else [argument]
        for part in parts:
            for sub in part if isinstance(part, list) else [part]:
                if isinstance(sub, _parser.SubPattern):
                    yield from _repeats(sub)


@pytest.mark.parametrize(("name", "pattern"), _ALL, ids=[name for name, _ in _ALL])
def test_no_pattern_repeats_without_bound(name: str, pattern: str) -> None:
    """Every repeat of every pattern ends by itself."""
    assert max(_repeats(_parser.parse(pattern)), default=0) < 1000, name


def test_the_bound_is_seen_where_it_lacks() -> None:
    """The check above does see an unbounded repeat, also within a lookahead, a group and an alternative."""
    for pattern in ("a*", "(?=a+)", "(?:b|(a+?))", "(?>a++)"):
        assert max(_repeats(_parser.parse(pattern))) >= 1000


def test_a_text_that_never_stops_showing_more_is_hidden_whole() -> None:
    """A chain in which each find lays the next one open ends after a fixed number of readings, with nothing left."""
    names = ["李小明", "张大伟", "陈佳", "郭芳芳", "杨帆", "吴桂英"]
    text = "13800138000 " + " ".join(names * _PASSES)
    spans = find(text)
    assert spans == [Span(0, len(text), "NUMBER")] or not re.search("|".join(names), _left(text, spans))


def _left(text: str, spans: list[Span]) -> str:
    kept, at = "", 0
    for span in spans:
        kept += text[at:span.start]
        at = span.end
    return kept + text[at:]
