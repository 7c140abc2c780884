"""Files the user brings, wrapped into WARC as they are: exports as one resource record each, WARC and HAR read through.

A loose file's own time is not trusted (copying and version control change it): its record is dated now, and a parser uses the
time inside the file where there is one. WARC and HAR records keep their own dates.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from kamen_analysis.captures import shelf
from kamen_analysis.captures.archives import Foreign, read_har, read_warc
from kamen_analysis.captures.warc import Writer
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, sha256

TYPES = {
    ".html": "text/html", ".htm": "text/html", ".json": "application/json", ".jsonp": "application/javascript",
    ".jsonl": "application/x-ndjson", ".ndjson": "application/x-ndjson", ".csv": "text/csv", ".tsv": "text/tab-separated-values",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".parquet": "application/vnd.apache.parquet",
}
ARCHIVES = {".warc": read_warc, ".warc.gz": read_warc, ".har": read_har}
# Browsers write this comment into a page they save; it is the page's address.
_SAVED_FROM = re.compile(rb"<!--\s*saved from url=\(\d+\)(https?://\S+?)\s*-->")


@dataclass(frozen=True)
class ImportSummary:
    """What one import did: files taken, records written, files or records left out as (name, why), and the WARC (None if none)."""

    files: int
    records: int
    skipped: tuple[tuple[str, str], ...]
    warc: Path | None


def import_files(source: str, files: Iterable[Path], home: Home, *, about: shelf.About | None = None, force: bool = False,
                 mapping: Path | None = None, now: Callable[[], datetime] = shelf.utc_now) -> ImportSummary:
    """Wrap `files` (folders are searched) into one WARC of `source`; a file already imported is skipped unless `force`.

    `mapping`: a YAML of column names, stored before the tables that are to be read by it.
    Raises KamenError for a missing file, an unknown kind, or a broken archive; a broken archive's whole records stay.
    """
    wanted = _expand(files)
    about = about or shelf.About(f"kamen import {source} {' '.join(path.name for path in wanted)}")
    skipped: list[tuple[str, str]] = []
    taken, way = 0, sha256(mapping) if mapping else ""
    with shelf.opened(home.raw, source, about, now) as writer:
        known = set() if force else shelf.inputs_seen(home.raw / source)
        if mapping:
            with mapping.open("rb") as file:
                writer.resource(f"mapping:///{quote(mapping.name)}", now(), "application/yaml", file)
        for path in wanted:
            digest = sha256(path)
            why = "空文件" if not path.stat().st_size else "此前已导入" if (digest, way) in known else ""
            if why:
                skipped.append((path.name, why))
                continue
            if mapping and not taken:
                _state(writer, mapping, now())
            skipped += _take(writer, path, now())
            _remember(writer, path, (digest, way), now())
            known.add((digest, way))
            taken += 1
    final = writer.path.with_name(writer.path.name.removesuffix(".open"))
    return ImportSummary(taken, writer.pages - bool(mapping and taken), tuple(skipped), final if final.exists() else None)


def kind_of(path: Path) -> str:
    """Return the suffix a file is read by (".warc.gz" as a whole); raises KamenError for a kind that cannot be read."""
    name = path.name.lower()
    suffix = ".warc.gz" if name.endswith(".warc.gz") else Path(name).suffix
    if suffix not in TYPES and suffix not in ARCHIVES:
        raise KamenError(f"不认识 {path.name} 的格式；可导入：{' '.join(sorted([*TYPES, *ARCHIVES]))}")
    return suffix


def _expand(files: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in files:
        if path.is_dir():
            found += [p for p in sorted(path.rglob("*")) if p.is_file() and not p.name.startswith((".", "~$")) and _is_known(p)]
        elif path.is_file():
            kind_of(path)
            found.append(path)
        else:
            raise KamenError(f"找不到文件：{path}")
    if not found:
        raise KamenError("没有可导入的文件")
    return found


def _is_known(path: Path) -> bool:
    return path.name.lower().endswith(tuple([*TYPES, *ARCHIVES]))


def _take(writer: Writer, path: Path, at: datetime) -> list[tuple[str, str]]:
    suffix = kind_of(path)
    if suffix in TYPES:
        with path.open("rb") as file:
            writer.resource(_address(path, suffix), at, TYPES[suffix], file)
        return []
    left: Counter[str] = Counter()
    for item in ARCHIVES[suffix](path):
        if isinstance(item, Foreign):
            _copy(writer, item)
        else:
            left[item.why] += 1
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


def _state(writer: Writer, mapping: Path, at: datetime) -> None:
    with mapping.open("rb") as file:
        writer.resource(f"mapping:///{quote(mapping.name)}", at, "application/yaml", file)


def _remember(writer: Writer, path: Path, digests: tuple[str, str], at: datetime) -> None:
    # Written after the file's records: an import killed half way is taken again as a whole.
    facts = {"input-name": path.name, "input-sha256": digests[0], "input-bytes": path.stat().st_size, "input-mapping": digests[1]}
    writer.note(f"file:///{quote(path.name)}", facts, at)
