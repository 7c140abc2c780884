"""Fixtures of the cluster's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clusters import Cluster, made, running

from kamen_analysis.paths import Home
from kamen_analysis.pipeline import store


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home of some eight captures, none built yet."""
    return made(tmp_path, monkeypatch)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Two workers in processes of their own."""
    pytest.importorskip("distributed")
    with running(Cluster(tmp_path, 2)) as started:
        yield started


@pytest.fixture
def inside() -> Iterator[Any]:
    """A client of a cluster within this process."""
    distributed = pytest.importorskip("distributed")
    with distributed.Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None, set_as_default=False) as client:
        yield client


@pytest.fixture
def place(tmp_path: Path) -> store.Store:
    """A store in a folder."""
    pytest.importorskip("fsspec")
    (tmp_path / "store").mkdir()
    return store.at(f"file://{tmp_path / 'store'}")
