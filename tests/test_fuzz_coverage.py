"""Coverage-guided fuzzing for a bounded time, seeded with the sources' own fixtures."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 8
KINDS = {".html": 0, ".json": 1, ".jsonp": 1, ".csv": 2, ".jsonl": 3}


def test_parsers_survive_mutated_pages(root: Path, tmp_path: Path) -> None:
    """Thousands of mutations of real-form pages raise nothing but the rejects the parsers state."""
    pytest.importorskip("atheris", reason="atheris has wheels for Linux on x86-64 only")
    seeds = [path for path in (root / "tests" / "sources").rglob("page*.*") if path.suffix in KINDS]
    assert len(seeds) > 5
    for n, path in enumerate(seeds):
        (tmp_path / f"seed{n}").write_bytes(bytes([KINDS[path.suffix]]) + path.read_bytes())
    command = [sys.executable, str(root / "benchmarks" / "fuzz_parsers.py"), f"-max_total_time={SECONDS}", "-seed=7", "-timeout=20",
               "-rss_limit_mb=0",  # A child's peak counts its parent's memory before exec: the tests', not the parsers'.
               f"-artifact_prefix={tmp_path}/", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    assert done.returncode == 0, done.stderr[-2000:]
    runs = re.search(r"Done (\d+) runs", done.stderr)
    assert runs and int(runs[1]) > 300
