"""Read times as sites and spreadsheets write them: aware instants in Beijing time, with their precision.

A column of instants is an array of datetime64[us], UTC, in which NaT stands for no time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Instants = npt.NDArray[np.datetime64]
NONE = np.datetime64("NaT", "us")
EARLIEST = np.datetime64("1999-12-31T16:00", "us")  # the year 2000 in Beijing
CLOCK_ERROR = np.timedelta64(1, "D")  # how far a site's clock may be ahead of ours

# China has had no summer time since 1991, so that a fixed offset, which is fast, is exact for every post.
BEIJING = timezone(timedelta(hours=8), "UTC+08:00")
_OFFSET = np.timedelta64(BEIJING.utcoffset(None))

_WRITTEN = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
    r"(?:\s*T?\s*(\d{1,2})\s*[:时点]\s*(\d{1,2})\s*(?:分|(?::(\d{1,2})(?:[.,]\d{1,9})?\s*秒?)|分\s*(\d{1,2})\s*秒)?)?"
    r"\s*(Z|UTC|[+-]\d{2}:?\d{2})?",
)
_ISO = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[+-]\d\d:\d\d)?", re.ASCII)
_USUAL = r"^[1-9]\d{3}-\d\d-\d\d[ T]\d\d:\d\d:\d\d$"  # for Arrow
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2}))?")
_NUMBER = re.compile(r"\d{5,13}(?:\.\d+)?")
_BEFORE = re.compile(r"^(?:发布|投诉|提交|登记|创建|更新)?(?:时间|日期)?[于在：:\s]*")
_LONGEST = 80  # characters of a written time
_EXCEL_EPOCH = datetime(1899, 12, 30, tzinfo=BEIJING)
_EXCEL_DAYS = (20_000, 80_000)  # numbers read as Excel's serial days: 1954 to 2119
_OFFSETS = {None: BEIJING, "Z": UTC, "UTC": UTC}
_EPOCH, _MICROSECOND, _NONE = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1), NONE.astype(np.int64).item()


def instant(written: str) -> tuple[datetime, str]:
    """Return (aware datetime in Beijing time, precision "second" | "minute" | "day") of a time as written.

    Reads ISO 8601, 2020年10月16日 08:48, 2020/10/16, 20201016, epoch seconds or milliseconds, Excel serial days and
    "Mon Jan 17 12:34:40 +0800 2022". A time without a zone is Beijing time. Raises ValueError for anything else.
    """
    try:
        if len(written) > _LONGEST:
            raise ValueError
        if _ISO.fullmatch(written):  # the usual form of data files, read ten times faster this way
            moment = datetime.fromisoformat(written)
            return moment.astimezone(BEIJING) if moment.tzinfo else moment.replace(tzinfo=BEIJING), "second"
        text = _BEFORE.sub("", written.strip(), count=1).strip()
        if text.isascii() and _NUMBER.fullmatch(text):
            return _number(text)
        if match := _WRITTEN.fullmatch(text):
            return _written(match)
        return parsedate_to_datetime(_rfc_order(text)).astimezone(BEIJING), "second"
    except (ValueError, OverflowError, TypeError, IndexError, OSError):
        raise ValueError("不是可读的时间") from None


def column(moments: Sequence[datetime | None]) -> Instants:
    """Return aware instants as a column."""
    each = {id(moment): moment for moment in moments}  # posts of one page share the instant it was fetched at
    since = {key: _NONE if moment is None else (moment - _EPOCH) // _MICROSECOND for key, moment in each.items()}
    return np.array([since[id(moment)] for moment in moments], np.int64).view("datetime64[us]")


def days(moments: Instants) -> npt.NDArray[np.datetime64]:
    """Return the day in Beijing of each instant."""
    return (moments + _OFFSET).astype("datetime64[D]")


def between(moments: Instants, latest: Instants) -> npt.NDArray[np.bool_]:
    """Return which instants can be those of a post on the web: from EARLIEST on, none later than `latest`."""
    found: npt.NDArray[np.bool_] = (moments >= EARLIEST) & (moments <= latest)
    return found


def instants(written: Sequence[str | None]) -> tuple[Instants, list[str | None]]:
    """Return `instant` of each time as written, as a column and the precisions; where it cannot be read, NaT and None."""
    try:  # Where all are written as in data files, a column is read a hundred times faster.
        texts = pa.array(written, pa.string())
        if pc.all(pc.match_substring_regex(texts, _USUAL), min_count=0).as_py():
            there = texts.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
            return there - _OFFSET, [text and "second" for text in written]
    except ValueError:  # a thirtieth of February, half a character
        pass
    read = [_read(text) for text in written]
    return column([moment for moment, _ in read]), [precision for _, precision in read]


def _read(written: str | None) -> tuple[datetime | None, str | None]:
    try:
        return instant(written) if written else (None, None)
    except ValueError:
        return None, None


def _written(match: re.Match[str]) -> tuple[datetime, str]:
    year, month, day, hour, minute, second, second_zh, offset = match.groups()
    zone = _OFFSETS[offset] if offset in _OFFSETS else datetime.strptime(str(offset).replace(":", ""), "%z").tzinfo
    seconds = second or second_zh
    moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(seconds or 0), tzinfo=zone)
    return moment.astimezone(BEIJING), "day" if hour is None else "minute" if seconds is None else "second"


def _number(text: str) -> tuple[datetime, str]:
    value = float(text)
    if _EXCEL_DAYS[0] <= value <= _EXCEL_DAYS[1]:
        moment = _EXCEL_EPOCH + timedelta(seconds=round(value * 86_400))
        return moment, "day" if value.is_integer() else "second"
    if match := _COMPACT.fullmatch(text):
        parts = [int(part) for part in match.groups() if part]
        if 1990 <= parts[0] <= 2100 and 1 <= parts[1] <= 12:
            return datetime(*parts, tzinfo=BEIJING), "second" if len(parts) > 3 else "day"  # type: ignore[arg-type, misc]
    whole = len(text.split(".")[0])
    if whole not in (10, 13):
        raise ValueError
    return datetime.fromtimestamp(value / 1000 if whole == 13 else value, BEIJING), "second"


def _rfc_order(text: str) -> str:
    # "Mon Jan 17 12:34:40 +0800 2022" (Ruby's order) → "Mon, 17 Jan 2022 12:34:40 +0800"
    parts = text.split()
    if len(parts) == 6:
        weekday, month, day, clock, offset, year = parts
        return f"{weekday}, {day} {month} {year} {clock} {offset}"
    return text
