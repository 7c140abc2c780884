"""Tune garbage collector and C allocator for work that makes many small objects at once, and return the memory afterwards."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

_KEEP = ((-1, 1 << 30), (-2, 64 << 20), (-3, 32 << 20))  # malloc.h: M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD (32 MB at most)
_LARGE = 31 << 20  # bytes; from 32 MB on the C library always returns a freed block to the system


@contextmanager
def uncollected() -> Iterator[None]:
    """Switch the garbage collector off in the block: rows, spans and labels hold no cycles, and it would search them again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def keep() -> None:
    """Have the C library keep freed memory for the next allocation, until the process ends.

    Asking the system for it each time takes about a twentieth of a build.
    """
    tune = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if tune is not None:
        for option, size in _KEEP:
            tune(option, size)


@contextmanager
def keeping() -> Iterator[None]:
    """Keep freed memory (see `keep`) in the block, and give it back when the block ends."""
    keep()
    try:
        yield
    finally:
        give_back()


def keep_some() -> None:
    """Have the C library keep up to 62 MB of freed memory, without changing its settings.

    Freeing a large block raises its own threshold to twice that block (glibc's dynamic mmap threshold).
    """
    np.empty(_LARGE, np.uint8)


def give_back() -> None:
    """Return freed memory to the system; the C library would keep it, hundreds of MB after a million rows."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
