"""Days marked on time axes: 春节 (first day of the lunar year), 618 and 双11."""

from __future__ import annotations

import pandas as pd

_FIXED = ((6, 18, "618"), (11, 11, "双11"))
# The first day of the lunar year (紫金山天文台历表); not taken from the holiday calendar, where the days off start earlier in some years.
_NEW_YEAR = ("2015-02-19", "2016-02-08", "2017-01-28", "2018-02-16", "2019-02-05", "2020-01-25", "2021-02-12", "2022-02-01", "2023-01-22",
             "2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06", "2028-01-26", "2029-02-13", "2030-02-03")


def marks(first: pd.Timestamp, last: pd.Timestamp) -> list[tuple[pd.Timestamp, str]]:
    """Return (day, name) of each marked day from `first` to `last` (naive days, both included), in order; 春节 only for 2015 to 2030."""
    days = [(pd.Timestamp(year, month, day), name) for year in range(first.year, last.year + 1) for month, day, name in _FIXED]
    days += [(pd.Timestamp(day), "春节") for day in _NEW_YEAR]
    return sorted((day, name) for day, name in days if first <= day <= last)
