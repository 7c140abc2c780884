"""Posts per second of a build on a cluster of 1, 2 and 4 workers on this machine: `python benchmarks/cluster.py [--posts N]`.

On two cores four workers can be no faster than two; what the figures show is what the cluster itself costs. The parts are made by the
workers, merging and finding copies happen in the process that asks: its seconds are what stays when workers are added.
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
from pathlib import Path

import made

from kamen_analysis.captures import importer
from kamen_analysis.paths import Home
from kamen_analysis.pipeline.build import build


def _dask(folder: Path, *command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "dask", *command, "--no-dashboard"], cwd=folder, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def measured(home: Home, workers: int, folder: Path) -> dict[str, float]:
    """Return posts a second of a build from nothing, and the seconds of it that are the asking process's own."""
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
        for folder_of in (home.processed, home.root / "data" / ".cache"):
            shutil.rmtree(folder_of, ignore_errors=True)
        began, own = time.perf_counter(), time.process_time()
        manifest = build(home, cluster=url)
        return {"workers": workers, "posts_per_s": round(manifest["rows"]["posts"] / (time.perf_counter() - began), 1),
                "own_s": round(time.process_time() - own, 2)}
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


def main() -> None:
    """Measure and print one JSON line a cluster."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--captures", type=int, default=16, help="units of work the posts are cut into")
    asked = parser.parse_args()
    print(f"{os.cpu_count()} cores; load {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as place:
        path = made.write(Path(place) / "posts.jsonl", asked.posts)
        importer.CAPTURE_BYTES = path.stat().st_size // asked.captures
        home = Home(Path(place) / "home")
        importer.import_files("table", [path], home)
        for workers in (1, 2, 4):
            print(json.dumps(measured(home, workers, Path(place))), flush=True)


if __name__ == "__main__":
    main()
