"""From events to durations: the first time each thing happened to a post, the time it was last watched, and what is only bounded."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import numpy as np
import pandas as pd

from kamen_analysis.metrics.keys import Rows, are_named, places_of, rows_of
from kamen_analysis.stats import Curve, at_day

# How an ending is shown: deleted and withdrawn posts are gone, the rest are themselves.
VAGUE = "时间多为至迟，只给上下界"
_MOST_BOUNDED = 0.2
_INSTANT, _NEVER = "datetime64[us]", np.iinfo(np.int64).max
TERMINAL = {"consumer_confirmed": "consumer_confirmed", "auto_closed": "auto_closed", "closed": "closed", "deleted": "gone",
            "withdrawn": "gone"}


def days_between(start: pd.Series, end: pd.Series) -> pd.Series:
    """Return `end` - `start` (of one index) in days (fractions kept), missing where either is."""
    first, last = (each.dt.tz_convert(None).to_numpy() for each in (start, end))
    return pd.Series((last - first) / np.timedelta64(1, "s") / 86400, start.index)


def first_event(posts: pd.DataFrame, events: pd.DataFrame, kinds: list[str]) -> pd.DataFrame:
    """Return for each post (same index) the first event among `kinds`: kind, day (exact), bound (latest day, if only that is known).

    Days count from `posted_at`. `kind` is categorical, missing where nothing happened; `day` is missing where no exact time is known,
    `bound` where one is. Where a post has several, the earliest exact time wins; ties go to the kind named first.
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
    """Return for each of `count` rows its earliest instant (UTC, naive, NaT for none) and its kind's order number (-1 for none)."""
    times = instants.dt.tz_convert(UTC).dt.tz_localize(None).to_numpy()
    here = (rows >= 0) & ~np.isnat(times)
    # Instant and kind as one number: the least of a post is its earliest, of equals the kind named first.
    kinds = int(order.max(initial=0)) + 1
    least = np.full(count, _NEVER)
    np.minimum.at(least, rows[here], times[here].astype(_INSTANT).astype("int64") * kinds + order[here])
    first, which = np.divmod(least, kinds)
    is_never = least == _NEVER
    return np.where(is_never, np.datetime64("NaT"), first.astype(_INSTANT)).astype(times.dtype), np.where(is_never, -1, which)


def are_followed(posts: pd.DataFrame, events: pd.DataFrame) -> pd.Series:
    """Return whether anything is known of what became of each post: a status, or any event but its posting."""
    return posts["status"].notna() | are_named(posts, events.loc[events["kind"] != "posted", "post_id"])


def watched(posts: pd.DataFrame) -> pd.Series:
    """Return how many days each post was watched: from `posted_at` to `last_seen_at`."""
    return days_between(posts["posted_at"], posts["last_seen_at"])


def durations(posts: pd.DataFrame, events: pd.DataFrame, kinds: list[str]) -> pd.DataFrame:
    """Return the posts whose clock can be read: time (days to the event or last sight), kind (missing = not yet), and which are out.

    `is_timed`: the clock can be read. `is_bounded`: only an upper bound is known (`bound`, `bound_kind`). Neither: undated, not
    followed (nothing is known of what became of it, `is_unfollowed`), or times that run backwards.
    """
    found, end = first_event(posts, events, kinds), watched(posts)
    found["watched"] = end
    undated = posts["posted_at"].isna()
    unfollowed = ~undated & ~are_followed(posts, events)
    bounded = found["day"].isna() & found["bound"].notna() & ~undated
    backwards = (found["day"] < 0) | (end < 0)
    hit = found["day"].notna()
    time = found["day"].where(hit, end)
    table = pd.DataFrame({"time": time, "kind": found["kind"].where(hit), "bound": found["bound"],
                          "bound_kind": found["kind"].where(bounded), "watched": end})
    table["is_timed"] = ~(undated | unfollowed | bounded | backwards)
    table["is_unfollowed"] = unfollowed
    table["is_bounded"] = bounded & (found["bound"] >= 0)
    return table


def left_out(table: pd.DataFrame, posts: pd.DataFrame) -> str:
    """Return the Chinese note on the posts of `posts` whose time in `table` (from `durations`) cannot be read; empty if none."""
    undated = int(posts["posted_at"].isna().sum())
    bounded, unfollowed = int(table["is_bounded"].sum()), int(table["is_unfollowed"].sum())
    other = len(table) - int(table["is_timed"].sum()) - undated - bounded - unfollowed
    counts = {"没有发布时间": undated, "来源没有给出状态": unfollowed, "只知至迟时间": bounded, "时间先后矛盾": other}
    parts = [f"{count} 件{why}" for why, count in counts.items() if count]
    vague = f"{VAGUE}；" if is_vague(table) else ""
    return vague + (f"未计入：{'，'.join(parts)}" if parts else "")


def is_vague(table: pd.DataFrame) -> bool:
    """Return whether so many events are known only by an upper bound that leaving them out would mislead: then only bounds are given."""
    bounded, exact = int(table["is_bounded"].sum()), int((table["is_timed"] & table["kind"].notna()).sum())
    return bounded > _MOST_BOUNDED * (bounded + exact)


def with_bounds(table: pd.DataFrame, early: list[str]) -> tuple[pd.Series, pd.Series]:
    """Return time and kind of the timed and the bounded posts: of the latter, the kinds in `early` happened at day 0, the others not yet
    at their upper bound (censored there). With the favoured kind early and the rest late its curve is the highest the data allow."""
    keep = table[table["is_timed"] | table["is_bounded"]]
    bounded, soon = keep["is_bounded"], keep["bound_kind"].isin(early)
    time = keep["time"].mask(bounded, keep["bound"].mask(soon, 0.0))
    return time, keep["kind"].where(~bounded, keep["bound_kind"].where(soon))


def curve_rows(curve: Curve, lowest: Curve, highest: Curve, table: pd.DataFrame) -> pd.DataFrame:
    """Return a curve read off at every whole day watched: day, share, low, high, at_risk, n (events so far), bound_low, bound_high.

    `table` (from `durations`) tells how long was watched, and whether the times are too vague for anything but the bounds.
    """
    seen = table[table["is_timed"] | table["is_bounded"]]
    days = np.arange(int(min(float(seen["watched"].max()), lowest.last_day)) + 1)
    share, low, high = at_day(curve, days) if not is_vague(table) else (np.full(len(days), np.nan),) * 3
    return pd.DataFrame({"day": days, "share": share, "low": low, "high": high, "at_risk": curve.at_risk(days), "n": curve.happened(days),
                         "bound_low": at_day(lowest, days)[0], "bound_high": at_day(highest, days)[0]})
