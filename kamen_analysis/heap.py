"""Memory while many small objects are made at once, and after they are gone."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_KEEP = ((-1, 1 << 30), (-2, 64 << 20), (-3, 32 << 20))  # malloc.h: M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD (32 MB at most)


@contextmanager
def uncollected() -> Iterator[None]:
    """Spare the garbage collector rows, spans and labels: they hold no cycles, and it would look through them again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def keep() -> None:
    """Keep what is freed for what comes next: to be given it anew by the system takes a tenth of a build. For a process of one task."""
    tune = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    for option, size in _KEEP if tune is not None else ():
        tune(option, size)


def give_back() -> None:
    """Give back to the system what was freed: the C library keeps it otherwise, hundreds of MB after a million rows."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
