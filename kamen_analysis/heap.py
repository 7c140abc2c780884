"""Memory while many small objects are made at once, and after they are gone."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

_KEEP = ((-1, 1 << 30), (-2, 64 << 20), (-3, 32 << 20))  # malloc.h: M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD (32 MB at most)
_LARGE = 31 << 20  # Bytes, not yet the 32 MB from which on the C library never keeps a piece.


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
    """Have the C library keep what is freed for what comes next: asking the system anew each time takes a twentieth of a build.

    It stays so until the process ends.
    """
    tune = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if tune is not None:
        for option, size in _KEEP:
            tune(option, size)


@contextmanager
def keeping() -> Iterator[None]:
    """Keep what is freed (see `keep`) meanwhile, and give it back at the end, however it ends."""
    keep()
    try:
        yield
    finally:
        give_back()


def keep_some() -> None:
    """Have the C library keep up to 62 MB of what is freed, as it does by itself after a piece of half as much: nothing is set."""
    np.empty(_LARGE, np.uint8)


def give_back() -> None:
    """Give back to the system what was freed: the C library keeps it otherwise, hundreds of MB after a million rows."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
