"""Frames of sentences that someone left unfinished are refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kamen_analysis.codebook import frames
from kamen_analysis.errors import KamenError


@pytest.mark.parametrize(("body", "fault"), [
    ("parts: {a: []}\nis: ['{a}不理']", "stalling.yaml 有误：parts.a"),
    ("is: [没人理, '']", "stalling.yaml 有误：is.1"),
    ("parts: {a: ['']}\nis: ['{a}']", "frames/stalling.yaml：有一句是空的"),
])
def test_empty_parts_and_lines_are_refused(tmp_path: Path, body: str, fault: str) -> None:
    """A part without lines, an empty frame and a sentence of which nothing is left are each refused with the file and the place."""
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "common.yaml").write_text("parts: {who: [客服]}", encoding="utf-8")
    (tmp_path / "frames" / "stalling.yaml").write_text(body, encoding="utf-8")
    with pytest.raises(KamenError, match=fault) as error:
        list(frames.draw("stalling", tmp_path))
    assert "\n" not in str(error.value)


def test_missing_common_parts_are_told(tmp_path: Path) -> None:
    """Without common.yaml the message says which file is missing and what belongs there."""
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "stalling.yaml").write_text("is: [没人理]", encoding="utf-8")
    with pytest.raises(KamenError, match="没有 common.yaml"):
        list(frames.draw("stalling", tmp_path))
