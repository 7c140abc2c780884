"""Replace some columns of a Parquet file and copy the bytes of all others, so that long texts need not be compressed again.

The result is byte for byte what pyarrow writes for the whole table. The field numbers are those of the format's parquet.thrift.
"""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq

from kamen_analysis.pipeline import thrift
from kamen_analysis.pipeline.thrift import Struct

COMPRESSION = "zstd"
_MAGIC = b"PAR1"
# Field numbers of FileMetaData, RowGroup, ColumnChunk, and ColumnMetaData.
_ROW_GROUPS, _CREATED_BY = 4, 6
_COLUMNS, _BYTES, _GROUP_ROWS, _GROUP_AT, _PACKED_BYTES = 1, 2, 3, 5, 6
_CHUNK_AT, _META = 2, 3
_PATH, _UNPACKED, _PACKED, _DATA_AT, _DICTIONARY_AT = 3, 6, 7, 9, 11
# Offsets of structures outside the pages that pyarrow writes only on request: indexes, Bloom filters. They would have to be moved too.
_BEYOND_CHUNK, _BEYOND_META = frozenset({4, 5, 6, 7, 8, 9}), frozenset({8, 10, 14, 15})


class UnfitError(ValueError):
    """The columns of this file cannot be replaced: the whole table must be written."""


def written(table: pa.Table) -> bytes:
    """Return a table as Parquet."""
    out = io.BytesIO()
    # The chunks a table consists of show in the bytes.
    pq.write_table(table.combine_chunks(), out, compression=COMPRESSION)
    return out.getvalue()


def replaced(old: bytes, columns: pa.Table) -> bytes:
    """Return the Parquet file `old` with the columns in `columns` (as many rows) in place of its own; raise UnfitError if impossible."""
    new = written(columns)
    footer, new_footer = _footer(old), _footer(new)
    same_rows = [_rows(group) for group in _groups(footer)] == [_rows(group) for group in _groups(new_footer)]
    if footer[_CREATED_BY] != new_footer[_CREATED_BY] or not same_rows:
        raise UnfitError
    out, end = [memoryview(_MAGIC)], len(_MAGIC)
    for group, new_group in zip(_groups(footer), _groups(new_footer), strict=True):
        end = _replace(group, new_group, (memoryview(old), memoryview(new)), out, end)
    last = thrift.dumps(footer)
    return b"".join([*out, last, len(last).to_bytes(4, "little"), _MAGIC])


def _footer(file: bytes) -> Struct:
    end = len(file) - 8
    start = end - int.from_bytes(file[end : end + 4], "little")
    if file[end + 4 :] != _MAGIC or start < 4:
        raise UnfitError
    try:
        footer = thrift.loads(file[start:end])
    except (ValueError, IndexError):
        raise UnfitError from None
    if thrift.dumps(footer) != file[start:end]:
        raise UnfitError
    return footer


def _groups(footer: Struct) -> list[Struct]:
    groups: list[Struct] = footer[_ROW_GROUPS][1][1]
    return groups


def _rows(group: Struct) -> int:
    rows: int = group[_GROUP_ROWS][1]
    return rows


def _replace(group: Struct, new_group: Struct, files: tuple[memoryview, memoryview], out: list[memoryview], end: int) -> int:
    """Append the column chunks of a row group to `out`, taking those that `new_group` has from there, and update the group's metadata.

    files: the old file, and the new file with the columns that replace its own. end: the length of `out` in bytes, before and (returned)
    after.
    """
    chunks: list[Struct] = group[_COLUMNS][1][1]
    replacements = {_path(chunk): chunk for chunk in new_group[_COLUMNS][1][1]}
    if not replacements.keys() <= {_path(chunk) for chunk in chunks}:
        raise UnfitError
    _set(group, _GROUP_AT, end)
    for number, chunk in enumerate(chunks):
        replacement = replacements.get(_path(chunk))
        chunks[number], piece = _moved(replacement or chunk, files[replacement is not None], end)
        out.append(piece)
        end += len(piece)
    metas = [chunk[_META][1] for chunk in chunks]
    for group_field, chunk_field in ((_BYTES, _UNPACKED), (_PACKED_BYTES, _PACKED)):
        _set(group, group_field, sum(meta[chunk_field][1] for meta in metas))
    return end


def _path(chunk: Struct) -> bytes:
    return b".".join(chunk[_META][1][_PATH][1][1])


def _moved(chunk: Struct, file: memoryview, to: int) -> tuple[Struct, memoryview]:
    """Return one column chunk of `file` with its offsets as they are if it begins at `to`, and its bytes."""
    meta: Struct = chunk[_META][1]
    if chunk.keys() & _BEYOND_CHUNK or meta.keys() & _BEYOND_META or chunk[_CHUNK_AT][1]:
        raise UnfitError
    offsets = [field for field in (_DATA_AT, _DICTIONARY_AT) if field in meta]
    if (start := min(meta[field][1] for field in offsets)) < len(_MAGIC):  # a column without rows has no page
        raise UnfitError
    moved = dict(meta)
    for field in offsets:
        _set(moved, field, meta[field][1] - start + to)
    return {**chunk, _META: (chunk[_META][0], moved)}, file[start : start + meta[_PACKED][1]]


def _set(struct: Struct, field: int, value: int) -> None:
    struct[field] = struct[field][0], value
