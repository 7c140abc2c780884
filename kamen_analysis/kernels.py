"""Compile loops over plain arrays to machine code (numba), kept between runs in the project's cache folder.

What is built into a kernel can come from other files too, such as the order of a tuple's fields. So the code is kept in a folder named by a
digest of all sources that kernels use: another version of the package has a folder of its own. Each file begins with a digest of its
content, since what is damaged could end the process: it is not even unpickled.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.runtime.nrt import rtsys

from kamen_analysis import kept

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
SOURCES = kept.Shelf("kernels", "kernels.py", "dedupe/*.py", "label/*.py", "redact/*.py")  # Never saved: it gives the folder its name.
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


class _Files(IndexDataCacheFile):
    """The files of a kernel: an index and, by signature, machine code, each behind a digest of it; UnpicklingError if that is wrong."""

    def _digest(self, data: bytes) -> bytes:
        return hashlib.sha256(self._version.encode() + data).digest()  # With numba's version: another's are not read either.

    def _dump(self, obj: object) -> bytes:
        data: bytes = super()._dump(obj)  # type: ignore[no-untyped-call]
        return self._digest(data) + data

    def _load_data(self, name: str) -> Any:
        whole = Path(self._data_path(name)).read_bytes()  # type: ignore[no-untyped-call]
        if whole[:32] != self._digest(whole[32:]):
            raise pickle.UnpicklingError(name)
        return pickle.loads(whole[32:])

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._save_data(self._index_name, (self._source_stamp, overloads))  # type: ignore[no-untyped-call]

    def _load_index(self) -> dict[Any, str]:
        try:
            stamp, overloads = self._load_data(self._index_name)
        except FileNotFoundError:
            return {}
        return overloads if stamp == self._source_stamp else {}


class _Cache(FunctionCache):
    """Machine code on disk: what cannot be read is compiled anew, and what cannot be written is not kept."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        # The sources count here, too: where the cache folder cannot be written, numba picks another.
        stamp = SOURCES.path.name, self._impl.locator.get_source_stamp()
        self._cache_file = _Files(self._cache_path, self._impl.filename_base, stamp)  # type: ignore[no-untyped-call]

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
        kernel._cache = _Cache(function)
    config.CACHE_DIR = own
    return cast(Kernel, kernel)


def inlined(function: Kernel) -> Kernel:
    """Return a function that is built into the kernels of the same file where they call it: a call with many arrays would be slow."""
    return cast(Kernel, numba.njit(inline="always")(function))
