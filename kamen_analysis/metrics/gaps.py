"""Gaps in the captures: stretches without any post, and the coverage of each source. A gap is unknown, never a zero."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.selection import used
from kamen_analysis.metrics.shares import MINIMUM
from kamen_analysis.metrics.timeline import days_between

_AROUND = 28  # days on either side from which the usual rate is taken
_RARE = 0.01  # a silence is a gap if its probability, over the whole time covered, is below this
_COLUMNS = ["source", "first_date", "last_date", "value", "of", "p", "note"]


@metric
def gaps(posts: pd.DataFrame) -> pd.DataFrame:
    """Return the gaps of each source: source, first_date, last_date, value (days), of (posts expected in them), p, note.

    All captured posts count, not only complaints. A stretch without posts is a gap if p < 1%, p being the chance (Bonferroni, over all
    days covered) that a Poisson source is silent for so long. Its rate is the lower of those in the 28 days before and after; for a
    stretch that lasts to the last capture, that of the 28 days before.

    Counts: 该来源连续没有任何帖子的天数，及起止日期
    Out of: 按前后 28 天中较低的日均推算、这段时间本该有的件数
    Leaves out: 没有日期的帖子；量小的来源里说不清是缺口还是恰好没有的短暂空白
    Read with care: 缺口里的数是未知，不是零；停服、封禁、改版和抓取中断都会造成缺口，要人去看原因
    """
    dated = posts[posts["posted_at"].notna()]
    rows = [row for source, group in dated.groupby("source", observed=True) for row in _gaps_of(str(source), group)]
    table = pd.DataFrame(rows, columns=_COLUMNS).astype({"source": "str", "note": "str"})
    return table.sort_values(["source", "first_date"], ignore_index=True)


def _gaps_of(source: str, posts: pd.DataFrame) -> list[dict[str, object]]:
    day = posts["posted_at"].dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    last = posts["last_seen_at"].max().tz_localize(None).to_datetime64().astype("datetime64[D]")
    days, counts = np.unique(day, return_counts=True)
    running, start = np.concatenate([[0], counts.cumsum()]), days[0]
    edges = np.append(days, last) if last > days[-1] else days
    covered, rows = max(int((edges[-1] - start).astype(int)), 1), []
    for i in np.flatnonzero(np.diff(edges).astype(int) > 1):
        before, after, is_open = edges[i], edges[i + 1], i + 1 == len(days)
        rates = [_rate(days, running, max(before - _AROUND + 1, start), before)]
        rates += [] if is_open else [_rate(days, running, after, min(after + _AROUND - 1, days[-1]))]
        silent = int((after - before).astype(int)) - 1
        p = min(1.0, covered * float(np.exp(-min(rates) * silent)))
        if p < _RARE:
            rows.append({"source": source, "first_date": pd.Timestamp(before + 1), "last_date": pd.Timestamp(after - 1), "value": silent,
                         "of": min(rates) * silent, "p": p, "note": "直到最近一次抓取" if is_open else ""})
    return rows


def _rate(days: np.ndarray, running: np.ndarray, first: np.datetime64, last: np.datetime64) -> float:
    """Return posts per day from `first` to `last`, both included; `running`: posts before each of `days`, and in all."""
    n = running[np.searchsorted(days, last, side="right")] - running[np.searchsorted(days, first, side="left")]
    return float(n) / float((last - first).astype(int) + 1)


@metric
def coverage(posts: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Return one row per source: source, n, of, share (of all counted), captured (all its posts), first_date, last_date, days, gap_days,
    is_small, note. `.attrs["silences"]` lists (source, first day, last day) of all `gaps`.

    Counts: 各来源计入的投诉，及其占全部计入投诉的比例
    Out of: 各来源计入的投诉之和
    Leaves out: 没有日期的帖子不参与起止日期与缺口的计算
    Read with care: 计入不足 30 件的来源标为量小，其比例、趋势不宜单看；各来源的抓取范围不同，占比不反映实际多少
    """
    chosen = used(posts, scope)
    table = posts.groupby("source", observed=True).agg(captured=("post_id", "size"), first_date=("posted_at", "min"),
                                                       last_date=("posted_at", "max"))
    n = chosen.groupby("source", observed=True).size()
    silences = gaps(posts)
    gap_days = silences.groupby("source")["value"].sum()
    table = table.assign(n=n.reindex(table.index).fillna(0).astype(int), gap_days=gap_days.reindex(table.index).fillna(0).astype(int))
    table = table.reset_index().astype({"source": "str"})
    days = np.floor(days_between(table["first_date"], table["last_date"])) + 1
    small = table["n"] < MINIMUM
    note = pd.Series("", table.index, dtype="str").mask(table["gap_days"] > 0, "有缺口").mask(small, "量小，不宜单看")
    table = table.assign(of=len(chosen), share=table["n"] / len(chosen) if len(chosen) >= MINIMUM else np.nan, days=days, is_small=small,
                         note=note)
    table.attrs["silences"] = list(silences[["source", "first_date", "last_date"]].itertuples(index=False, name=None))
    return table.sort_values(["n", "source"], ascending=[False, True], ignore_index=True)[
        ["source", "n", "of", "share", "captured", "first_date", "last_date", "days", "gap_days", "is_small", "note"]]
