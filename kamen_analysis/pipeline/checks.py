"""Check tables against their schema in Arrow, whole columns at once; pandera, which is slow, is only asked to say what is wrong."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from kamen_analysis import records
from kamen_analysis.errors import TableError


def checked(table: str, data: pa.Table) -> pa.Table:
    """Return `data` cast to the schema of `table`; raise TableError listing every failure if it does not meet it."""
    schema = records.arrow_schema(table)
    fits = data.schema.names == schema.names and data.schema.types == schema.types
    if not fits or not all(_fits(column, data[column.name]) for column in records.TABLES[table]):
        records.validate(table, data.to_pandas())
    return data.cast(schema)


def checked_columns(table: str, data: pa.Table) -> pa.Table:
    """Return some columns of `table` cast to its schema; raise TableError naming those that do not meet it."""
    schema = pa.schema([field for field in records.arrow_schema(table) if field.name in data.schema.names])
    broken = [column.name for column in records.TABLES[table] if column.name in schema.names
              and (data.schema.field(column.name).type != schema.field(column.name).type or not _fits(column, data[column.name]))]
    if broken:
        raise TableError(f"表 {table} 不合规：{'、'.join(broken)}")
    return data.select(schema.names).cast(schema)


def _fits(column: records.Column, values: pa.ChunkedArray) -> bool:
    """Return whether the values meet the column's part of the schema, apart from their type."""
    if values.null_count and not column.nullable or column.type == "float" and pc.any(pc.is_nan(values)).as_py():
        return False
    if column.one_of and not set(pc.unique(values).to_pylist()) <= {*column.one_of, None}:
        return False
    if column.low is not None and (least := pc.min(values).as_py()) is not None and least < column.low:
        return False
    if column.pattern and not pc.all(pc.match_substring_regex(values, column.pattern), min_count=0).as_py():
        return False
    return not column.unique or pc.count_distinct(values).as_py() == len(values)
