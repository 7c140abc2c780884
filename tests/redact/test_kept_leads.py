"""What patterns can begin with is worked out once and kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def _run(cache: Path, seed: str) -> dict[str, bytes]:
    """Redact something in a process of its own and return the kept files."""
    code = "from kamen_analysis.redact import redact; print(redact('我叫王小明，手机13912345678').text)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, encoding="utf-8",
                          env={**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONHASHSEED": seed, "PYTHONUTF8": "1"})
    assert done.stdout == "我叫[姓名]，手机[手机号]\n"
    return {path.name: path.read_bytes() for path in sorted((cache / "kamen_analysis").glob("leads-*"))}


def test_a_second_run_finds_what_the_first_kept(tmp_path: Path) -> None:
    """Another process, whose sets are in another order, asks for the same and writes nothing new."""
    first = _run(tmp_path, "1")
    assert len(first) == 1
    assert _run(tmp_path, "2") == first
