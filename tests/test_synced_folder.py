"""What a new folder holds is on disk before it takes the old one's place, and what was there already is not written again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kamen_analysis.paths import atomic_folder


def test_new_files_and_all_folders_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of its own is synced, and each folder that names a file; one that the folder before holds too is on disk already."""
    with atomic_folder(tmp_path / "made") as folder:
        (folder / "before").write_bytes(b"1")
    synced, fsync = set[int](), os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: synced.add(os.fstat(handle).st_ino) or fsync(handle))
    with atomic_folder(tmp_path / "made") as folder:
        (folder / "inner").mkdir()
        os.link(tmp_path / "made" / "before", folder / "inner" / "before")
        (folder / "inner" / "new").write_bytes(b"2")
    inner = tmp_path / "made" / "inner"
    assert synced == {path.stat().st_ino for path in (tmp_path, inner.parent, inner, inner / "new")}
