"""The build on a cluster: the same bytes as on one machine, whatever happens to workers and scheduler."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kamen_analysis.captures import importer
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home
from kamen_analysis.pipeline.build import build

pytest.importorskip("distributed")

BODY = "买了第{n}张点卡，一直提示卡号错误，客服让我再等{d}天，等到现在没有人回我，要求退款{n}元。"


class Cluster:
    """A scheduler and its workers as processes of their own."""

    def __init__(self, folder: Path, workers: int) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder, self.url = folder, f"tcp://127.0.0.1:{self.port}"
        self.scheduler = self._run("scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard")
        own = ("--no-nanny", "--nthreads", "1", "--no-dashboard", "--death-timeout", "30", "--local-directory", str(folder / "spill"))
        self.workers = [self._run("worker", self.url, *own) for _ in range(workers)]

    def _run(self, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / "dask.log").open("ab") as log:
            return subprocess.Popen([sys.executable, "-m", "dask", *command], stdout=log, stderr=log, cwd=self.folder)

    def ready(self) -> Cluster:
        """Wait until all workers are there."""
        from distributed import Client

        with Client(self.url, timeout="60s", set_as_default=False) as client:
            client.wait_for_workers(len(self.workers), timeout=60)
        return self

    def stop(self) -> None:
        """End the processes."""
        for process in (*self.workers, self.scheduler):
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home of some eight captures, none built yet."""
    monkeypatch.setattr(importer, "CAPTURE_BYTES", 4_000)
    rows = [{"编号": f"TS20261100{n:03}", "标题": f"第{n}张卡充不进去", "投诉对象": "白马点卡", "正文": BODY.format(n=n, d=n % 9),
             "投诉进度": "处理中", "发布时间": f"2026-08-{n % 28 + 1:02} 10:00"} for n in range(90)]
    path = tmp_path / "posts.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    found = Home(tmp_path / "home")
    importer.import_files("table", [path], found)
    assert len(list(found.raw.glob("*/*.warc.gz"))) > 5
    return found


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Two workers."""
    started = Cluster(tmp_path, 2)
    try:
        yield started.ready()
    finally:
        started.stop()


def _bytes(home: Home) -> dict[str, bytes]:
    return {path.relative_to(home.processed).as_posix(): path.read_bytes() for path in sorted(home.processed.rglob("*")) if path.is_file()}


def _alone(home: Home) -> dict[str, bytes]:
    """Return the files of a build of the same captures on this machine alone."""
    other = Home(home.root.with_name("alone"))
    shutil.copytree(home.raw, other.raw)
    build(other, jobs=1)
    return _bytes(other)


def test_same_bytes(home: Home, cluster: Cluster) -> None:
    """Two workers on a cluster give the bytes one machine gives."""
    build(home, cluster=cluster.url)
    assert _bytes(home) == _alone(home)


def test_a_worker_dies(home: Home, cluster: Cluster) -> None:
    """A worker killed in the middle of the build costs time, and nothing else."""
    build(home, cluster=cluster.url, progress=lambda stage, done, total: cluster.workers[0].kill() if done == 2 else None)
    assert cluster.workers[0].poll() == -signal.SIGKILL
    assert _bytes(home) == _alone(home)


def test_a_slow_worker(home: Home, cluster: Cluster) -> None:
    """A worker that stands still for a while is waited for or worked around: the bytes are the same."""
    slow = cluster.workers[1]

    def hold(stage: str, done: int, total: int) -> None:
        if done == 1 and stage.startswith("解析"):
            os.kill(slow.pid, signal.SIGSTOP)
            subprocess.Popen(["sh", "-c", f"sleep 3; kill -CONT {slow.pid}"])

    build(home, cluster=cluster.url, progress=hold)
    assert _bytes(home) == _alone(home)


def test_the_scheduler_goes(home: Home, cluster: Cluster, tmp_path: Path) -> None:
    """Without its scheduler a build ends with one clear line and leaves no tables; the next takes up what was finished."""
    with pytest.raises(KamenError, match="再运行一次即从那里接着做"):
        build(home, cluster=cluster.url, progress=lambda stage, done, total: cluster.scheduler.kill() if done == 2 else None)
    assert not (home.processed / "manifest.json").exists()
    finished = {path: path.stat().st_mtime_ns for path in home.root.glob("data/.cache/codes/[!.]*/coded.parquet")}
    again = Cluster(tmp_path, 1)
    try:
        build(home, cluster=again.ready().url)
    finally:
        again.stop()
    assert len(finished) >= 2 and all(path.stat().st_mtime_ns == at for path, at in finished.items())
    assert _bytes(home) == _alone(home)


def test_no_scheduler_there(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address where nobody answers is one clear line."""
    monkeypatch.setattr("kamen_analysis.pipeline.executors._PATIENCE", "1s")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(KamenError, match="连不上调度器"):
            build(home, cluster=f"tcp://127.0.0.1:{closed.getsockname()[1]}")
