"""Ways personal data is told of, and the look-alikes of each way: invented sentences, one for a form of lead, separator or value."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kamen_analysis.redact import find, redact

_MARK = re.compile("⟦(.*?)⟧", re.S)
_LINES = [line.replace("\\n", "\n") for line in (Path(__file__).parent / "ways.txt").read_text("utf-8").splitlines()
          if line and not line.startswith("#")]


@pytest.mark.parametrize("line", [line for line in _LINES if "⟦" in line])
def test_each_way_of_saying_is_found_whole(line: str) -> None:
    """Every visible character of each marked value is covered, and nothing else is found."""
    text, truth, at = _MARK.sub(r"\1", line), set[int](), 0
    for mark in _MARK.finditer(line):
        truth |= set(range(mark.start() - at, mark.start() - at + len(mark[1])))
        at += 2
    spans = find(text)
    covered = {i for span in spans for i in range(span.start, span.end)}
    assert {i for i in truth if not text[i].isspace()} <= covered
    assert all(truth & set(range(span.start, span.end)) for span in spans)


@pytest.mark.parametrize("line", [line for line in _LINES if "⟦" not in line])
def test_lookalikes_of_the_ways_stay(line: str) -> None:
    """A sentence without personal data stays as it is."""
    assert redact(line).text == line
