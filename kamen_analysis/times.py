"""Read times as sites and spreadsheets write them: aware instants in Beijing time, with their precision."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

# China has had no summer time since 1991, so that a fixed offset, which is fast, is exact for every post.
BEIJING = timezone(timedelta(hours=8), "UTC+08:00")

_WRITTEN = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
    r"(?:\s*T?\s*(\d{1,2})\s*[:时点]\s*(\d{1,2})\s*(?:分|(?::(\d{1,2})(?:[.,]\d{1,9})?\s*秒?)|分\s*(\d{1,2})\s*秒)?)?"
    r"\s*(Z|UTC|[+-]\d{2}:?\d{2})?",
)
_ISO = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[+-]\d\d:\d\d)?", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2}))?")
_NUMBER = re.compile(r"\d{5,13}(?:\.\d+)?")
_BEFORE = re.compile(r"^(?:发布|投诉|提交|登记|创建|更新)?(?:时间|日期)?[于在：:\s]*")
_LONGEST = 80  # characters of a written time
_EXCEL_EPOCH = datetime(1899, 12, 30, tzinfo=BEIJING)
_EXCEL_DAYS = (20_000, 80_000)  # numbers read as Excel's serial days: 1954 to 2119
_OFFSETS = {None: BEIJING, "Z": UTC, "UTC": UTC}


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


def beijing(moment: datetime) -> datetime:
    """Return an aware instant in Beijing time."""
    return moment.astimezone(BEIJING)


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
