"""Number of complaints over time, and periods without captures."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamen_analysis.errors import KamenError
from kamen_analysis.metrics.cover import withheld_grid
from kamen_analysis.metrics.names import period_names, period_starts
from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.selection import filed, is_counted
from kamen_analysis.metrics.shares import HIDDEN

_FREQ = {"M": "MS", "W": "W-MON"}
_EXPECTED = 5.0  # with a mean count below this, a period without captures may be a true zero


@metric
def volume(posts: pd.DataFrame, freq: str = "M", by: str | None = "source", scope: str = "virtual",
           as_of: pd.Timestamp | None = None) -> pd.DataFrame:
    """Return the number of complaints per month ("M") or ISO week ("W"): period, period_zh, `by`, n, complete, gap, note.

    Every period from the first to the last has a row. `gap`: nothing at all was captured from that source in the period, so n is missing,
    not 0. A period is complete if it ended before `as_of` (default: the source's last sight); a source's first and last period must also
    have posts on their first and last day respectively. `.attrs["undated"]`: number of complaints without a date.

    Counts: 按发布时间（北京时间）落在该期的投诉；按平台列时，同文投诉两家的，两家各计一件
    Out of: 不是比例，没有分母
    Leaves out: 没有发布时间的帖子（件数另注）；该来源该期没有任何抓取的记为缺口，不记为零；按平台列时 1–4 件的格子不给数，
        必要时连带隐去另一格，以免相减得出
    Read with care: 首尾两期往往不完整；抓取范围变化会造成假的涨落；多少不等于严重程度
    """
    table = tallied(posts, freq, by, scope, as_of)
    if by != "platform":
        return table
    hidden = withheld_grid(table, "period", "platform")
    return hidden.assign(note=hidden["note"].mask(hidden["n"].isna() & ~hidden["gap"], HIDDEN))


def tallied(posts: pd.DataFrame, freq: str = "M", by: str | None = "source", scope: str = "virtual",
            as_of: pd.Timestamp | None = None) -> pd.DataFrame:
    """Return the table of `volume` without suppression of small counts: the input of tests and alerts."""
    if freq not in _FREQ or by not in ("source", "platform", None):
        raise KamenError("volume 的 freq 只能是 M、W，by 只能是 source、platform、None")
    is_used, dated = is_counted(filed(posts) if by == "platform" else posts, scope), posts["posted_at"].notna()
    seen = posts.loc[dated, ["source", "platform", "posted_at", "last_seen_at"]]
    one_group = pd.Categorical.from_codes(np.zeros(len(seen), dtype=np.int8), pd.Index(["全部"]))
    seen = seen.assign(period=period_starts(seen["posted_at"], freq), group=seen["source"] if by == "source" else one_group)
    counted = seen[is_used[dated]]
    key = seen["platform"] if by == "platform" else seen["group"]
    cover = _cover(seen, freq, as_of)
    n = counted.groupby([key.loc[counted.index].rename("key"), "period"], observed=True).size()
    table = _grid(cover, pd.Index(n.index.get_level_values("key").unique() if by == "platform" else cover["group"].unique()), by)
    index = pd.MultiIndex.from_frame(table[["key", "period"]])
    table["n"] = pd.Series(n.reindex(index).fillna(0).to_numpy(), index=table.index).astype("Int64").mask(table["gap"])
    table["period_zh"] = period_names(table["period"], freq) if len(table) else pd.Series(dtype="str")
    table["note"] = _notes(table)
    result = table.sort_values(["key", "period"], ignore_index=True).rename(columns={"key": by or "key"})
    result.attrs["undated"] = int((is_used & ~dated).sum())
    return result[["period", "period_zh", *([by] if by else []), "n", "complete", "gap", "note"]]


def _cover(seen: pd.DataFrame, freq: str, as_of: pd.Timestamp | None) -> pd.DataFrame:
    """Return one row per group (a source, or all) and period: group, period, captured, gap, complete, is_small (0 may be true or a gap)."""
    if seen.empty:
        return seen[["group", "period"]].assign(gap=False, complete=False)
    start, end = seen["period"].min(), seen["period"].max()
    periods = pd.DatetimeIndex(pd.date_range(start, end, freq=_FREQ[freq])).as_unit("us")
    grid = pd.MultiIndex.from_product([sorted(seen["group"].unique()), periods], names=["group", "period"])
    captured = seen.groupby(["group", "period"], observed=True).size().reindex(grid, fill_value=0).rename("captured").reset_index()
    facts = seen.groupby("group").agg(first=("period", "min"), last=("period", "max"), open=("posted_at", "min"),
                                      close=("posted_at", "max"), sight=("last_seen_at", "max"))
    facts = facts.loc[captured["group"]].reset_index(drop=True)
    end_of = captured["period"] + (pd.offsets.MonthBegin(1) if freq == "M" else pd.Timedelta(days=7))
    outside = (captured["period"] < facts["first"]) | (captured["period"] > facts["last"])
    usual = captured["captured"].where(captured["captured"] > 0).groupby(captured["group"]).transform("mean")
    starts_late = (captured["period"] == facts["first"]) & (facts["open"].dt.normalize() > captured["period"])
    ends_early = (captured["period"] == facts["last"]) & (facts["close"] < end_of - pd.Timedelta(days=1))
    unfinished = end_of > (facts["sight"] if as_of is None else as_of)
    gap = outside | ((captured["captured"] == 0) & (usual >= _EXPECTED))
    return captured.assign(gap=gap, complete=~(starts_late | ends_early | unfinished | gap),
                           is_small=(captured["captured"] == 0) & (usual < _EXPECTED))


def _grid(cover: pd.DataFrame, keys: pd.Index, by: str | None) -> pd.DataFrame:
    if by == "platform":
        return cover.merge(pd.DataFrame({"key": keys}), how="cross")
    return cover.assign(key=cover["group"])


def _notes(table: pd.DataFrame) -> pd.Series:
    note = pd.Series("", index=table.index, dtype="str").mask(~table["complete"], "不完整")
    if "is_small" in table:
        note = note.mask(table["is_small"], "来源量小，零与缺口难分")
    return note.mask(table["gap"], "缺口：没有抓取")
