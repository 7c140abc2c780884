"""Memory that is given back."""

from __future__ import annotations

import ctypes
import gc
import subprocess
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


_FAULTS = """
import resource
from kamen_analysis import heap
{}
for _ in range(50):
    [bytearray(8 << 20) for _ in range(4)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="an option of glibc")
def test_a_process_may_keep_what_it_frees():
    """What is freed and asked for again is taken from the system once, not each time; pages are counted as the system hands them out."""
    asked, kept = (int(subprocess.run([sys.executable, "-c", _FAULTS.format(first)], capture_output=True, check=True).stdout)
                   for first in ("", "heap.keep()"))
    assert kept < asked / 3


def test_the_collector_is_as_it_was_afterwards():
    """The garbage collector rests inside and goes on afterwards, also after an error."""
    with pytest.raises(KeyError), uncollected():
        assert not gc.isenabled()
        raise KeyError
    assert gc.isenabled()
