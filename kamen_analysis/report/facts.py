"""The facts on the report's cover: sources, dates, freshness, sample size, versions."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import chinese_calendar
import pandas as pd

import kamen_analysis.codebook as codebook
from kamen_analysis import __version__
from kamen_analysis.data import Data
from kamen_analysis.records import ZONE
from kamen_analysis.report.measures import Measures

STALE_AFTER = 5  # working days
SCOPES_ZH = {"virtual": "虚拟商品投诉（卡密、充值、会员、账号等线上交付的商品）", "all": "全部投诉，含实物与线下服务"}


@dataclass(frozen=True)
class Facts:
    """The facts of one report that are not metrics; instants in Beijing time."""

    period_zh: str
    scope_zh: str
    sources: list[str]
    captured: int
    used: int
    undated: int
    followed: int
    first: pd.Timestamp
    last: pd.Timestamp
    last_capture: pd.Timestamp
    working_days_old: int | None
    is_synthetic: bool
    version: str
    codebook_version: str
    codebook_digest: str

    @property
    def is_stale(self) -> bool:
        """Whether the last capture is more than STALE_AFTER working days old; never so for synthetic data."""
        return not self.is_synthetic and self.working_days_old is not None and self.working_days_old > STALE_AFTER

    @property
    def wider(self) -> str:
        """A Chinese hint at the wider scope; "" if the report already has it."""
        return "若要看包含实物与线下服务的投诉，可用 kamen report --scope all。" if self.scope_zh == SCOPES_ZH["virtual"] else ""

    @property
    def is_small(self) -> bool:
        """Whether there are too few complaints for any rate."""
        return self.used < 30


def facts(data: Data, measures: Measures, period_zh: str, now: pd.Timestamp) -> Facts:
    """Return the facts of a report on `data` made at `now`."""
    book, last = codebook.load(), data.posts["last_seen_at"].max()
    dated = measures.counted["posted_at"].dropna()
    return Facts(
        period_zh=period_zh, scope_zh=SCOPES_ZH[measures.scope],
        sources=sorted(measures.names.get(key, key) for key in data.posts["source"].unique()),
        captured=len(data.posts),
        used=len(measures.counted), undated=len(measures.counted) - len(dated),
        followed=measures.followed, first=dated.min(), last=dated.max(), last_capture=last,
        working_days_old=working_days(last, now), is_synthetic=data.is_synthetic, version=__version__,
        codebook_version=book.version, codebook_digest=book.digest)


def working_days(since: pd.Timestamp, now: pd.Timestamp) -> int | None:
    """Return the number of PRC working days after the day of `since` up to the day of `now`; None if `since` is unknown.

    After the end of the holiday calendar every weekday counts. For more than 60 days the result is 40, whatever their number.
    """
    if pd.isna(since):
        return None
    start, end = (moment.tz_convert(ZONE).date() for moment in (since, now))
    if (end - start).days > 60:
        return 40
    return sum(_is_working(start + dt.timedelta(days=i)) for i in range(1, (end - start).days + 1))


def _is_working(day: dt.date) -> bool:
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5
