"""Tables changed after the build give no report: the file, the table and the column are told, the value is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import smallworld

from kamen_analysis.errors import PublishRefused
from kamen_analysis.paths import home
from kamen_analysis.report.build import report


def _changed(root: Path, table: str, column: str, value: str) -> None:
    """Write `value` into the last row of a column of a built table, whatever its schema says."""
    path = next((root / "data" / "processed" / table).glob("*.parquet"))
    data = pq.ParquetFile(path).read()
    values = [*data[column].to_pylist()[:-1], value]
    pq.write_table(data.set_column(data.schema.get_field_index(column), data.schema.field(column), pa.array(values)), path)


@pytest.mark.parametrize(("table", "column", "value"), [
    ("posts", "source", "王小明"), ("posts", "source", "x<script>"), ("posts", "post_id", "demo:王小明13912345678"),
    ("posts", "post_id", "demo:1<script>"), ("posts", "post_id", "没有来源"), ("posts", "outcome", "王小明"),
    ("labels", "code", "wang_xiaoming"), ("labels", "code", "王小明"),
])
def test_keys_and_codes_changed_by_hand_are_refused(table: str, column: str, value: str, tmp_path: Path) -> None:
    """What is no key, number or code of the build's is neither published nor a template's error."""
    here = home(smallworld.write(tmp_path, smallworld.frames(200)))
    _changed(tmp_path, table, column, value)
    with pytest.raises(PublishRefused) as refused:
        report(here, formats=("html",))
    told = str(refused.value)
    assert refused.value.exit_code == 3 and f"data/processed/{table}/00000.parquet" in told and f"{column} 列" in told
    assert value not in told and "\n" not in told and not list(here.reports.glob("*/report.html"))


def test_a_capture_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    """The capture of a complaint shown behind a number is the name of a capture."""
    frames = smallworld.frames(200)
    frames["posts"]["capture_file"] = "demo/王小明13912345678.txt"
    here = home(smallworld.write(tmp_path, frames))
    with pytest.raises(PublishRefused, match="capture_file 列") as refused:
        report(here, formats=("html",))
    assert "data/processed/posts/00000.parquet" in str(refused.value) and "139" not in str(refused.value)


def test_a_capture_renamed_by_its_owner_passes(tmp_path: Path) -> None:
    """Build reads captures under any name; the report refuses none of them."""
    frames = smallworld.frames(200)
    frames["posts"]["capture_file"] = "demo/备份（1）+2024.warc.gz"
    assert report(home(smallworld.write(tmp_path, frames)), formats=("html",)).files


@pytest.mark.parametrize("changes", [
    {"post_id": "demo:TS2026-第0012号"}, {"post_id": "demo:工单20240305001234567"}, {"post_id": "demo:京消2024-00123"},
    {"source": "dian_shu_bao2"}])
def test_what_the_schema_allows_passes(changes: dict[str, Any], tmp_path: Path) -> None:
    """A number with words in it, and a source of somebody's own, are no reason to refuse."""
    frames = smallworld.frames(200)
    last = frames["posts"].index[-1]
    changed = pd.DataFrame(frames["posts"])
    for column, value in changes.items():
        changed.loc[last, column] = value
    here = home(smallworld.write(tmp_path, {**frames, "posts": changed}))
    assert report(here, formats=("html",)).files
