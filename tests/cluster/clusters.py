"""What tests of the cluster start from: a scheduler with workers, and a home of several captures."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kamen_analysis.captures import importer
from kamen_analysis.paths import Home
from kamen_analysis.pipeline import store
from kamen_analysis.pipeline.build import build

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


@contextmanager
def running(cluster: Cluster) -> Iterator[Cluster]:
    """Give a cluster whose workers are all there, and end it."""
    try:
        yield cluster.ready()
    finally:
        cluster.stop()


def made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Return a home of some eight captures below `folder`, none built yet."""
    monkeypatch.setattr(importer, "CAPTURE_BYTES", 4_000)
    rows = [{"编号": f"TS20261100{n:03}", "标题": f"第{n}张卡充不进去", "投诉对象": "白马点卡", "正文": BODY.format(n=n, d=n % 9),
             "投诉进度": "处理中", "发布时间": f"2026-08-{n % 28 + 1:02} 10:00"} for n in range(90)]
    path = folder / "posts.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    found = Home(folder / "home")
    importer.import_files("table", [path], found)
    assert len(list(found.raw.glob("*/*.warc.gz"))) > 5
    return found


def files_of(home: Home) -> dict[str, bytes]:
    """Return the bytes of every published file, by name."""
    found = sorted(path for path in home.processed.rglob("*") if path.is_file())
    return {path.relative_to(home.processed).as_posix(): path.read_bytes() for path in found}


def alone(home: Home) -> dict[str, bytes]:
    """Return the files of a build of the same captures on this machine alone."""
    other = Home(home.root.with_name("alone"))
    shutil.copytree(home.raw, other.raw)
    build(other, jobs=1)
    return files_of(other)


def objects_of(place: store.Store) -> list[Path]:
    """Return the files that lie in a store's own folder."""
    return sorted(path for path in Path(place.root).rglob("*") if path.is_file())


def address_of(client: Any) -> str:
    """Return the address of a client's scheduler."""
    return str(client.scheduler.address)


def left_by_a_build_cut_short(home: Home, place: store.Store) -> list[Path]:
    """Build alone, move the cache's folders into the store as a build cut short would leave them, and return the objects."""
    build(home, jobs=1)
    place.ready()
    for folder in home.root.glob("data/.cache/*/[!.]*/"):
        place.put_folder(folder)
    shutil.rmtree(home.root / "data" / ".cache")
    shutil.rmtree(home.processed)
    return objects_of(place)
