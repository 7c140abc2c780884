"""Where things live, and how a file is written so that a killed process or a full disk never leaves half of it."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
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
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a fresh folder beside `path`; when the block ends well it takes the place of `path` as a whole.

    On any error the fresh folder is removed and the old folder stays. Two renames stand between old and new: a kill
    exactly between them leaves the old folder as `.<name>.old`, which the next call puts back before it starts.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    old = path.with_name(f".{path.name}.old")
    if old.exists() and not path.exists():
        old.rename(path)
    shutil.rmtree(old, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        yield fresh
        fresh.chmod(0o755)
        for file in fresh.rglob("*"):
            if file.is_file():
                with file.open("rb") as opened:
                    os.fsync(opened.fileno())
        if path.exists():
            path.rename(old)
        fresh.rename(path)
        _sync_folder(path.parent)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
