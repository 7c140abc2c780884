"""Wrap the user's files into WARC: an export becomes a resource record as it is, of an archive (WARC, HAR, MHTML) each record is copied.

The modification time of a file is not trusted, since copying and version control change it: its record is dated now, and parsers use
the time inside the file, if there is one. The records of archives keep their own dates.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from kamen_analysis.captures import shelf, sidecar
from kamen_analysis.captures.archives import Foreign, read_har, read_mhtml, read_warc
from kamen_analysis.captures.pieces import IsHeader, pieces
from kamen_analysis.captures.warc import Writer
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, sha256
from kamen_analysis.tabular import limits

TYPES = {
    ".html": "text/html", ".htm": "text/html", ".json": "application/json", ".jsonp": "application/javascript",
    ".jsonl": "application/x-ndjson", ".ndjson": "application/x-ndjson", ".csv": "text/csv", ".tsv": "text/tab-separated-values",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".parquet": "application/vnd.apache.parquet",
}
ARCHIVES = {".warc": read_warc, ".warc.gz": read_warc, ".har": read_har, ".mhtml": read_mhtml, ".mht": read_mhtml}
_STREAMED = {".csv", ".tsv", ".jsonl", ".ndjson", ".warc", ".warc.gz"}
# Browsers write this comment, with the page's address, into a page they save.
_SAVED_FROM = re.compile(rb"<!--\s*saved from url=\(\d+\)(https?://\S+?)\s*-->")
# A capture is one unit of work for the build; large lists of records make several captures, so that memory stays flat.
CAPTURE_BYTES = 4 << 20


@dataclass(frozen=True)
class ImportSummary:
    """What one import did: files imported, records written, files or records skipped as (name, why), and the WARC files."""

    files: int
    records: int
    skipped: tuple[tuple[str, str], ...]
    warcs: tuple[Path, ...]

    @property
    def warc(self) -> Path | None:
        """The first WARC file, None if nothing was written."""
        return self.warcs[0] if self.warcs else None


class _Roll:
    """A series of writers: once a capture holds CAPTURE_BYTES, the next one begins. Each begins with a record of the mapping."""

    def __init__(self, begin: Callable[[], AbstractContextManager[Writer]], mapping: Path | None, now: Callable[[], datetime]) -> None:
        self.begin, self.mapping, self.now = begin, mapping, now
        self.stack, self.written = ExitStack(), 0
        self.writers: list[Writer] = []

    def writer(self) -> Writer:
        """Return the writer to use for the next record."""
        if not self.writers or self.written > CAPTURE_BYTES:
            self.close()
            self.writers.append(self.stack.enter_context(self.begin()))
            self.written = 0
            if self.mapping:
                with self.mapping.open("rb") as file:
                    self.writers[-1].resource(f"mapping:///{quote(self.mapping.name)}", self.now(), "application/yaml", file)
        return self.writers[-1]

    def close(self) -> None:
        """Close the current capture."""
        self.stack.close()

    def paths(self) -> tuple[Path, ...]:
        """Return the finished captures."""
        finals = (writer.path.with_name(writer.path.name.removesuffix(".open")) for writer in self.writers)
        return tuple(path for path in finals if path.exists())

    def records(self) -> int:
        """Return how many pages were written, not counting mappings."""
        return sum(writer.pages - bool(self.mapping) for writer in self.writers)


def import_files(source: str, files: Iterable[Path], home: Home, *, about: shelf.About | None = None, mapping: Path | None = None,
                 force: bool = False, now: Callable[[], datetime] = shelf.utc_now, is_header: IsHeader = any) -> ImportSummary:
    """Wrap `files` (folders are searched) into captures of `source`; a file imported before is skipped unless `force`.

    is_header: recognises the header row of a table, which is repeated in each piece of a long one (see `pieces`). mapping: column names
    (YAML), stored before the files as a record whose address begins with `mapping:`. Raises KamenError for a missing file, an unknown
    format or a broken archive, of which the records before the damage stay.
    """
    wanted, mapping_digest = _expand(files), sha256(mapping) if mapping else ""
    about = about or shelf.About(f"kamen import {source} {' '.join(path.name for path in wanted)}")
    with sidecar.lock(home.raw / source):
        shelf.recover(home.raw / source)
        known = set() if force else shelf.inputs_seen(home.raw / source)
    roll, skipped, taken = _Roll(lambda: shelf.opened(home.raw, source, about, now), mapping, now), [], 0
    with closing(roll):
        for path in wanted:
            digest = sha256(path)
            why = "空文件" if not path.stat().st_size else "此前已导入" if (digest, mapping_digest) in known else ""
            if why:
                skipped.append((path.name, why))
                continue
            skipped += _wrap(roll, path, now(), is_header)
            _note_imported(roll.writers[-1], path, (digest, mapping_digest), now())
            known.add((digest, mapping_digest))
            taken += 1
    return ImportSummary(taken, roll.records(), tuple(skipped), roll.paths())


def kind_of(path: Path) -> str:
    """Return the suffix that decides how a file is read, such as ".csv" or ".warc.gz"; raise KamenError if it cannot be read."""
    name = path.name.lower()
    suffix = ".warc.gz" if name.endswith(".warc.gz") else Path(name).suffix
    if suffix not in TYPES and suffix not in ARCHIVES:
        raise KamenError(f"不认识 {path.name} 的格式；可导入：{' '.join(sorted([*TYPES, *ARCHIVES]))}")
    return suffix


def _expand(files: Iterable[Path]) -> list[Path]:
    """Return the files to import, folders searched for known formats; raise KamenError for a named file that cannot be imported."""
    found: list[Path] = []
    for path in files:
        if path.is_dir():
            found += [p for p in sorted(path.rglob("*")) if p.is_file() and _is_known(p)]
        elif path.is_file():
            kind_of(path)
            found.append(path)
        else:
            raise KamenError(f"找不到文件：{path}")
    if not found:
        raise KamenError("没有可导入的文件")
    for path in found:  # first of all: computing the digests reads them whole
        limits.refuse_size(path.name, path.stat().st_size, limits.STREAMED if kind_of(path) in _STREAMED else limits.WHOLE)
    if any(path.name.encode("utf-8", "replace").decode() != path.name for path in found):
        raise KamenError("有文件名不是合规的文字编码，请先改名")
    return found


def _is_known(path: Path) -> bool:
    # No links: they may lead out of the folder the user meant.
    return not path.is_symlink() and not path.name.startswith((".", "~$")) and path.name.lower().endswith(tuple([*TYPES, *ARCHIVES]))


def _wrap(roll: _Roll, path: Path, at: datetime, is_header: IsHeader) -> list[tuple[str, str]]:
    """Write the records of one file; return what was left out of it, as (name, why)."""
    suffix = kind_of(path)
    if suffix in TYPES:
        for number, part in enumerate(pieces(path, TYPES[suffix], CAPTURE_BYTES, is_header), 1):
            url = _address(path, suffix) + (f"?part={number}" if number > 1 else "")
            roll.writer().resource(url, at, TYPES[suffix], part)
            roll.written += part.tell()
        return []
    left: Counter[str] = Counter()
    for item in ARCHIVES[suffix](path):
        if isinstance(item, Foreign):
            _copy(roll.writer(), item)
            roll.written += len(item.exchange.body)
        else:
            left[item.why] += 1
    roll.writer()
    return [(path.name, f"{why}：{n} 条记录未取") for why, n in left.items()]


def _copy(writer: Writer, item: Foreign) -> None:
    seen = item.exchange
    if item.resource:
        writer.resource(seen.url, seen.at, item.resource, seen.stream())
    else:
        writer.response(seen)


def _address(path: Path, suffix: str) -> str:
    if suffix in {".html", ".htm"}:
        with path.open("rb") as file:
            saved = _SAVED_FROM.search(file.read(4096))
        if saved:
            return saved[1].decode("ascii", "replace")
    return f"file:///{quote(path.name)}"


def _note_imported(writer: Writer, path: Path, digests: tuple[str, str], at: datetime) -> None:
    # Written after the file's records: after a kill half way the file counts as not imported.
    facts = {"input-name": path.name, "input-sha256": digests[0], "input-bytes": path.stat().st_size, "input-mapping": digests[1]}
    writer.note(f"file:///{quote(path.name)}", facts, at)
