"""The folders of a working copy, and atomic writing: a killed process or a full disk never leaves half a file or folder."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

_AT_ONCE = 16  # files flushed at a time: a disk flushes many in the time of one


@dataclass(frozen=True)
class Home:
    """A working copy's folders: captures, tables, reports."""

    root: Path

    @property
    def raw(self) -> Path:
        """Captures (WARC) and their sidecars, a folder for each source. Holds personal data; never committed."""
        return self.root / "data" / "raw"

    @property
    def processed(self) -> Path:
        """The tables the pipeline wrote, and their manifest."""
        return self.root / "data" / "processed"

    @property
    def reports(self) -> Path:
        """Generated reports, a folder for each period."""
        return self.root / "reports"


def home(root: str | Path | None = None) -> Home:
    """Return the home at `root`, else at $KAMEN_HOME, else at the nearest folder, from the current one upwards, that holds data/raw."""
    given = root or os.environ.get("KAMEN_HOME")
    if given:
        return Home(Path(given).resolve())
    here = Path.cwd()
    return Home(next((folder for folder in (here, *here.parents) if (folder / "data" / "raw").is_dir()), here))


def demo_home(parent: Home) -> Home:
    """Return where the demonstration keeps its captures and tables, apart from real data."""
    return Home(parent.root / "data" / "demo")


def sha256(path: Path) -> str:
    """Return the SHA-256 (hex) of a file; it is read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    """Flush a file, or the names in a folder, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def atomic_write(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Yield a temporary file beside `path`, and rename it to `path` when the block has ended and the file is on disk.

    On any error the temporary file is removed, and `path` stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, mode, encoding=None if "b" in mode else "utf-8", newline=None if "b" in mode else "") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
        _sync(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock a folder against other processes; the lock ends with the process, however that ends."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def settle(path: Path) -> None:
    """Restore the folder `path` if a kill between the two renames of `atomic_folder` left it as `.<name>.old`; call before reading it."""
    old = path.with_name(f".{path.name}.old")
    if path.exists() or not old.exists():
        return
    with _locked(path.parent):
        if old.exists() and not path.exists():
            old.rename(path)


def _sweep(path: Path) -> None:
    """Remove the unfinished folders that killed processes left beside `path`; one still being written is locked and stays."""
    for leftover in path.parent.glob(f".{path.name}.*"):
        if leftover.is_dir() and not leftover.name.endswith(".old"):
            handle = os.open(leftover, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(leftover, ignore_errors=True)
            except BlockingIOError:
                continue
            finally:
                os.close(handle)


def _swap(fresh: Path, path: Path) -> None:
    """Put the folder `fresh` in the place of `path`."""
    old = path.with_name(f".{path.name}.old")
    with _locked(path.parent):
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)
            path.rename(old)
        fresh.rename(path)
        _sync(path.parent)
        shutil.rmtree(old, ignore_errors=True)


def _sync_new(folder: Path) -> None:
    """Flush a new folder to disk. A file with several hard links was flushed when it was first written; only its name here is new."""
    from concurrent.futures import ThreadPoolExecutor  # slow to load, and every command loads this module

    new = [path for path in folder.rglob("*") if path.is_dir() or path.stat().st_nlink <= 1]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(_sync, [folder, *new]))


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a fresh folder beside `path`; if the block ends without error, it takes the place of `path`.

    On any error the fresh folder is removed and the old one stays. The swap takes two renames: a kill exactly between them leaves the
    old folder as `.<name>.old`, which the next reader or writer restores (`settle`). If two processes write the same folder, the one
    that ends last wins; at no time is the folder a mixture.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    settle(path)
    with _locked(path.parent):
        _sweep(path)
        fresh = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        mine = os.open(fresh, os.O_RDONLY)
        fcntl.flock(mine, fcntl.LOCK_EX)
    try:
        yield fresh
        fresh.chmod(0o755)
        _sync_new(fresh)
        _swap(fresh, path)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    finally:
        os.close(mine)


def once(folder: Path, make: Callable[[Path], None]) -> None:
    """Have `make` fill `folder` unless it exists: completely or not at all. If two processes make it at once, the first one stays."""
    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".part."))
    try:
        make(fresh)
        fresh.chmod(0o755)
        fresh.rename(folder)
    except BaseException as error:
        shutil.rmtree(fresh, ignore_errors=True)
        if not (isinstance(error, OSError) and folder.exists()):
            raise
