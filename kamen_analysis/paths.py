"""Where things live, and how a file is written so that a killed process or a full disk never leaves half of it."""

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


@dataclass(frozen=True)
class Home:
    """The folders of one working copy: captures in, tables out, reports out."""

    root: Path

    @property
    def raw(self) -> Path:
        """Captures (WARC) and their sidecars, one folder a source. Holds personal data; never committed."""
        return self.root / "data" / "raw"

    @property
    def processed(self) -> Path:
        """The tables the pipeline wrote, and their manifest."""
        return self.root / "data" / "processed"

    @property
    def reports(self) -> Path:
        """Generated reports, one folder a period."""
        return self.root / "reports"


def home(root: str | Path | None = None) -> Home:
    """Return the home at `root`, else at $KAMEN_HOME, else the nearest folder from here upwards that holds data/raw."""
    given = root or os.environ.get("KAMEN_HOME")
    if given:
        return Home(Path(given).resolve())
    here = Path.cwd()
    return Home(next((folder for folder in (here, *here.parents) if (folder / "data" / "raw").is_dir()), here))


def demo_home(parent: Home) -> Home:
    """Return where the demonstration keeps its captures and tables, apart from real data."""
    return Home(parent.root / "data" / "demo")


def sha256(path: Path) -> str:
    """Return the hex SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def atomic_write(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Open a temporary file beside `path` and rename it over `path` once it is whole and on disk.

    On any error the temporary file is removed and whatever stood at `path` before stays as it was.
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
        _sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold `folder` itself locked against other processes; the lock goes with the process, however it ends."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def settle(path: Path) -> None:
    """Put back the folder `path` where a kill between the renames of `atomic_folder` left it as `.<name>.old`; readers call this first."""
    old = path.with_name(f".{path.name}.old")
    if path.exists() or not old.exists():
        return
    with _locked(path.parent):
        if old.exists() and not path.exists():
            old.rename(path)


def _sweep(path: Path) -> None:
    """Remove what killed processes left half written beside `path`; a folder some live process still writes is locked and stays."""
    for left in path.parent.glob(f".{path.name}.*"):
        if left.is_dir() and not left.name.endswith(".old"):
            handle = os.open(left, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
            except BlockingIOError:
                continue
            finally:
                os.close(handle)


def _swap(fresh: Path, path: Path) -> None:
    old = path.with_name(f".{path.name}.old")
    with _locked(path.parent):
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)
            path.rename(old)
        fresh.rename(path)
        _sync_folder(path.parent)
        shutil.rmtree(old, ignore_errors=True)


def _sync_new(folder: Path) -> None:
    """Put on disk what is in `folder`; a file with other names was, when it got the first of them, so that only its name here is new."""
    for file in (folder, *folder.rglob("*")):
        if file.is_dir():
            _sync_folder(file)
        elif file.stat().st_nlink <= 1:
            with file.open("rb") as opened:
                os.fsync(opened.fileno())


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a fresh folder beside `path`; when the block ends well it takes the place of `path` as a whole.

    On any error the fresh folder is removed and the old folder stays. Two renames stand between old and new: a kill
    exactly between them leaves the old folder as `.<name>.old`, which the next reader or writer puts back (`settle`).
    Of two processes that write one folder at once the later ends last: each time it is whole.
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
    """Fill `folder` by `make`, whole or not at all, unless it is there; of two who make the same the first stays."""
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
