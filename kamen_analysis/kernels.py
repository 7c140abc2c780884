"""Compile loops over plain arrays to machine code (numba), kept between runs in the project's cache folder.

The code kept is renewed when the kernel's own file has changed, and only then: nothing of another file may be built into a kernel.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import pickle
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.core.caching import FunctionCache
from numba.core.runtime.nrt import rtsys

from kamen_analysis import kept

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
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
        except _UNREADABLE:
            return


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
        config.CACHE_DIR = own or str(kept.folder())
        kernel._cache = _Cache(function)  # type: ignore[no-untyped-call]
    config.CACHE_DIR = own
    return cast(Kernel, kernel)


def inlined(function: Kernel) -> Kernel:
    """Return a function that is built into the kernels of the same file where they call it: a call with many arrays would be slow."""
    return cast(Kernel, numba.njit(inline="always")(function))
