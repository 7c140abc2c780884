"""The check of whole Arrow columns lets pass what pandera lets pass, and nothing else."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from kamen_analysis import records
from kamen_analysis.errors import TableError
from kamen_analysis.pipeline.checks import checked

LABEL = {"post_id": "board:1", "code": "stalling", "decided_by": "rule", "rule": "stalling.wait", "rule_version": "1", "field": "body",
         "start": 0, "end": 4, "score": 1.0}


def _labels(**changes: Any) -> pa.Table:
    return records.arrow("labels", [LABEL, LABEL | changes])


def test_a_sound_table_passes() -> None:
    """A table that meets its schema comes back with the same rows, in the schema a file is written with."""
    table = checked("labels", _labels(post_id="board:2"))
    assert table.schema == records.arrow_schema("labels") and table.to_pylist()[1]["post_id"] == "board:2"


@pytest.mark.parametrize("table", sorted(records.TABLES))
def test_a_table_without_rows_passes(table: str) -> None:
    """No rows are no failure."""
    assert len(checked(table, records.arrow(table, []))) == 0


@pytest.mark.parametrize("change", [
    {"post_id": "no colon"}, {"post_id": None}, {"code": "Stalling"}, {"decided_by": "nobody"}, {"start": -1}, {"end": None},
    {"score": float("nan")}, {"score": -0.5}, {"field": None},
])
def test_what_breaks_the_schema_is_named(change: dict[str, Any]) -> None:
    """A null, an unknown word, a number out of bounds or of no value, a form that does not fit: the column is named, as by pandera."""
    broken = _labels(**change)
    with pytest.raises(TableError, match=next(iter(change))):
        checked("labels", broken)
    with pytest.raises(TableError):
        records.validate("labels", broken.to_pandas())


def test_two_posts_of_one_name_are_refused() -> None:
    """A column that must be unique is looked at as a whole."""
    posts = records.arrow("posts", [{"post_id": "board:1"}, {"post_id": "board:1"}])
    with pytest.raises(TableError, match="post_id"):
        checked("posts", posts)
