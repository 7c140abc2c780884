"""Loops over plain arrays, compiled to machine code (numba) that is kept between runs beside what else the project keeps.

Whether what is kept still holds is told by the kernel's file alone: nothing of another file may be built into a kernel.
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
_UNREADABLE = (OSError, EOFError, AttributeError, ImportError, pickle.UnpicklingError)  # Names may be gone that another version kept.


@functools.cache
def _without_blas() -> None:
    # numba looks, as it loads its functions over arrays, whether scipy has BLAS, and so loads all of scipy.linalg: half of what starting
    # costs, for no kernel that multiplies matrices.
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
        """Return what is kept for a signature, None if there is nothing."""
        _without_blas()
        rtsys.initialize(target_context)  # What is kept needs no more; numba's own method loads all that compiling needs.
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
    """Return a function that is compiled when first called; where no folder can be written, in each run anew."""
    return _kept(function, numba.njit(function))


def lean(function: Kernel) -> Kernel:
    """As `compiled`, for a function that makes no arrays: it does not count who holds them, which costs as much as a short loop."""
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
    """Return a part of a kernel of the same file, built into it where it is called: that costs no call, however many arrays it is given."""
    return cast(Kernel, numba.njit(inline="always")(function))
