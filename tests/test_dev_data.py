"""Development data is found only where the environment says it is."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest


def test_only_the_environment_names_the_development_data(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without KAMEN_DEV_DATA the tests that need it skip, whatever lies beside the project; with it, its folder is used."""
    find = runpy.run_path(str(root / "tests" / "conftest.py"))["dev_data"].__wrapped__
    monkeypatch.setenv("KAMEN_DEV_DATA", str(tmp_path))
    assert find() == tmp_path
    monkeypatch.delenv("KAMEN_DEV_DATA")
    with pytest.raises(pytest.skip.Exception):
        find()
