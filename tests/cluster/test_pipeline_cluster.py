"""The build on a cluster: the same bytes as on one machine, whatever happens to workers and scheduler."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from clusters import Cluster, alone, files_of, running

from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home
from kamen_analysis.pipeline.build import build

pytest.importorskip("distributed")


def test_same_bytes(home: Home, cluster: Cluster) -> None:
    """Two workers on a cluster give the bytes one machine gives."""
    build(home, cluster=cluster.url)
    assert files_of(home) == alone(home)


def test_a_worker_dies(home: Home, cluster: Cluster) -> None:
    """A worker killed in the middle of the build costs time, and nothing else."""
    build(home, cluster=cluster.url, progress=lambda stage, done, total: cluster.workers[0].kill() if done == 2 else None)
    assert cluster.workers[0].poll() == -signal.SIGKILL
    assert files_of(home) == alone(home)


def test_a_slow_worker(home: Home, cluster: Cluster) -> None:
    """A worker that stands still for a while is waited for or worked around: the bytes are the same."""
    slow = cluster.workers[1]

    def hold(stage: str, done: int, total: int) -> None:
        if done == 1 and stage.startswith("解析"):
            os.kill(slow.pid, signal.SIGSTOP)
            subprocess.Popen(["sh", "-c", f"sleep 3; kill -CONT {slow.pid}"])

    build(home, cluster=cluster.url, progress=hold)
    assert files_of(home) == alone(home)


def test_the_scheduler_goes(home: Home, cluster: Cluster, tmp_path: Path) -> None:
    """Without its scheduler a build ends with one clear line and leaves no tables; the next takes up what was finished."""
    with pytest.raises(KamenError, match="再运行一次即从那里接着做"):
        build(home, cluster=cluster.url, progress=lambda stage, done, total: cluster.scheduler.kill() if done == 1 else None)
    assert not (home.processed / "manifest.json").exists()
    finished = {path: path.stat().st_mtime_ns for path in home.root.glob("data/.cache/codes/[!.]*/coded.arrow")}
    with running(Cluster(tmp_path, 1)) as again:
        build(home, cluster=again.url)
    assert finished and all(path.stat().st_mtime_ns == at for path, at in finished.items())
    assert files_of(home) == alone(home)


def test_no_scheduler_there(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address where nobody answers is one clear line."""
    monkeypatch.setattr("kamen_analysis.pipeline.executors._PATIENCE", "1s")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(KamenError, match="连不上调度器"):
            build(home, cluster=f"tcp://127.0.0.1:{closed.getsockname()[1]}")
