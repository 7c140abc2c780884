"""The codebook's files: validated, complete, and refused with one clear line where they are not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kamen_analysis.codebook import load
from kamen_analysis.codebook.loader import FOLDER, read_yaml
from kamen_analysis.codebook.models import Family
from kamen_analysis.codebook.template import parse
from kamen_analysis.errors import KamenError
from kamen_analysis.label.cues import Line, Matcher

CODES = {
    "already_activated", "stalling", "private_transfer", "virtual_goods", "no_refund_terms", "burden_shift", "vague_rules",
    "time_barred", "unreachable", "buck_passing", "account_sanction", "partial_refund", "deny_fault",
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the codebook's folder that a test may spoil."""
    folder = tmp_path / "codebook"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return folder


def spoil(path: Path, old: str, new: str) -> None:
    """Replace the first `old` in the file at `path`."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_all_codes() -> None:
    """The codebook holds exactly the thirteen reasons of the coding manual."""
    assert set(load().reasons) == CODES


def test_enough_examples() -> None:
    """Every reason carries at least 25 sentences that are it, 25 that only look like it, and none that is both."""
    for rule in load().reasons.values():
        assert len(set(rule.examples.is_)) >= 25
        assert len(set(rule.examples.is_not)) >= 25
        assert not set(rule.examples.is_) & set(rule.examples.is_not)


@pytest.mark.parametrize(("name", "word"), [("roles.yaml", "商家"), ("context.yaml", "告诉我"), ("reasons/stalling/wait.yaml", "让我")])
def test_digest_follows_content(copy: Path, name: str, word: str) -> None:
    """A changed word changes the codebook's digest, an unchanged copy has the same one."""
    same = load(copy).digest
    assert same == load().digest
    spoil(copy / name, word, "商傢")
    load.cache_clear()
    assert load(copy).digest != same


def test_unknown_key_is_refused(copy: Path) -> None:
    """A key the model does not know stops the loading and names the file."""
    spoil(copy / "reasons" / "stalling.yaml", "status:", "colour: red\nstatus:")
    with pytest.raises(KamenError, match=r"stalling\.yaml"):
        load(copy)


def test_broken_yaml_is_one_line(copy: Path) -> None:
    """A file that is no YAML gives one line that names it."""
    (copy / "context.yaml").write_text("devices: [", encoding="utf-8")
    with pytest.raises(KamenError, match=r"context\.yaml") as error:
        load(copy)
    assert "\n" not in str(error.value)


def test_code_is_the_stem(copy: Path) -> None:
    """A reason's file bears its code as name."""
    (copy / "reasons" / "stalling.yaml").rename(copy / "reasons" / "delay.yaml")
    with pytest.raises(KamenError, match="delay"):
        load(copy)


def test_a_tie_is_refused(copy: Path) -> None:
    """The same template under two codes is refused: nobody could say which one it means."""
    for name in ("stalling/wait", "unreachable/no_trace"):
        spoil(copy / "reasons" / f"{name}.yaml", "cues:\n", 'cues:\n  - {id: tie, any: ["天涯 ..3 海角"]}\n')
    with pytest.raises(KamenError, match="天涯"):
        load(copy)


def test_a_class_named_twice_is_refused(copy: Path) -> None:
    """A word class may be named in one place only."""
    spoil(copy / "reasons" / "stalling.yaml", "words:\n", "words:\n  say: [说]\n")
    with pytest.raises(KamenError, match="say"):
        load(copy)


@pytest.mark.parametrize(("old", "text", "fault"), [
    ("cues:", "colour: red\ncues:", "colour"),
    ("words:", "words:\n  say: [说]", "say"),
    ("words:", "words:\nwords:", "第 2 行.*words"),
    ("examples:", "examples:\n  is: [好]", r"第 \d+ 行.*is"),
])
def test_a_faulty_family_is_named(copy: Path, old: str, text: str, fault: str) -> None:
    """A family's file with an unknown key, a class that is defined elsewhere or a key written twice is refused with its folder and name."""
    spoil(copy / "reasons" / "stalling" / "again.yaml", f"{old}\n", f"{text}\n")
    with pytest.raises(KamenError, match=rf"stalling/again\.yaml.*{fault}"):
        load(copy)


def test_families_are_those_of_the_folder(copy: Path) -> None:
    """A file in a reason's folder that its `families` do not name is refused, and so is a name without a file."""
    again = copy / "reasons" / "stalling" / "again.yaml"
    again.rename(again.with_name("anew.yaml"))
    with pytest.raises(KamenError, match=r"不存在：stalling/again\.yaml"):
        load(copy)
    shutil.copy(again.with_name("anew.yaml"), again)
    with pytest.raises(KamenError, match=r"families.*stalling/anew\.yaml"):
        load(copy)


def test_a_cue_named_twice_is_refused(copy: Path) -> None:
    """Two cues of one reason do not share a name, be they in different files."""
    spoil(copy / "reasons" / "stalling" / "again.yaml", "cues:\n", 'cues:\n  - {id: no_reply, any: ["天涯 ..3 海角"]}\n')
    with pytest.raises(KamenError, match="no_reply"):
        load(copy)


def test_a_family_is_short_and_has_its_own_examples() -> None:
    """No file of a reason is longer than a person reads; a family has at least three sentences that are it, and three look-alikes."""
    for path in FOLDER.glob("reasons/*/*.yaml"):
        examples = read_yaml(path, Family).examples
        assert min(len(examples.is_), len(examples.is_not)) >= 3, path
    assert all(len(path.read_text(encoding="utf-8").splitlines()) <= 200 for path in FOLDER.glob("reasons/**/*.yaml"))


def test_spelling_keeps_length(copy: Path) -> None:
    """An evasive spelling maps to a plain one of the same length, or offsets would move."""
    spoil(copy / "roles.yaml", "spelling:\n", "spelling:\n  威: 微信\n")
    with pytest.raises(KamenError, match="长度"):
        load(copy)


def test_unknown_class_is_refused() -> None:
    """A template that names a class nobody defined raises when the matcher is built."""
    with pytest.raises(KamenError, match="nobody"):
        Matcher(load().words, [Line(("cue",), "{nobody} 说")])


@pytest.mark.parametrize("line", ["甲||乙", "甲?", "|甲"])
def test_empty_templates_are_refused(line: str) -> None:
    """A template that could match nothing is refused."""
    with pytest.raises(KamenError):
        parse(line)


def test_optional_parts_unfold() -> None:
    """A part marked with a question mark may be there or not."""
    assert sorted(len(parts) for parts in parse("说 ..2 了? ..9 不退")) == [2, 3]
