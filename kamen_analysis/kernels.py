"""Compile loops over plain arrays to machine code (numba), kept between runs in the project's cache folder.

What is built into a kernel can come from other files too, such as the order of a tuple's fields. So the code is kept in a folder named by a
digest of all sources that kernels use: another version of the package has a folder of its own.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core.caching import FunctionCache
from numba.core.runtime.nrt import rtsys

from kamen_analysis import kept

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
SOURCES = kept.Shelf("kernels", "kernels.py", "label/*.py", "redact/*.py")  # Never saved: it gives the folder its name.
_UNREADABLE = (OSError, EOFError, AttributeError, ImportError, pickle.UnpicklingError)  # Another version may have kept names that are gone.


@functools.cache
def _without_blas() -> None:
    # When numba loads its array functions it checks for scipy's BLAS and so imports all of scipy.linalg: half the start-up time, though
    # no kernel multiplies matrices.
    from numba.np import linalg

    look = linalg.ensure_blas
    try:
        linalg.ensure_blas = lambda: None
        importlib.import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = look


class _Cache(FunctionCache):
    """Machine code on disk: what cannot be read is compiled anew, and what cannot be written is not kept."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the code kept for a signature, None if there is none."""
        _without_blas()
        rtsys.initialize(target_context)  # All that running needs; numba's own method also loads what only compiling needs.
        try:
            return self._load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        except _UNREADABLE:
            with contextlib.suppress(OSError):
                self.flush()  # type: ignore[no-untyped-call]
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled for a signature."""
        try:
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]
            _tidy(_folder())
        except _UNREADABLE:
            return


def _folder() -> Path:
    config: Any = numba.config
    return Path(config.CACHE_DIR or kept.folder()) / SOURCES.path.name


def _tidy(folder: Path) -> None:
    # As Shelf.save does. A process that runs an older version loses no more than time: what is gone is compiled anew.
    os.utime(folder)
    for other in sorted(folder.parent.glob(f"{SOURCES.name}-*"), key=lambda path: path.stat().st_mtime)[:-kept.VERSIONS]:
        shutil.rmtree(other, ignore_errors=True)


def compiled(function: Kernel) -> Kernel:
    """Return the function compiled, which happens on its first call; each run compiles anew where no folder can be written."""
    return _kept(function, numba.njit(function))


def lean(function: Kernel) -> Kernel:
    """As `compiled`, but without reference counting, which costs as much as a short loop; for functions that make no arrays."""
    bare: Any = numba.njit
    return _kept(function, bare(_nrt=False)(function))


def _kept(function: Kernel, made: object) -> Kernel:
    config: Any = numba.config
    own, kernel = config.CACHE_DIR, cast(Any, made)
    with contextlib.suppress(RuntimeError):  # No home, or no folder that can be written.
        config.CACHE_DIR = str(_folder())
        kernel._cache = _Cache(function)  # type: ignore[no-untyped-call]
    config.CACHE_DIR = own
    return cast(Kernel, kernel)


def inlined(function: Kernel) -> Kernel:
    """Return a function that is built into the kernels of the same file where they call it: a call with many arrays would be slow."""
    return cast(Kernel, numba.njit(inline="always")(function))
