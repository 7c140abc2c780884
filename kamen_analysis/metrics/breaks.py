"""Lasting changes of level in the weekly number of complaints."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.shares import MINIMUM
from kamen_analysis.metrics.trend import tallied
from kamen_analysis.stats import benjamini_hochberg
from kamen_analysis.stats import change_points as breaks_of

_SHORTEST, _LEAST_WEEKS = 4, 26


@metric
def change_points(posts: pd.DataFrame, by: str | None = None, scope: str = "virtual") -> pd.DataFrame:
    """Return the weeks at which the weekly count changed its level: series, period, period_zh, before, after (weekly means), value (their
    ratio), low, high, p, n, of, note.

    Method: `stats.change_points` (penalised Poisson likelihood, 499 permutations for each p); p adjusted for the false-discovery rate
    over all changes (Benjamini–Hochberg). n, of: posts and weeks from the change to the next one.

    Counts: 每周投诉件数水平发生改变的周，前后两段的周平均与比值；按平台列时，同文投诉两家的，两家各计一件
    Out of: 改变之后到下一次改变之前的完整周数
    Leaves out: 不完整的周与缺口周；不足 26 周或 30 件的序列；短于 4 周的起落（见突增报警）；调整后 p 不小于 0.05 的
    Read with care: 缓慢的增减会显示成台阶；抓取范围变化、平台开张或关停都会造成改变，要人去看原因
    """
    weeks = tallied(posts, "W", by=by, scope=scope)
    key = by or "all"
    weeks = (weeks if by else weeks.assign(all="全部")).loc[lambda t: t["complete"] & ~t["gap"]]
    rows = [row for name, series in weeks.groupby(key, observed=True) for row in _rows(name, key, series)]
    table = pd.DataFrame(rows, columns=[key, *_COLUMNS]).astype({"p": float, "note": "str", key: "str"})
    table = table.assign(p=benjamini_hochberg(table["p"]))
    return table[table["p"] < 0.05].reset_index(drop=True)


_COLUMNS = ["period", "period_zh", "before", "after", "value", "low", "high", "p", "n", "of", "note"]


def _rows(name: object, key: str, series: pd.DataFrame) -> list[dict[str, object]]:
    counts = series["n"].to_numpy(float)
    if len(counts) < _LEAST_WEEKS or counts.sum() < MINIMUM:
        return []
    breaks = breaks_of(counts, _SHORTEST)
    ends = [*[each.at for each in breaks[1:]], len(counts)] if breaks else []
    after_gap = np.diff(series["period"].dt.tz_localize(None)) > pd.Timedelta(days=7)
    return [{key: name, "period": series["period"].iloc[each.at], "period_zh": series["period_zh"].iloc[each.at], "before": each.before,
             "after": each.after, "value": each.ratio, "low": each.low, "high": each.high, "p": each.p, "n": int(counts[each.at:end].sum()),
             "of": end - each.at, "note": "紧接缺口，改变可能发生在缺口里" if after_gap[each.at - 1] else ""}
            for each, end in zip(breaks, ends, strict=True)]
