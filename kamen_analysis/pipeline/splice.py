"""A Parquet file with some of its columns replaced, the bytes of all others taken over as they are: texts need not be packed again.

The outcome is to the byte what pyarrow writes for the whole table. Field numbers are those of the format's parquet.thrift.
"""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq

from kamen_analysis.pipeline import thrift
from kamen_analysis.pipeline.thrift import Struct

COMPRESSION = "zstd"
_MAGIC = b"PAR1"
# FileMetaData; RowGroup; ColumnChunk; ColumnMetaData.
_ROWS, _ROW_GROUPS, _CREATED_BY = 3, 4, 6
_COLUMNS, _BYTES, _GROUP_ROWS, _GROUP_AT, _PACKED_BYTES = 1, 2, 3, 5, 6
_CHUNK_AT, _META = 2, 3
_PATH, _UNPACKED, _PACKED, _DATA_AT, _DICTIONARY_AT = 3, 6, 7, 9, 11
# Offsets of what pyarrow writes only when asked to: indexes, Bloom filters.
_BEYOND_CHUNK, _BEYOND_META = frozenset({4, 5, 6, 7, 8, 9}), frozenset({8, 10, 14, 15})


class UnfitError(ValueError):
    """The file is not one whose columns can be replaced: it is to be written whole."""


def written(table: pa.Table) -> bytes:
    """Return a table as Parquet."""
    out = io.BytesIO()
    # In one piece, whatever pieces it was put together from: they show in the bytes.
    pq.write_table(table.combine_chunks(), out, compression=COMPRESSION)
    return out.getvalue()


def replaced(old: bytes, columns: pa.Table) -> bytes:
    """Return the Parquet file `old` with some columns replaced by `columns`, of as many rows; UnfitError where that cannot be done."""
    fresh = written(columns)
    foot, new = _foot(old), _foot(fresh)
    if foot[_CREATED_BY] != new[_CREATED_BY] or [_rows(one) for one in _groups(foot)] != [_rows(one) for one in _groups(new)]:
        raise UnfitError
    out = bytearray(_MAGIC)
    for group, other in zip(_groups(foot), _groups(new), strict=True):
        _replace(group, other, (old, fresh), out)
    tail = thrift.dumps(foot)
    out += tail + len(tail).to_bytes(4, "little") + _MAGIC
    return bytes(out)


def _foot(file: bytes) -> Struct:
    end = len(file) - 8
    start = end - int.from_bytes(file[end : end + 4], "little")
    if file[end + 4 :] != _MAGIC or start < 4:
        raise UnfitError
    try:
        found = thrift.loads(file[start:end])
    except (ValueError, IndexError):
        raise UnfitError from None
    if thrift.dumps(found) != file[start:end]:
        raise UnfitError
    return found


def _groups(foot: Struct) -> list[Struct]:
    groups: list[Struct] = foot[_ROW_GROUPS][1][1]
    return groups


def _rows(group: Struct) -> int:
    rows: int = group[_GROUP_ROWS][1]
    return rows


def _replace(group: Struct, other: Struct, files: tuple[bytes, bytes], out: bytearray) -> None:
    """Append the columns of a row group to `out`, those of `other` in the place of its own, and say in it where they are."""
    chunks: list[Struct] = group[_COLUMNS][1][1]
    mine = {_path(chunk): chunk for chunk in other[_COLUMNS][1][1]}
    if not mine.keys() <= {_path(chunk) for chunk in chunks}:
        raise UnfitError
    _set(group, _GROUP_AT, len(out))
    for number, chunk in enumerate(chunks):
        fresh = mine.get(_path(chunk))
        chunks[number] = _append(fresh or chunk, files[fresh is not None], out)
    sizes = [chunk[_META][1] for chunk in chunks]
    for field, of in ((_BYTES, _UNPACKED), (_PACKED_BYTES, _PACKED)):
        _set(group, field, sum(meta[of][1] for meta in sizes))


def _path(chunk: Struct) -> bytes:
    return b".".join(chunk[_META][1][_PATH][1][1])


def _append(chunk: Struct, file: bytes, out: bytearray) -> Struct:
    """Append the bytes of one column of a row group and return the chunk, its offsets those of its new place."""
    meta: Struct = chunk[_META][1]
    if chunk.keys() & _BEYOND_CHUNK or meta.keys() & _BEYOND_META or chunk[_CHUNK_AT][1]:
        raise UnfitError
    places = [field for field in (_DATA_AT, _DICTIONARY_AT) if field in meta]
    if (start := min(meta[field][1] for field in places)) < len(_MAGIC):  # no rows, no page
        raise UnfitError
    moved = dict(meta)
    for field in places:
        _set(moved, field, meta[field][1] - start + len(out))
    out += file[start : start + meta[_PACKED][1]]
    return {**chunk, _META: (chunk[_META][0], moved)}


def _set(struct: Struct, field: int, value: int) -> None:
    struct[field] = struct[field][0], value
