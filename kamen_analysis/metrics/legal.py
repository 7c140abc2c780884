"""Measured times against statutory time limits (clocks.yaml), by the working-day calendar of the PRC with its holidays and 调休."""

from __future__ import annotations

import datetime as dt
import functools
from pathlib import Path
from typing import Any, Literal

import chinese_calendar
import numpy as np
import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict

from kamen_analysis.errors import KamenError
from kamen_analysis.metrics.keys import are_named
from kamen_analysis.metrics.names import days_of
from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.selection import used
from kamen_analysis.metrics.shares import with_shares
from kamen_analysis.metrics.timeline import are_followed, first_event
from kamen_analysis.records import ZONE

Kind = Literal["assigned", "merchant_replied", "merchant_says_resolved", "consumer_confirmed", "auto_closed", "closed", "deleted",
               "withdrawn"]


class Clock(BaseModel):
    """A time limit of `days` (`working` or calendar days) for posts from `since` to before `until`.

    `stops`: the events that meet it; `unclear`: endings of unstated cause that may have been such an event; `basis`: the provision.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    name_zh: str
    days: int
    working: bool
    stops: tuple[Kind, ...]
    unclear: tuple[Kind, ...] = ()
    basis: str
    since: dt.date
    until: dt.date | None = None


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    clocks: tuple[Clock, ...]


@functools.cache
def limits() -> tuple[Clock, ...]:
    """Return the time limits of clocks.yaml."""
    return _File.model_validate(yaml.safe_load(Path(__file__).with_name("clocks.yaml").read_text(encoding="utf-8"))).clocks


@functools.cache
def calendar() -> tuple[np.ndarray[Any, np.dtype[np.datetime64]], np.datetime64]:
    """Return all working days of the calendar, and its last day."""
    years = [day.year for day in chinese_calendar.constants.holidays]
    first, last = dt.date(min(years), 1, 1), dt.date(max(years), 12, 31)
    return np.array(chinese_calendar.get_workdays(first, last), dtype="datetime64[D]"), np.datetime64(last)


def deadlines(start: pd.Series, days: int, working: bool) -> pd.Series:
    """Return the last day of a limit of `days` (working or calendar) from each instant, as naive dates; NaT beyond the calendar.

    The first day is not counted; a calendar-day limit ending on a day off rolls over to the next working day.
    """
    workdays, last = calendar()
    places, begin = days_of(start)
    if working:
        at = np.searchsorted(workdays, begin, side="right") + days - 1
    else:
        at = np.searchsorted(workdays, begin + np.timedelta64(days, "D"), side="left")
    inside = (begin >= workdays[0]) & (begin <= last) & (at < len(workdays))
    end = np.where(inside, workdays[np.minimum(at, len(workdays) - 1)], np.datetime64("NaT"))
    return pd.Series(np.append(end, np.datetime64("NaT"))[places].astype("datetime64[us]"), index=start.index)


@metric
def clocks(posts: pd.DataFrame, events: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Return the share of posts past each time limit: clock, clock_zh, days, unit, basis, n, of, unsure, share, low, high, note.

    A limit applies to posts dated while it was in force; limits that apply to no post are not listed.
    Raises KamenError if a post was last seen after the end of the working-day calendar.

    Counts: 到期限最后一日仍未见该动作（受理或回复、解决、了结）的投诉
    Out of: 抓取时已过该期限的投诉，即观察足够久、能判定的
    Leaves out: 没有发布时间或状态的；还没到期的；无法判定的（只知至迟时间，或到期前关闭而未注明原因；超过五分之一时不给比例）
    Read with care: 期限从发帖日起算，只是对照：法定期限从向行政机关投诉或向商家要求退款时起算，公开投诉平台不受这些条文直接约束
    """
    dated = used(posts, scope)
    dated = dated[dated["posted_at"].notna() & are_followed(dated, events)]
    last = calendar()[1]
    if len(dated) and dated["last_seen_at"].max().tz_localize(None) >= pd.Timestamp(last) + pd.Timedelta(days=1):
        raise KamenError(f"工作日历只到 {last}，请升级 chinese-calendar 后再算法定期限")
    rows = [_row(clock, _in_force(dated, clock), events) for clock in limits()]
    columns = ["clock", "clock_zh", "days", "unit", "basis", "n", "of", "unsure"]
    table = with_shares(pd.DataFrame([row for row in rows if row["of"] + row["unsure"]], columns=columns).astype({"n": int, "of": int}))
    vague = table["unsure"] > 0.2 * (table["of"] + table["unsure"])
    table[["share", "low", "high"]] = table[["share", "low", "high"]].mask(vague)
    return table.assign(note=table["note"].mask(vague, "多数无法判定"))[[*columns, "share", "low", "high", "note"]]


def _in_force(posts: pd.DataFrame, clock: Clock) -> pd.DataFrame:
    since, until = (pd.Timestamp(day or dt.date(2200, 1, 1), tz=ZONE) for day in (clock.since, clock.until))
    return posts[(posts["posted_at"] >= since) & (posts["posted_at"] < until)]


def _may_be_in_time(posts: pd.DataFrame, events: pd.DataFrame, clock: Clock, end: pd.Series) -> pd.Series:
    """Return whether an ending of unstated cause came, or may have come, by the deadline `end`; a later one cannot have met it."""
    unclear = events[events["kind"].isin(clock.unclear)]
    last = end.set_axis(posts["post_id"]).reindex(unclear["post_id"]).set_axis(unclear.index)
    late = unclear["at"].notna() & (unclear["at"].dt.tz_localize(None).dt.normalize() > last)
    return are_named(posts, unclear.loc[~late, "post_id"])


def judged(posts: pd.DataFrame, events: pd.DataFrame, clock: Clock) -> pd.DataFrame:
    """Return one row per post (of the counted `posts`) to which `clock` applies: post_id, is_judged (the deadline is past and the outcome
    known), is_late, is_unsure (the deadline is past but the outcome unknown)."""
    dated = posts[posts["posted_at"].notna() & are_followed(posts, events)]
    return _judged(clock, _in_force(dated, clock), events)


def _judged(clock: Clock, posts: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    end = deadlines(posts["posted_at"], clock.days, clock.working)
    sight = posts["last_seen_at"].dt.tz_localize(None).dt.normalize()
    first = first_event(posts, events, list(clock.stops))
    day = posts["posted_at"].dt.tz_localize(None) + pd.to_timedelta(first["day"].fillna(first["bound"]), unit="D")
    in_time = day.dt.round("ms").dt.normalize() <= end  # rounded, since a fraction of days may fall just short of midnight
    # Undecided: an event known only by an upper bound past the deadline, or an ending in time that may have been the event itself.
    hidden = first["kind"].isna() & _may_be_in_time(posts, events, clock, end)
    unsure = (first["day"].isna() & first["bound"].notna() & ~in_time) | hidden
    expired = end.notna() & (sight > end)
    return pd.DataFrame({"post_id": posts["post_id"], "is_judged": expired & ~unsure, "is_late": expired & ~unsure & ~in_time,
                         "is_unsure": expired & unsure})


def _row(clock: Clock, posts: pd.DataFrame, events: pd.DataFrame) -> dict[str, Any]:
    table = _judged(clock, posts, events)
    return {"clock": clock.key, "clock_zh": clock.name_zh, "days": clock.days, "unit": "工作日" if clock.working else "日",
            "basis": clock.basis, "n": int(table["is_late"].sum()),
            "of": int(table["is_judged"].sum()), "unsure": int(table["is_unsure"].sum())}
