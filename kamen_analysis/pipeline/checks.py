"""A table held to its schema in Arrow, whole columns at once; pandera, which is slow to load and to look, is asked only what is wrong."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from kamen_analysis import records


def checked(table: str, data: pa.Table, changed: Collection[str] = ()) -> pa.Table:
    """Return `data` in the schema of `table`; raise TableError listing every failure where it does not meet it.

    `changed`: the columns to look at where the others are those of a table that was looked at.
    """
    schema = records.arrow_schema(table)
    looked = [column for column in records.TABLES[table] if not changed or column.name in changed]
    fits = data.schema.names == schema.names and data.schema.types == schema.types
    if not fits or not all(_fits(column, data[column.name]) for column in looked):
        records.validate(table, data.to_pandas())
    return data.cast(schema)


def _fits(column: records.Column, values: pa.ChunkedArray) -> bool:
    """Return whether a column is surely as it should be."""
    if values.null_count and not column.nullable or column.type == "float" and pc.any(pc.is_nan(values)).as_py():
        return False
    if column.one_of and not set(pc.unique(values).to_pylist()) <= {*column.one_of, None}:
        return False
    if column.low is not None and (least := pc.min(values).as_py()) is not None and least < column.low:
        return False
    if column.pattern and not pc.all(pc.match_substring_regex(values, column.pattern), min_count=0).as_py():
        return False
    return not column.unique or pc.count_distinct(values).as_py() == len(values)
