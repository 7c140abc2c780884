"""`kamen import`: wrap the user's files as captures of a source, and show how the columns of a table will be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kamen_analysis import sources
from kamen_analysis.captures import importer, shelf
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home
from kamen_analysis.redact import redact
from kamen_analysis.sources import audit, columns, table


def import_files(where: Home, key: str, files: list[Path], mapping: Path | None = None) -> Iterator[str]:
    """Wrap `files` as captures of source `key`; yield the lines to show. A mapping is checked first and stored with the data.

    Raises KamenError, its text redacted: the names of files may hold names and numbers of people.
    """
    try:
        yield from _import(where, key, files, mapping)
    except KamenError as error:
        raise KamenError(redact(str(error)).text) from None


def _import(where: Home, key: str, files: list[Path], mapping: Path | None) -> Iterator[str]:
    source = sources.registry().get(key)
    if source is None:
        raise KamenError(f"没有来源 {key}；可选：{'、'.join(sources.registry())}")
    if mapping and key != table.KEY:
        raise KamenError(f"--mapping 只用于 {table.KEY}")
    own = None
    if key == table.KEY:
        own = columns.load(_text(mapping), mapping.name) if mapping else None
        for path in files:
            if path.is_file() and path.suffix.lower() in importer.TYPES:
                yield f"{_shown(path.name)}：{table.layout_of(path, own).describe()}"
    about = shelf.About(f"kamen import {key} {' '.join(path.name for path in files)}", terms=source.TERMS)
    is_header = table.header_finder(own) if key == table.KEY else any
    done = importer.import_files(key, files, where, about=about, mapping=mapping, is_header=is_header)
    yield f"收进 {done.files} 个文件，{done.records} 条记录" + (f" → {done.warc.relative_to(where.root)}" if done.warc else "")
    for name, why in done.skipped:
        yield f"未取 {_shown(name)}：{why}"


def _shown(name: str) -> str:
    # A file's name may hold somebody's name or number, and screens and logs are seen by more people than the file.
    return audit.told(name, 120)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise KamenError(f"{path.name}：列名对照须为 UTF-8 编码的 YAML") from None
