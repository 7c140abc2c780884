"""From events to durations: the first time an event happened to a post, how long the post was observed, and times known only by bounds."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import numpy as np
import pandas as pd

from kamen_analysis.metrics.keys import Rows, are_named, places_of, rows_of
from kamen_analysis.stats import Curve, at_day

VAGUE = "时间多为至迟，只给上下界"
_MOST_BOUNDED = 0.2  # share of events known only by an upper bound above which no share is given, see `is_vague`
_INSTANT, _NEVER = "datetime64[us]", np.iinfo(np.int64).max
# Event kinds that end a complaint, and the outcome each is shown as.
TERMINAL = {"consumer_confirmed": "consumer_confirmed", "auto_closed": "auto_closed", "closed": "closed", "deleted": "gone",
            "withdrawn": "gone"}


def days_between(start: pd.Series, end: pd.Series) -> pd.Series:
    """Return `end` - `start` (same index) in days with fractions; missing where either is."""
    first, last = (each.dt.tz_convert(None).to_numpy() for each in (start, end))
    return pd.Series((last - first) / np.timedelta64(1, "s") / 86400, start.index)


def first_event(posts: pd.DataFrame, events: pd.DataFrame, kinds: list[str]) -> pd.DataFrame:
    """Return for each post (same index) the first event among `kinds`: kind, day (exact), bound (latest day, if only that is known).

    Days count from `posted_at`. `kind` is categorical, missing if nothing happened; `day` is missing if no exact time is known, `bound`
    if one is. Of several events the one with the earliest exact time is taken; ties go to the kind that comes first in `kinds`.
    """
    chosen = events[events["kind"].isin(kinds)]
    rows, order = rows_of(posts, chosen["post_id"]), places_of(chosen["kind"], kinds)
    at, at_kind = _earliest(rows, chosen["at"], order, len(posts))
    bound, bound_kind = _earliest(rows, chosen["seen_by"].where(chosen["at"].isna()), order, len(posts))
    at, bound = (pd.Series(each, index=posts.index).dt.tz_localize(UTC).astype(posts["posted_at"].dtype) for each in (at, bound))
    exact = at.notna().to_numpy()
    kind = pd.Categorical.from_codes(np.where(exact, at_kind, bound_kind), categories=pd.Index(kinds))
    return pd.DataFrame({"kind": pd.Series(kind, index=posts.index), "day": days_between(posts["posted_at"], at),
                         "bound": days_between(posts["posted_at"], bound).mask(exact)})


def _earliest(rows: Rows, instants: pd.Series, order: Any, count: int) -> tuple[Any, Any]:
    """Return for each of `count` rows its earliest instant (UTC, naive; NaT for none) and the order number of its kind (-1 for none).

    `rows`, `instants`, `order`: row, time and kind number of each event.
    """
    times = instants.dt.tz_convert(UTC).dt.tz_localize(None).to_numpy()
    known = (rows >= 0) & ~np.isnat(times)
    # Instant and kind are packed into one number, so that the minimum is the earliest instant and, among equal ones, the first kind.
    kinds = int(order.max(initial=0)) + 1
    least = np.full(count, _NEVER)
    np.minimum.at(least, rows[known], times[known].astype(_INSTANT).astype("int64") * kinds + order[known])
    first, which = np.divmod(least, kinds)
    is_never = least == _NEVER
    return np.where(is_never, np.datetime64("NaT"), first.astype(_INSTANT)).astype(times.dtype), np.where(is_never, -1, which)


def are_followed(posts: pd.DataFrame, events: pd.DataFrame) -> pd.Series:
    """Return whether a status, or any event but its posting, is known of each post."""
    return posts["status"].notna() | are_named(posts, events.loc[events["kind"] != "posted", "post_id"])


def watched(posts: pd.DataFrame) -> pd.Series:
    """Return how many days each post was observed: from `posted_at` to `last_seen_at`."""
    return days_between(posts["posted_at"], posts["last_seen_at"])


def durations(posts: pd.DataFrame, events: pd.DataFrame, kinds: list[str]) -> pd.DataFrame:
    """Return for each post (same index) the time to the first event among `kinds`: time (days to the event or to the last sight), kind
    (missing: not yet, censored), bound, bound_kind, watched, is_timed, is_unfollowed, is_bounded.

    `is_timed`: `time` and `kind` are usable. `is_bounded`: only an upper bound of the time is known (`bound`, `bound_kind`). Neither holds
    for posts that are undated, not followed (`is_unfollowed`: neither status nor event known), or whose times run backwards.
    """
    first, end = first_event(posts, events, kinds), watched(posts)
    undated = posts["posted_at"].isna()
    unfollowed = ~undated & ~are_followed(posts, events)
    bounded = first["day"].isna() & first["bound"].notna() & ~undated
    backwards = (first["day"] < 0) | (end < 0)
    is_exact = first["day"].notna()
    table = pd.DataFrame({"time": first["day"].where(is_exact, end), "kind": first["kind"].where(is_exact), "bound": first["bound"],
                          "bound_kind": first["kind"].where(bounded), "watched": end})
    table["is_timed"] = ~(undated | unfollowed | bounded | backwards)
    table["is_unfollowed"] = unfollowed
    table["is_bounded"] = bounded & (first["bound"] >= 0)
    return table


def left_out(table: pd.DataFrame, posts: pd.DataFrame) -> str:
    """Return the Chinese note on how many of `posts` have no usable time in `table` (from `durations`), and why; empty if none."""
    undated = int(posts["posted_at"].isna().sum())
    bounded, unfollowed = int(table["is_bounded"].sum()), int(table["is_unfollowed"].sum())
    other = len(table) - int(table["is_timed"].sum()) - undated - bounded - unfollowed
    counts = {"没有发布时间": undated, "来源没有给出状态": unfollowed, "只知至迟时间": bounded, "时间先后矛盾": other}
    parts = [f"{count} 件{why}" for why, count in counts.items() if count]
    vague = f"{VAGUE}；" if is_vague(table) else ""
    return vague + (f"未计入：{'，'.join(parts)}" if parts else "")


def is_vague(table: pd.DataFrame) -> bool:
    """Return whether so many events are known only by an upper bound that a share without them would mislead: then give bounds alone."""
    bounded, exact = int(table["is_bounded"].sum()), int((table["is_timed"] & table["kind"].notna()).sum())
    return bounded > _MOST_BOUNDED * (bounded + exact)


def with_bounds(table: pd.DataFrame, early: list[str]) -> tuple[pd.Series, pd.Series]:
    """Return time and kind of the timed and the bounded posts, assuming an extreme for the bounded ones: those of a kind in `early` had
    their event on day 0, the others are censored at their upper bound.

    With one kind early and all others late, the curve of that kind is the highest that the data allow.
    """
    kept = table[table["is_timed"] | table["is_bounded"]]
    bounded, at_once = kept["is_bounded"], kept["bound_kind"].isin(early)
    time = kept["time"].mask(bounded, kept["bound"].mask(at_once, 0.0))
    return time, kept["kind"].where(~bounded, kept["bound_kind"].where(at_once))


def curve_rows(curve: Curve, lowest: Curve, highest: Curve, table: pd.DataFrame) -> pd.DataFrame:
    """Return a curve at every whole day observed: day, share, low, high, at_risk, n (events so far), bound_low, bound_high.

    `table` (from `durations`) gives the longest observation; share, low and high are NaN if its times are vague (`is_vague`).
    """
    seen = table[table["is_timed"] | table["is_bounded"]]
    days = np.arange(int(min(float(seen["watched"].max()), lowest.last_day)) + 1)
    share, low, high = at_day(curve, days) if not is_vague(table) else (np.full(len(days), np.nan),) * 3
    return pd.DataFrame({"day": days, "share": share, "low": low, "high": high, "at_risk": curve.at_risk(days), "n": curve.happened(days),
                         "bound_low": at_day(lowest, days)[0], "bound_high": at_day(highest, days)[0]})
