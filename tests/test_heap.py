"""Memory that is given back."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import pytest

from kamen_analysis.heap import give_back, uncollected


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1])


@pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")
def test_what_was_freed_is_given_back():
    """Many small objects, freed below one that stays, no longer count as this process's memory."""
    before = _resident()
    many = [bytes(900) for _ in range(200_000)]
    stays = bytes(900)
    grown = _resident() - before
    many.clear()
    give_back()
    assert len(stays) == 900
    assert _resident() - before < grown / 4


def test_the_collector_is_as_it_was_afterwards():
    """The garbage collector rests inside and goes on afterwards, also after an error."""
    with pytest.raises(KeyError), uncollected():
        assert not gc.isenabled()
        raise KeyError
    assert gc.isenabled()
