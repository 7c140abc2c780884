"""A source's folder of captures: open a new file for writing, close it with a sidecar, recover files after a crash."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from kamen_analysis.captures import sidecar
from kamen_analysis.captures.members import Record, Torn, records
from kamen_analysis.captures.warc import Writer, holds_page, is_robots
from kamen_analysis.captures.writer import ERASED
from kamen_analysis.paths import sha256

# The civil limitation period (three years): afterwards a claim can no longer be enforced.
KEEP_DAYS = 3 * 365


@dataclass(frozen=True)
class About:
    """What a sidecar says besides digests: the command that made the capture, the source's licence and terms, until when to keep it."""

    command: str
    licence: str = "未注明"
    terms: str = ""
    keep_until: date | None = None

    def fields(self, source: str, now: datetime) -> dict[str, str]:
        """Return the fields of the warcinfo record, from which the sidecar is made, even after a crash."""
        until = self.keep_until or (now + timedelta(days=KEEP_DAYS)).date()
        return {"software": sidecar.TOOL, "format": "WARC File Format 1.1", "robots": "obey", "isPartOf": source,
                "created": now.isoformat(), "command": self.command, "licence": self.licence, "terms": self.terms,
                "keep-until": until.isoformat()}


def utc_now() -> datetime:
    """Return the present, UTC."""
    return datetime.now(UTC)


@contextmanager
def opened(raw: Path, source: str, about: About, now: Callable[[], datetime] = utc_now) -> Iterator[Writer]:
    """Yield a writer of a new file of `source`; at the end of the block, even after an error, the file is closed and gets its sidecar.

    Files that an earlier crash left open are recovered first. Only one process may write to a source at a time.
    """
    folder = raw / source
    with sidecar.lock(folder):
        recover(folder)
        at = now()
        writer = Writer(folder / f"{sidecar.stamp(folder, at)}.warc.gz.open", about.fields(source, at))
        try:
            yield writer
        finally:
            writer.close()
            finish(writer.path)


def recover(folder: Path) -> list[Path]:
    """Close the files that a crash left open, cutting off an incomplete record at the end; return the closed files."""
    done = []
    _finish_erasures(folder)
    for path in sorted(folder.glob("*.warc.gz.open")):
        try:
            for _ in records(path):
                pass
        except Torn as torn:
            os.truncate(path, torn.offset)
        whole = finish(path, recovered=True)
        done += [whole] if whole else []
    return done


def _finish_erasures(folder: Path) -> None:
    # A file rewritten by an erasure replaces the old one if the chain already has its entry, and is deleted if not.
    for path in folder.glob("*.warc.gz.new"):
        final = path.with_suffix("")
        state = sidecar.states(sidecar.entries(folder)).get(final.name)
        if state and state.sha256 == sha256(path):
            path.replace(final)
        else:
            path.unlink()


def finish(path: Path, recovered: bool = False) -> Path | None:
    """Write the sidecar of an open file and rename the file to its final name, which is returned; delete a file without records.

    The sidecar is written first: after a crash between the two, the next `recover` only has to rename.
    """
    entry = describe(path)
    if not entry["records"]:
        path.unlink()
        return None
    final = path.with_name(path.name.removesuffix(".open"))
    stem = final.name.removesuffix(".warc.gz")
    if not (path.parent / f"{stem}.json").exists():
        sidecar.append(path.parent, stem, entry | {"recovered": recovered})
    path.rename(final)
    return final


def describe(path: Path) -> dict[str, Any]:
    """Return a capture's sidecar entry, derived from the file alone: its warcinfo, counts, digests, inputs, robots.txt, erased records."""
    about: dict[str, str] = {}
    inputs, robots, blocks, pages, erased = [], {}, [], 0, 0
    for record in records(path):
        erased += ERASED in record.headers
        blocks.append(block_digest(record))
        if record.type == "warcinfo":
            about = record.fields()
        elif record.type == "response" and is_robots(record.url):
            robots[record.url] = record.headers.get("warc-payload-digest", "").removeprefix("sha256:")
        elif record.type == "metadata" and (fields := record.fields()).get("input-sha256"):
            inputs.append({"name": fields["input-name"], "sha256": fields["input-sha256"], "bytes": int(fields["input-bytes"]),
                           "mapping": fields.get("input-mapping", "")})
        pages += holds_page(record)
    return {"kind": "capture", "source": about.get("ispartof", path.parent.name), "warc": path.name.removesuffix(".open"),
            "command": about.get("command", ""), "tool": about.get("software", ""), "created": about.get("created", ""),
            "licence": about.get("licence", ""), "terms": about.get("terms", ""), "keep_until": about.get("keep-until", ""),
            "records": max(len(blocks) - 1, 0), "pages": pages, "inputs": inputs, "robots": robots, "erased": erased,
            "root": root(blocks), "sha256": sha256(path)}


def block_digest(record: Record) -> str:
    """Return the SHA-256 (hex) of a record's block; for a stub, that of the block it replaces."""
    return record.headers.get(ERASED, "") or hashlib.sha256(record.block).hexdigest()


def root(blocks: list[str]) -> str:
    """Return one digest over all block digests in order; it stays the same when a record is replaced by its stub."""
    return hashlib.sha256("\n".join(blocks).encode()).hexdigest()


def inputs_seen(folder: Path) -> set[tuple[str, str]]:
    """Return the files already imported into a source, as (digest of the file, digest of its mapping or "")."""
    return {(item["sha256"], item["mapping"]) for _, entry in sidecar.entries(folder) for item in entry.get("inputs", [])}
