"""Work done in a process of its own, its seconds and its memory watched from outside."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

BUILD = """
import itertools, sys, time
from pathlib import Path
from kamen_analysis.paths import Home
from kamen_analysis.pipeline.build import build
if sys.argv[2:]:
    import json
    from kamen_analysis.label import posts as label
    found = label.label_posts([json.loads(line) for line in open(sys.argv[2])])
    label.label_posts = lambda posts: [one for one, _ in zip(itertools.cycle(found), posts)]
began = time.perf_counter()
build(Home(Path(sys.argv[1])))
print(time.perf_counter() - began)
"""
REPORT = """
import sys, time
from pathlib import Path
from kamen_analysis.paths import Home
from kamen_analysis.report.build import report
began = time.perf_counter()
report(Home(Path(sys.argv[1])))
print(time.perf_counter() - began)
"""


def memory(pid: int) -> float:
    """Return the MB a process and its descendants hold, shared pages counted once; what ended meanwhile counts nothing."""
    total, todo = 0, [pid]
    while todo:
        one = Path(f"/proc/{todo.pop()}")
        try:
            total += int((one / "smaps_rollup").read_text().split("Pss:")[1].split()[0])
            todo += [int(child) for task in (one / "task").iterdir() for child in (task / "children").read_text().split()]
        except (OSError, IndexError):
            continue
    return total / 1024


def watched(code: str, *arguments: str) -> tuple[float, float]:
    """Run Python code that prints its seconds; return them and its peak memory in MB."""
    process = subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True)
    peak = 0.0

    def look() -> None:
        nonlocal peak
        while process.poll() is None:
            peak = max(peak, memory(process.pid))
            time.sleep(0.5)

    thread = threading.Thread(target=look)
    thread.start()
    told = process.communicate()[0]
    thread.join()
    if process.returncode:
        raise RuntimeError(f"ended with {process.returncode}")
    return float(told.split()[-1]), peak
