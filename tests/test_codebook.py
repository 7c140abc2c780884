"""The codebook's files: validated, complete, and refused with one clear line where they are not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kamen_analysis.codebook import load
from kamen_analysis.codebook.loader import FOLDER
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


def test_digest_follows_content(copy: Path) -> None:
    """A changed word changes the codebook's digest, an unchanged copy has the same one."""
    same = load(copy).digest
    assert same == load().digest
    spoil(copy / "roles.yaml", "商家", "商傢")
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
    for code in ("stalling", "unreachable"):
        spoil(copy / "reasons" / f"{code}.yaml", "cues:\n", 'cues:\n  - {id: tie, any: ["天涯 ..3 海角"]}\n')
    with pytest.raises(KamenError, match="天涯"):
        load(copy)


def test_a_class_named_twice_is_refused(copy: Path) -> None:
    """A word class may be named in one place only."""
    spoil(copy / "reasons" / "stalling.yaml", "words:\n", "words:\n  say: [说]\n")
    with pytest.raises(KamenError, match="say"):
        load(copy)


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
