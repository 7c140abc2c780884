"""The chain of sidecars: what was captured, erased or purged in one source, each entry holding the digest of the one before it.

An entry is a JSON file beside the captures, named by its time (UTC), never changed once written. Kinds: `capture` describes one
WARC file, `erasure` says which records of a file became stubs, `purge` says which file went at its keep-until date.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kamen_analysis.errors import KamenError
from kamen_analysis.paths import atomic_write

TOOL = "kamen_analysis/0.1.0"
_STAMP = "%Y%m%dT%H%M%S%fZ"
_NAME = re.compile(r"\d{8}T\d{12}Z")
Entry = dict[str, Any]
_COMMON = {"warc", "sha256", "previous"}
_NEEDS = {"capture": _COMMON | {"root", "keep_until", "inputs"}, "erasure": _COMMON | {"was"}, "purge": _COMMON}


def entries(folder: Path) -> list[tuple[Path, Entry]]:
    """Return a source's sidecars, oldest first; a file that is not JSON is a clear error."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            entry = json.loads(path.read_text(encoding="utf-8"))
            whole = _NEEDS[entry["kind"]] <= entry.keys()
        except (ValueError, KeyError, TypeError, AttributeError):
            whole = False
        if not whole:
            raise KamenError(f"旁注 {path.name} 不完好，请运行 kamen verify")
        found.append((path, entry))
    return found


@dataclass
class State:
    """What a chain says of one WARC file by now: its digest, whether it went at its keep-until date, and its capture's entry."""

    sha256: str
    capture: Entry
    purged: bool = False


def states(chain: list[tuple[Path, Entry]]) -> dict[str, State]:
    """Return the state of every WARC file named in a chain: its capture, then what erasures and a purge made of it."""
    found: dict[str, State] = {}
    for _, entry in chain:
        if entry["kind"] == "capture":
            found[entry["warc"]] = State(entry["sha256"], entry)
        elif entry["warc"] not in found:
            raise KamenError(f"旁注链提到没有来历的存档 {entry['warc']}，请运行 kamen verify")
        elif entry["kind"] == "erasure":
            found[entry["warc"]].sha256 = entry["sha256"]
        elif entry["kind"] == "purge":
            found[entry["warc"]].purged = True
    return found


def digest(path: Path) -> str:
    """Return the hex SHA-256 of a sidecar's bytes: what the next entry's `previous` holds."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def stamp(folder: Path, now: datetime) -> str:
    """Return a file stem for `now`, later than every stem in the folder even if the clock was set back."""
    taken = [found[0] for path in folder.iterdir() if (found := _NAME.match(path.name))]
    name, last = now.astimezone(UTC).strftime(_STAMP), max(taken, default="")
    if name > last:
        return name
    return (datetime.strptime(last, _STAMP) + timedelta(microseconds=1)).strftime(_STAMP)


def append(folder: Path, stem: str, entry: Entry) -> Path:
    """Write `entry` as the chain's next link and return its path."""
    last = max(folder.glob("*.json"), default=None)
    path = folder / f"{stem}.json"
    with atomic_write(path) as file:
        json.dump(entry | {"previous": digest(last) if last else None}, file, ensure_ascii=False, indent=1)
        file.write("\n")
    return path


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold a source's folder for one writing process; the lock goes with the process, however it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise KamenError(f"来源 {folder.name} 正由另一个进程写入，请等它结束") from None
        yield
