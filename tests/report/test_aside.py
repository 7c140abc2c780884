"""Processes beside the report's own: they end with the report, however it ends, and one that dies is told."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from pathlib import Path

import pytest

from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home
from kamen_analysis.report import figures, text
from kamen_analysis.report.aside import begin, ended
from kamen_analysis.report.build import report

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="no processes are forked elsewhere")


def _seven() -> int:
    time.sleep(1)
    return 7


def _fail(*_: object, **__: object) -> None:
    raise ZeroDivisionError


def _draw_for_ever(_: object, path: Path, *__: Path) -> None:
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        time.sleep(0.01)


def test_what_is_begun_ends_with_its_block() -> None:
    """After an error in the block no process begun in it runs on; one begun before the block does."""
    result = begin(_seven)
    others = multiprocessing.active_children()
    with pytest.raises(ZeroDivisionError), ended():
        begin(lambda: time.sleep(60))
        assert begin(lambda: 5)() == 5
        assert len(multiprocessing.active_children()) == len(others) + 1
        _fail()
    assert set(multiprocessing.active_children()) <= set(others) and result() == 7


def test_a_report_that_fails_leaves_nothing(small: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the text fails while figures are drawn, the drawing ends too and the unfinished folder is gone for good."""
    others = multiprocessing.active_children()
    monkeypatch.setattr(figures, "_save", _draw_for_ever)
    monkeypatch.setattr(text, "render", _fail)
    with pytest.raises(ZeroDivisionError):
        report(small, formats=("html",), out=tmp_path / "reports" / "all")
    assert set(multiprocessing.active_children()) <= set(others)
    assert not list(tmp_path.glob("reports/*"))


def test_a_process_that_dies_is_told() -> None:
    """The process that began it tells the exit code; another that waits for its result cannot know it and leaves it out."""
    with ended(), pytest.raises(KamenError, match="停了（退出码 9）"):
        begin(lambda: os._exit(9))()
    with ended(), pytest.raises(KamenError, match="停了，"):
        begin(begin(lambda: os._exit(9)))()
