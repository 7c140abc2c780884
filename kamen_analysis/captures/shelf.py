"""One source's folder of captures: opened for writing, closed with a sidecar, recovered after a crash."""

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

# The civil limitation period: as long as a complaint may still be argued over, and no longer.
KEEP_DAYS = 3 * 365


@dataclass(frozen=True)
class About:
    """What a sidecar says beside the digests: the command that made the file, the source's licence and terms, and until when to keep it."""

    command: str
    licence: str = "未注明"
    terms: str = ""
    keep_until: date | None = None

    def fields(self, source: str, now: datetime) -> dict[str, str]:
        """Return the warcinfo fields; the sidecar is made from them, also after a crash."""
        until = self.keep_until or (now + timedelta(days=KEEP_DAYS)).date()
        return {"software": sidecar.TOOL, "format": "WARC File Format 1.1", "robots": "obey", "isPartOf": source,
                "created": now.isoformat(), "command": self.command, "licence": self.licence, "terms": self.terms,
                "keep-until": until.isoformat()}


def utc_now() -> datetime:
    """Return the present, UTC."""
    return datetime.now(UTC)


@contextmanager
def opened(raw: Path, source: str, about: About, now: Callable[[], datetime] = utc_now) -> Iterator[Writer]:
    """Yield a writer into a fresh file of `source`; it is closed with its sidecar when the block ends, well or not.

    What an earlier crash left open is recovered first. One process may write a source at a time.
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
    """Close what a crash left open: cut the torn record, write the sidecar, rename. Returns the files closed."""
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
    # A file rewritten by an erasure is put in place if the chain already speaks of it, and forgotten if not.
    for path in folder.glob("*.warc.gz.new"):
        final = path.with_suffix("")
        state = sidecar.states(sidecar.entries(folder)).get(final.name)
        if state and state.sha256 == sha256(path):
            path.replace(final)
        else:
            path.unlink()


def finish(path: Path, recovered: bool = False) -> Path | None:
    """Write the sidecar of an open file and give it its final name; a file that holds nothing is removed instead.

    The sidecar comes first: a crash between the two is finished by the next `recover`, which finds the same digests.
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
    """Return a capture's sidecar entry, wholly derived from the file: counts, digests, inputs, robots.txt, erased since."""
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
    """Return the hex SHA-256 of a record's block; of a stub, that of the block it stands for."""
    return record.headers.get(ERASED, "") or hashlib.sha256(record.block).hexdigest()


def root(blocks: list[str]) -> str:
    """Return one digest over all block digests in order: it stays the same when a record is replaced by its stub."""
    return hashlib.sha256("\n".join(blocks).encode()).hexdigest()


def inputs_seen(folder: Path) -> set[tuple[str, str]]:
    """Return every user file already imported into a source, as the digests of the file and of the mapping it came with (or "")."""
    return {(item["sha256"], item["mapping"]) for _, entry in sidecar.entries(folder) for item in entry.get("inputs", [])}
