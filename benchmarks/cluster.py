"""Posts per second of a build on a cluster of 1, 2 and 4 workers on this machine: `python benchmarks/cluster.py [--posts N] [--store URL]`.

On two cores four workers can be no faster than two; what the figures show is what the cluster itself costs. Workers make the parts;
finding copies is the asking process's work, and with a store so is writing the tables: its seconds are what stays when workers are added.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import made
import psutil

from kamen_analysis.captures import importer
from kamen_analysis.paths import Home
from kamen_analysis.pipeline.build import build


def _dask(folder: Path, *command: str) -> psutil.Popen:
    return psutil.Popen([sys.executable, "-m", "dask", *command, "--no-dashboard"], cwd=folder, stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL)


@contextmanager
def cluster(workers: int, folder: Path) -> Iterator[tuple[str, list[psutil.Popen]]]:
    """Yield the address of a fresh cluster and its processes, the scheduler first."""
    from distributed import Client

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    url = f"tcp://127.0.0.1:{port}"
    started = [_dask(folder, "scheduler", "--host", "127.0.0.1", "--port", port)]
    started += [_dask(folder, "worker", url, "--no-nanny", "--nthreads", "1", "--local-directory", str(folder)) for _ in range(workers)]
    try:
        with Client(url, timeout="60s", set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)
        yield url, started
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


def measured(home: Home, processes: list[psutil.Popen], url: str, store: str | None) -> dict[str, float]:
    """Return posts a second of a build from nothing, and what it cost: seconds on the clock, processor seconds, the largest worker."""
    for folder in (home.processed, home.root / "data" / ".cache"):
        shutil.rmtree(folder, ignore_errors=True)
    everyone = [psutil.Process(), *processes]
    ends: list[float] = []
    before, began = list(map(_cpu, everyone)), time.perf_counter()
    manifest = build(home, None, lambda stage, done, n: ends.append(time.perf_counter() - began) if done == n else None, url, store)
    wall = time.perf_counter() - began
    own, scheduler, *workers = (round(_cpu(one) - cpu, 2) for one, cpu in zip(everyone, before, strict=True))
    return {"workers": len(workers), "posts_per_s": round(manifest["rows"]["posts"] / wall, 1), "wall_s": round(wall, 2),
            "parts_s": round(ends[0], 2), "own_cpu_s": own, "scheduler_cpu_s": scheduler, "workers_cpu_s": round(sum(workers), 2),
            "worker_mb": max(round(one.memory_info().rss / 1e6) for one in processes[1:])}


def _cpu(process: psutil.Process) -> float:
    spent = process.cpu_times()
    return float(spent.user + spent.system)


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _home(folder: Path, posts: int, captures: int, first: int = 0) -> Home:
    folder.mkdir()
    path = made.write(folder / "posts.jsonl", posts, first)
    importer.CAPTURE_BYTES = path.stat().st_size // captures
    importer.import_files("table", [path], Home(folder))
    return Home(folder)


def main() -> None:
    """Measure and print one JSON line a cluster, after a small build with which each worker has loaded what it works with."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--captures", type=int, default=16, help="units of work the posts are cut into")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--store", help="hand over through this store in place of the common folder")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        home, small = _home(Path(place) / "home", asked.posts, asked.captures), _home(Path(place) / "small", 320, 16, asked.posts)
        print(f"{os.cpu_count()} cores; captures: {_bytes(home.raw) / asked.posts:.0f} bytes a post", flush=True)
        for workers in asked.workers:
            with cluster(workers, Path(place)) as (url, processes):
                measured(small, processes, url, asked.store)
                load = os.getloadavg()[0]
                print(json.dumps({**measured(home, processes, url, asked.store), "load": round(load, 1)}), flush=True)
        kept = [_bytes(folder) / asked.posts for folder in (home.root / "data" / ".cache", home.processed)]
        print("cache: {:.0f}, tables: {:.0f} bytes a post".format(*kept))


if __name__ == "__main__":
    main()
