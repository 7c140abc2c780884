"""Each kind of personal data is what its own examples say."""

from __future__ import annotations

import re

import pytest

from kamen_analysis.redact import find, redact
from kamen_analysis.redact.kinds import Rule
from kamen_analysis.redact.rules import Kind, book

_MARK = re.compile("⟦(.*?)⟧", re.S)
_FOUND = [(kind, example) for kind in book().kinds for example in kind.examples.found]
_KEPT = [example for kind in book().kinds for example in kind.examples.kept]


@pytest.mark.parametrize(("kind", "example"), _FOUND, ids=lambda value: getattr(value, "kind", None))
def test_marked_examples_are_found_whole_and_alone(kind: Kind, example: str) -> None:
    """Each marked piece of an example is covered, by the kind's own placeholder, and nothing else is found."""
    text = _MARK.sub(r"\1", example)
    found = find(text)
    covered = {i for span in found for i in range(span.start, span.end)}
    marks = list(_MARK.finditer(example))
    for n, mark in enumerate(marks):
        start = mark.start() - 2 * n
        assert set(range(start, start + len(mark[1]))) <= covered
    assert len(found) == len(marks)
    assert kind.placeholder in redact(text).text


@pytest.mark.parametrize("example", _KEPT)
def test_lookalike_examples_stay(example: str) -> None:
    """A look-alike stays as it is."""
    assert redact(example).text == example


def test_every_kind_of_the_contract_is_there() -> None:
    """The twelve agreed kinds and the further ones all exist, each with its own placeholder."""
    kinds = {kind.kind for kind in book().kinds}
    agreed = {"PHONE", "IDCARD", "BANKCARD", "QQ", "WECHAT", "ALIPAY", "EMAIL", "NAME", "ADDRESS", "ORDER", "CARDKEY", "PAYURL"}
    assert kinds >= agreed | {"PLATE", "PASSPORT", "PERMIT", "IP", "ACCOUNT"}
    assert len({kind.placeholder for kind in book().kinds}) == len(kinds)


def test_behind_cues_only_a_run_of_digits_may_be_asked_for() -> None:
    """A rule with cues that names another mark is refused by name, since the gate behind cues would not look for it."""
    with pytest.raises(ValueError, match="只能是 <RUN>"):
        Rule.model_validate({"name": "x", "pattern": "<PLAIN>", "cues": ["电话"], "near": "<ROOM>"})
    assert Rule.model_validate({"name": "x", "pattern": "<PLAIN>", "cues": ["电话"], "near": "<RUN>"}).near == "<RUN>"
