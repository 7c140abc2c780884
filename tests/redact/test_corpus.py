"""How much is found and how much of it rightly: invented posts of several writing habits, and every hard form of every number."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from redact_forms import CONTEXTS, FORMS, LATIN, value

from kamen_analysis.redact import find

_MARK = re.compile(r"⟦([A-Z]+):(.*?)⟧", re.S)
_CORPUS = Path(__file__).parent / "corpus"


def _posts() -> Iterator[str]:
    """Yield the marked posts, one a line; a line break within a mark, or written \\\\n, belongs to the post."""
    held = ""
    for path in sorted(_CORPUS.glob("*.txt")):
        for line in path.read_text("utf-8").splitlines():
            held = f"{held}\n{line}" if held else line
            if held.count("⟦") == held.count("⟧"):
                yield held.replace("\\n", "\n")
                held = ""


def _scored() -> tuple[float, float]:
    """Return recall (every visible character of a mark covered) and precision (finds that touch a mark)."""
    marks = whole = said = right = 0
    for post in _posts():
        text, truth, at = _MARK.sub(r"\2", post), set[int](), 0
        found = find(text)
        covered = {i for span in found for i in range(span.start, span.end)}
        for mark in _MARK.finditer(post):
            start = mark.start() - at
            at += len(mark[0]) - len(mark[2])
            inside = range(start, start + len(mark[2]))
            truth |= set(inside)
            marks += 1
            whole += all(i in covered or text[i].isspace() for i in inside)
        said += len(found)
        right += sum(not truth.isdisjoint(range(span.start, span.end)) for span in found)
    return whole / marks, right / said


def test_recall_and_precision_on_invented_posts_hold() -> None:
    """What was reached on the invented posts is not lost again: recall above 0.95, precision above 0.97."""
    recall, precision = _scored()
    assert recall > 0.95
    assert precision > 0.97


@pytest.mark.parametrize("form", FORMS)
def test_every_hard_form_of_every_number_is_covered(form: str) -> None:
    """In this form, each kind of number is covered whole in each of its sentences."""
    rng = random.Random(form)
    for kind, contexts in CONTEXTS.items():
        for context in contexts if kind != "CARDKEY" or form in LATIN else []:
            written = FORMS[form](value(kind, rng))
            text, start = context.format(written), context.index("{}")
            covered = {i for span in find(text) for i in range(span.start, span.end)}
            assert {i for i in range(start, start + len(written)) if text[i].isalnum()} <= covered, (kind, context)
