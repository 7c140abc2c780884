"""What a result depends on, as digests: a part is rebuilt only when its capture, the code of its rooms or the rule book changed."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent

# What a part is made by. Metrics, charts and the report come after and may change without a rebuild.
_ROOMS = ("records.py", "zh.py", "clean.py", "captures", "codebook", "label", "redact", "sources", "pipeline/partition.py")
_OTHER = (
    "dedupe.py", "platforms.py", "pipeline/build.py", "pipeline/merge.py",
    "pipeline/expect.py", "pipeline/manifests.py", "pipeline/gold.py",
)


def _digest(names: tuple[str, ...]) -> str:
    found: list[Path] = []
    for name in names:
        path = PACKAGE / name
        found += [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]
    whole = hashlib.sha256()
    for path in sorted(p for p in found if p.suffix in {".py", ".yaml", ".json", ".npz", ".tsv"}):
        whole.update(f"{path.relative_to(PACKAGE).as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


@functools.cache
def part_code() -> str:
    """Return the digest of everything that decides what a capture file turns into."""
    return _digest(_ROOMS)


@functools.cache
def build_code() -> str:
    """Return the digest of everything that decides the tables of a build."""
    return _digest(_ROOMS + _OTHER)


def part_key(capture_digest: str) -> str:
    """Return the name a capture's part is kept under."""
    return hashlib.sha256(f"{capture_digest}\n{part_code()}".encode()).hexdigest()[:40]
