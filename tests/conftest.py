"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's root folder."""
    return ROOT


@pytest.fixture(scope="session")
def dev_data() -> Path:
    """The coded development posts and real captures, which stay out of the project; tests that need them skip where they are absent."""
    folder = Path(os.environ.get("KAMEN_DEV_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("development data is not here (set KAMEN_DEV_DATA)")
    return folder
