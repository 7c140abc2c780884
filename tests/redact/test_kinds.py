"""Each kind of personal data is what its own examples say."""

from __future__ import annotations

import re

import pytest

from kamen_analysis.errors import KamenError
from kamen_analysis.redact import find, kinds, redact, rules
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


def _fields(**more: object) -> list[object]:
    return rules._fields("QQ", 0, Rule.model_validate({"name": "mine", "pattern": r"\d{5}", "cues": ["号"], **more}))


@pytest.mark.parametrize("flagged", ["(?i:[A-Z]{3})", "(?s:.)x", "(?a:\\w)", "a(?:b|(?=(?-i:c)))", "(?i)x"])
def test_flags_in_a_pattern_are_refused(flagged: str) -> None:
    """A pattern with flags, at any depth, is refused by the rule's name, since the looks before it do not know of them."""
    with pytest.raises(KamenError, match="mine"):
        _fields(pattern=flagged)
    assert _fields(pattern=r"\(\?i[(?i]x")


@pytest.mark.parametrize("more", [{"needs": ["\U00020001"]}, {"first": "a\U00020000"}, {"gap": ".*?"},
                                  {"near": "<NO_SUCH>", "cues": (), "needs": ["a"]}, {"near": "<PLAIN>", "cues": (), "needs": ["a"]}])
def test_what_cannot_be_looked_for_is_refused(more: dict[str, object]) -> None:
    """Characters beyond the tables, a gap without bounds and a mark that is not looked for are refused by the rule's name."""
    with pytest.raises(KamenError, match="mine"):
        _fields(**more)


def test_rare_cues_and_rules_without_a_gate_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cue beyond the tables, and a rule with neither cues nor needs nor near, stop the reading of the rules with the rule's name."""
    raw = kinds.book().model_dump()
    rule = raw["kinds"][0]["rules"][0] | {"name": "mine", "cues": ["\U00020001"], "near": None}
    whole = raw | {"kinds": [raw["kinds"][0] | {"rules": [rule]}]}
    monkeypatch.setattr(rules, "book", lambda: kinds.Book.model_validate(whole))
    with pytest.raises(KamenError, match="mine"):
        rules._listed()
    rule.update(cues=(), needs=(), near=None)
    monkeypatch.setattr(kinds, "read", lambda name: whole)
    with pytest.raises(KamenError, match="mine"):
        kinds.book.__wrapped__()


def test_upper_case_first_is_folded() -> None:
    """A letter that `first` names in upper case stands for the small one that folded texts have."""
    assert "z" in str(_fields(first="Z")[-2])
