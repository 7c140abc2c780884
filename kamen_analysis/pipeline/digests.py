"""Digests of what each stage depends on: a result is cached under the digest of its inputs and made anew only when that changes.

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
# What begins so decides no codes: rules and models were made from it, or it is used only by a later stage.
_EXCLUDED = ("codebook/platforms.yaml", "codebook/sentences/", "codebook/frames/", "codebook/frames.py", "codebook/corpus.py")


def _digest(names: tuple[str, ...]) -> str:
    whole = hashlib.sha256()
    for path in sorted({path for name in names for path in _files(PACKAGE / name)}):
        whole.update(f"{path.relative_to(PACKAGE).as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return [p for p in path.rglob("*") if p.suffix in {".py", ".yaml", ".json", ".npz", ".tsv"}
            and not p.relative_to(PACKAGE).as_posix().startswith(_EXCLUDED)]


@functools.cache
def part_code() -> str:
    """Return the digest of all code and data that decide what part a capture file becomes."""
    return _digest(_PART)


@functools.cache
def codes_code() -> str:
    """Return the digest of all code and data that decide the codes of a part."""
    return _digest(_CODES)


@functools.cache
def build_code() -> str:
    """Return the digest of all code and data that decide the tables of a build."""
    return _digest(_PART + _CODES + _TABLES)


@functools.cache
def copies_code() -> str:
    """Return the digest of the code that decides whether two texts are copies."""
    return _digest(("zh.py", "dedupe", "pipeline/copies.py"))


def of_files(paths: Collection[Path]) -> dict[Path, str]:
    """Return the SHA-256 of each file; threads hash several at once, since hashlib releases the interpreter's lock."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(paths, pool.map(sha256, paths), strict=True))


def part_key(capture_digest: str) -> str:
    """Return the name of the cache folder for the part of a capture file with this SHA-256."""
    return joined(capture_digest, part_code())


def codes_key(part: str) -> str:
    """Return the name of the cache folder for the codes of the part called `part`."""
    return joined(part, codes_code())


def joined(*digests: str) -> str:
    """Return one digest (40 hex digits) of several."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()[:40]
