"""A file of which some columns are replaced is, to the byte, the file that would be written whole."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamen_analysis import records
from kamen_analysis.errors import TableError
from kamen_analysis.pipeline import splice, thrift
from kamen_analysis.pipeline.checks import checked_columns

POST = {"post_id": "board:1", "body": "卡密无效，不退款", "dup_group": "board:1", "dup_kind": "first", "dup_size": 1, "is_used": True}


def _table(rows: int) -> pa.Table:
    random = np.random.default_rng(7)
    return pa.table({"text": [f"第{n}张卡，{random.integers(1 << 60)}" for n in range(rows)], "kind": ["first", "near", None] * (rows // 3),
                     "size": random.integers(1, 9, rows), "ratio": random.random(rows), "used": random.integers(0, 2, rows) > 0})


@pytest.mark.parametrize("names", [["size"], ["used", "kind"], ["text"], ["text", "kind", "size", "ratio", "used"]])
@pytest.mark.parametrize("rows", [3, 30_000])
def test_replaced_columns_are_those_of_a_file_written_whole(rows: int, names: list[str]) -> None:
    """First, middle, last, several and all columns, of few rows and rows of many pages."""
    before, after = _table(rows), _table(rows).take(np.arange(rows)[::-1])
    whole = before
    for name in names:
        whole = whole.set_column(whole.schema.get_field_index(name), name, after[name])
    assert splice.replaced(splice.written(before), after.select(names)) == splice.written(whole)


def test_every_row_group_is_replaced() -> None:
    """A table of more rows than pyarrow puts into one group comes out as if written whole."""
    rows = (1 << 20) + 5
    before = pa.table({"n": np.arange(rows, dtype=np.int8), "is": np.zeros(rows, bool)})
    after = before.set_column(1, "is", pa.array(np.arange(rows) % 2 == 0))
    assert pq.ParquetFile(io.BytesIO(splice.written(before))).num_row_groups == 2
    assert splice.replaced(splice.written(before), after.select(["is"])) == splice.written(after)


@pytest.mark.parametrize("spoil", [
    lambda table: pq.write_table(table, out := io.BytesIO(), row_group_size=10) or out.getvalue(),
    lambda table: pq.write_table(table, out := io.BytesIO(), write_page_index=True) or out.getvalue(),
    lambda table: splice.written(table.drop_columns("size")), lambda table: splice.written(table)[:-9], lambda table: b"PAR1",
    lambda table: splice.written(table).replace(b"parquet-cpp-arrow", b"parquet-rpc-arrow"), lambda table: splice.written(table[:0]),
], ids=["groups", "index", "column", "cut", "empty", "maker", "none"])
def test_another_kind_of_file_is_not_touched(spoil: Callable[[pa.Table], bytes]) -> None:
    """Other row groups, an index of pages, a missing column, a damaged file, another writer, no rows: said, so that it is written whole."""
    table = _table(300)
    with pytest.raises(splice.UnfitError):
        splice.replaced(spoil(table), table.select(["size"]))


VALUES = st.recursive(
    st.tuples(st.sampled_from([thrift.I16, thrift.I32, thrift.I64]), st.integers(-(1 << 63), (1 << 63) - 1))
    | st.tuples(st.just(thrift.BINARY), st.binary(max_size=200)) | st.tuples(st.just(thrift.DOUBLE), st.binary(min_size=8, max_size=8))
    | st.tuples(st.just(thrift.BYTE), st.integers(0, 255)) | st.booleans().map(lambda yes: (thrift.TRUE if yes else thrift.FALSE, yes))
    | st.lists(st.integers(0, 1 << 40), max_size=40).map(lambda some: (thrift.LIST, (thrift.I64, some))),
    lambda inner: st.dictionaries(st.integers(1, 400), inner, max_size=8).map(lambda fields: (thrift.STRUCT, dict(sorted(fields.items())))),
)


@given(st.dictionaries(st.integers(1, 400), VALUES, max_size=8))
def test_a_struct_comes_back(fields: thrift.Struct) -> None:
    """Whatever a struct holds is read as it was written, and written again as it was read."""
    struct = dict(sorted(fields.items()))
    assert thrift.loads(thrift.dumps(struct)) == struct and thrift.dumps(thrift.loads(thrift.dumps(struct))) == thrift.dumps(struct)


@pytest.mark.parametrize("change", [{"dup_kind": "twin"}, {"dup_size": 0}, {"is_used": None}])
def test_columns_are_checked_alone(change: dict[str, object]) -> None:
    """Of some columns of a table those that break its schema are named; sound ones come back."""
    names = ["dup_group", "dup_kind", "dup_size", "is_used"]
    assert checked_columns("posts", records.arrow("posts", [POST]).select(names)).to_pylist()[0]["dup_kind"] == "first"
    with pytest.raises(TableError, match=next(iter(change))):
        checked_columns("posts", records.arrow("posts", [POST | change]).select(names))
