"""What each stage depends on, as digests: a result is kept under the digest of its inputs, and made anew only when that changes.

    capture file + parsing code → part;  part + labelling code + codebook → codes;  parts + codes + what people decided → tables
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kamen_analysis.paths import sha256

PACKAGE = Path(__file__).resolve().parent.parent

_PART = (
    "records.py", "zh.py", "kept.py", "packing.py", "clean.py", "plain.py", "money.py", "times.py", "dedupe", "captures", "tabular",
    "redact", "sources", "pipeline/partition.py", "pipeline/free_text.py", "pipeline/broken.py",
)
_CODES = ("zh.py", "kept.py", "packing.py", "codebook", "label", "pipeline/coding.py")
_TABLES = ("records.py", "dedupe", "platforms.py", "codebook/platforms.yaml", "pipeline")
# What rules and model were made from, and what is decided later.
_APART = ("codebook/platforms.yaml", "codebook/sentences", "codebook/second_reading.csv")


def _digest(names: tuple[str, ...]) -> str:
    whole = hashlib.sha256()
    for path in sorted({path for name in names for path in _files(PACKAGE / name)}):
        whole.update(f"{path.relative_to(PACKAGE).as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    apart = tuple(str(PACKAGE / name) for name in _APART)
    return [p for p in path.rglob("*") if p.suffix in {".py", ".yaml", ".json", ".npz", ".tsv"} and not str(p).startswith(apart)]


@functools.cache
def part_code() -> str:
    """Return the digest of everything that decides what a capture file turns into."""
    return _digest(_PART)


@functools.cache
def codes_code() -> str:
    """Return the digest of everything that decides the codes of a part."""
    return _digest(_CODES)


@functools.cache
def build_code() -> str:
    """Return the digest of everything that decides the tables of a build."""
    return _digest(_PART + _CODES + _TABLES)


@functools.cache
def copies_code() -> str:
    """Return the digest of what decides whether two texts are copies."""
    return _digest(("zh.py", "dedupe", "pipeline/copies.py"))


def of_files(paths: Collection[Path]) -> dict[Path, str]:
    """Return the SHA-256 of each file; several are read side by side, for hashing needs no interpreter."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(paths, pool.map(sha256, paths), strict=True))


def part_key(capture_digest: str) -> str:
    """Return the name a capture's part is kept under."""
    return joined(capture_digest, part_code())


def codes_key(part: str) -> str:
    """Return the name the codes of a part are kept under."""
    return joined(part, codes_code())


def joined(*digests: str) -> str:
    """Return one digest for several."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()[:40]
