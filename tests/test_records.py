"""Tables in one place: frames are typed, instants are Beijing time whatever zone they came in, failures are listed all at once."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pandas as pd
import pandera.pandas  # noqa: F401 - it changes how Arrow reads zones; the test below must hold with it
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamen_analysis import records
from kamen_analysis.errors import TableError

EVENT = {"post_id": "board:1", "kind": "posted", "actor": "consumer"}
ZONES = st.sampled_from([dt.UTC, ZoneInfo("Asia/Shanghai"), dt.timezone(dt.timedelta(hours=8)), ZoneInfo("America/New_York")])


@given(st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2035, 1, 1), timezones=ZONES))
def test_instants_keep_their_moment(moment: dt.datetime) -> None:
    """An instant in any zone comes out as the same moment, shown in Beijing time."""
    found = records.frame("events", [EVENT | {"at": moment}])["at"].iloc[0]
    assert found == pd.Timestamp(moment) and str(found.tz) == records.ZONE


@pytest.mark.parametrize("table", sorted(records.TABLES))
def test_empty_tables_are_valid(table: str) -> None:
    """A table without rows has every column with its type and meets its schema."""
    assert list(records.validate(table, records.empty(table)).columns) == [column.name for column in records.TABLES[table]]


def test_all_failures_at_once() -> None:
    """A table that is wrong in three columns is told so in one message that names all three."""
    wrong = records.frame("events", [{"post_id": "no colon", "kind": "exploded", "actor": "nobody", "at": None}])
    with pytest.raises(TableError) as error:
        records.validate("events", wrong)
    assert all(name in str(error.value) for name in ("post_id", "kind", "actor")) and error.value.exit_code == 3


def test_unknown_column_is_refused() -> None:
    """A key the table does not have is an error, not a silent loss."""
    with pytest.raises(TableError, match="colour"):
        records.frame("events", [EVENT | {"colour": "red"}])
