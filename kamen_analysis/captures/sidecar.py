"""The chain of sidecars of a source: what was captured, erased or purged; each entry holds the digest of the one before it.

An entry is a JSON file beside the captures, named by its time (UTC) and never changed. Kinds: `capture` describes a WARC file,
`erasure` says which records of a file were replaced, `purge` says which file was deleted at its keep-until date.
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

from kamen_analysis import __version__
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import atomic_write

TOOL = f"kamen_analysis/{__version__}"
_STAMP = "%Y%m%dT%H%M%S%fZ"
_NAME = re.compile(r"\d{8}T\d{12}Z")
Entry = dict[str, Any]
_COMMON = {"warc", "sha256", "previous"}
_NEEDS = {"capture": _COMMON | {"root", "keep_until", "inputs"}, "erasure": _COMMON | {"was"}, "purge": _COMMON}


def entries(folder: Path) -> list[tuple[Path, Entry]]:
    """Return a source's sidecars, oldest first; raise KamenError for a file that is not a complete entry."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            entry = json.loads(path.read_text(encoding="utf-8"))
            is_complete = _NEEDS[entry["kind"]] <= entry.keys()
        except (ValueError, KeyError, TypeError, AttributeError):
            is_complete = False
        if not is_complete:
            raise KamenError(f"旁注 {path.name} 不完好，请运行 kamen verify")
        found.append((path, entry))
    return found


@dataclass
class State:
    """What a chain says about the present state of a WARC file: its digest, the entry of its capture, whether it was purged."""

    sha256: str
    capture: Entry
    purged: bool = False


def states(chain: list[tuple[Path, Entry]]) -> dict[str, State]:
    """Return the state of every WARC file named in a chain, after all its erasures and its purge."""
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
    """Return the SHA-256 (hex) of a sidecar's bytes, which the next entry holds as `previous`."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def stamp(folder: Path, now: datetime) -> str:
    """Return a file stem for `now`, made later than every stem in the folder if the clock was set back."""
    taken = [match[0] for path in folder.iterdir() if (match := _NAME.match(path.name))]
    name, last = now.astimezone(UTC).strftime(_STAMP), max(taken, default="")
    if name > last:
        return name
    return (datetime.strptime(last, _STAMP) + timedelta(microseconds=1)).strftime(_STAMP)


def append(folder: Path, stem: str, entry: Entry) -> Path:
    """Write `entry` as the next link of the chain and return its path."""
    last = max(folder.glob("*.json"), default=None)
    path = folder / f"{stem}.json"
    with atomic_write(path) as file:
        json.dump(entry | {"previous": digest(last) if last else None}, file, ensure_ascii=False, indent=1)
        file.write("\n")
    return path


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Lock a source's folder for writing; raise KamenError if another process has the lock, which ends with that process."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise KamenError(f"来源 {folder.name} 正由另一个进程写入，请等它结束") from None
        yield
