"""What is kept between runs is what would be worked out anew, and nothing is lost where it cannot be kept."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from kamen_analysis import kept
from kamen_analysis.redact.rules import patterns

TEXT = "演示数据：我叫王小明，电话 13800138000，微信号 abc_12345，住在北京市海淀区中关村大街1号，卡密 ABCD-1234-EFGH-5678。"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> kept.Shelf:
    """An empty shelf in a cache folder of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return kept.Shelf("test", "kept.py")


def _again(shelf: kept.Shelf) -> kept.Shelf:
    shelf.save()
    return kept.Shelf("test", "kept.py")


def test_kept_bytes_come_back(shelf: kept.Shelf) -> None:
    """A later run gets what an earlier one made, newlines and all, without making it."""
    made = {key: shelf.get(key, lambda key=key: f"{key}\n\n甲".encode()) for key in ("a", "b")}
    later = _again(shelf)
    assert {key: later.get(key, bytes) for key in made} == made and later.get("c", lambda: b"new") == b"new"


@pytest.mark.parametrize("damage", [lambda raw: raw[:-3], lambda raw: raw.replace(b"value", b"VALUE"), bytes.upper, lambda raw: b"\n\n"])
def test_a_damaged_file_is_not_believed(shelf: kept.Shelf, damage: object) -> None:
    """A file cut short or changed is worked out anew."""
    shelf.get("key", lambda: b"value")
    later = _again(shelf)
    later.path.write_bytes(damage(later.path.read_bytes()))  # type: ignore[operator]
    assert later.get("key", lambda: b"again") == b"again"


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the cache folder cannot be made, everything still works."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    shelf = kept.Shelf("test", "kept.py")
    assert shelf.get("key", lambda: b"value") == b"value"
    shelf.save()


def test_files_of_other_versions_leave(shelf: kept.Shelf) -> None:
    """Of what other versions of the package kept under the same name, saving leaves the newest."""
    shelf.get("key", lambda: b"value")
    shelf.path.parent.mkdir(parents=True)
    others = [shelf.path.with_name(f"test-{n:016}") for n in range(kept.VERSIONS + 1)]
    for n, other in enumerate(others):
        other.write_bytes(b"old")
        os.utime(other, (n, n))
    shelf.save()
    assert shelf.path.exists() and [other.exists() for other in others] == [False, False, *[True] * (kept.VERSIONS - 1)]


def test_kept_patterns_match_as_compiled_ones() -> None:
    """Every pattern of redaction, rebuilt from what is kept, is the pattern `re.compile` makes: the same finds, groups and flags."""
    cued, free = patterns()
    written = {pattern.written for some in (free, *cued.values()) for pattern in some}
    for one in sorted(written):
        ours, theirs = kept.pattern(one), re.compile(one)
        assert (ours.flags, ours.groups, ours.groupindex) == (theirs.flags, theirs.groups, theirs.groupindex)
        assert [m.regs for m in ours.finditer(TEXT)] == [m.regs for m in theirs.finditer(TEXT)]
    assert len(written) > 50


def test_an_untried_python_compiles_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a Python nobody has tried, a pattern is compiled by `re` alone and nothing kept is asked."""
    monkeypatch.setattr(kept, "UNTRIED", (3, 0))
    monkeypatch.setattr(kept.Shelf, "get", lambda *_: pytest.fail("what is kept was asked"))
    assert kept.pattern(r"(?P<digits>\d+)元") == re.compile(r"(?P<digits>\d+)元")
