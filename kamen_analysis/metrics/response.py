"""Merchants' replies: whether they come, and how soon."""

from __future__ import annotations

import pandas as pd

from kamen_analysis.metrics.keys import are_named
from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.selection import counted
from kamen_analysis.metrics.shares import MINIMUM, TOO_FEW, suppress_groups, with_shares
from kamen_analysis.metrics.timeline import are_followed, curve_rows, durations, is_vague, left_out, with_bounds
from kamen_analysis.stats import Curve, kaplan_meier, quantile_day

REPLY = ["merchant_replied"]


@metric
def replies(posts: pd.DataFrame, events: pd.DataFrame, by: str | None = None, scope: str = "virtual") -> pd.DataFrame:
    """Return the share of posts with a merchant's reply, overall or by month, week, product, platform or source: the group's columns, n,
    of, share, low, high, note.

    Counts: 截至最近一次抓取，已见商家公开回复的投诉（不论回复内容）；按平台列时，同文投诉两家的，两家各计一件
    Out of: 同组内来源给出了状态或进展的投诉
    Leaves out: 来源没有给出状态的；分组时无法归组的帖子；基数不足 30 的不给比例，分组后 1–4 件的不给数，基数也是
    Read with care: 有回复不等于解决；新近的投诉还来不及回复，比例会偏低，按时间看见首次回复曲线
    """
    chosen, keys = counted(posts, scope, by)
    chosen = chosen[are_followed(chosen, events)]
    replied = are_named(chosen, events.loc[events["kind"].isin(REPLY), "post_id"])
    if not keys:
        return with_shares(pd.DataFrame({"n": [int(replied.sum())], "of": [len(chosen)]}))[["n", "of", "share", "low", "high", "note"]]
    table = chosen.assign(n=replied.astype(int)).groupby(keys, observed=True)["n"].agg(n="sum", of="size").reset_index()
    return suppress_groups(with_shares(table))[[*keys, "n", "of", "share", "low", "high", "note"]]


@metric
def time_to_reply(posts: pd.DataFrame, events: pd.DataFrame, scope: str = "virtual", by: str | None = None) -> pd.DataFrame:
    """Return the cumulative share of posts replied to by each whole day (Kaplan–Meier), overall or by group: day, share, low, high,
    at_risk, n, of, bound_low, bound_high, note.

    `bound_low`, `bound_high`: the share if the replies known only by an upper bound came as late, or as early, as possible.
    A post closed without a reply is still waiting: it is censored when last seen, not at its closing.

    Counts: 从发布起到该日已见商家首次回复的投诉的累计比例；按平台列时，同文投诉两家的，两家各计一件
    Out of: 有发布时间、且回复时间确切或尚无回复的投诉；未回复的算到最近一次抓取为止（右删失）
    Leaves out: 没有发布时间的；只知“至迟某时已回复”的（给出上下界）；时间先后矛盾的
    Read with care: 曲线右端在观察的投诉很少，区间变宽；有回复不等于解决
    """
    chosen, keys = counted(posts, scope, by)
    table = durations(chosen, events, REPLY)
    if not keys:
        return _reply_curve(table, chosen)
    parts = {key: _reply_curve(table.loc[group.index], group) for key, group in chosen.groupby(keys, observed=True)}
    columns = [*keys, *_COLUMNS]
    return pd.concat(parts, names=keys).reset_index(level=keys)[columns].reset_index(drop=True) if parts else pd.DataFrame(columns=columns)


_COLUMNS = ["day", "share", "low", "high", "at_risk", "n", "of", "bound_low", "bound_high", "note"]


def _fit(time: pd.Series, kind: pd.Series) -> Curve:
    return kaplan_meier(time.to_numpy(float), kind.notna().to_numpy(bool))


def _reply_curve(table: pd.DataFrame, posts: pd.DataFrame) -> pd.DataFrame:
    timed = table[table["is_timed"]]
    if len(timed) + table["is_bounded"].sum() < MINIMUM:
        row = {"day": 0, "share": float("nan"), "at_risk": len(timed), "n": 0, "of": len(timed), "note": TOO_FEW}
        return pd.DataFrame([row]).reindex(columns=_COLUMNS)
    curve = _fit(timed["time"], timed["kind"])
    lowest, highest = (_fit(*with_bounds(table, early)) if table["is_bounded"].any() else curve for early in ([], REPLY))
    rows = curve_rows(curve, lowest, highest, table)
    return rows.assign(of=len(timed), note=left_out(table, posts))[_COLUMNS]


@metric
def median_reply(posts: pd.DataFrame, events: pd.DataFrame, scope: str = "virtual", by: str | None = None) -> pd.DataFrame:
    """Return the median days to the first reply, overall or by group: value, low, high, n (replied), of, note; no value if fewer than half
    are replied to.

    Counts: 半数投诉得到商家首次回复所需的天数（Kaplan–Meier 中位数）；按平台列时，同文投诉两家的，两家各计一件
    Out of: 同首次回复曲线：有发布时间、回复时间确切或尚无回复的投诉
    Leaves out: 没有发布时间的、只知至迟时间的；不足 30 件的不给数；分组后回复为 1–4 件的也不给，1–4 件的基数也是
    Read with care: “未达半数”表示观察期内回复的不到一半，不是没有人回复；不可与只算已回复者的平均天数比较
    """
    chosen, keys = counted(posts, scope, by)
    table = durations(chosen, events, REPLY)
    table = table.assign(posted_at=chosen["posted_at"])
    groups = list(table.groupby([chosen[key] for key in keys], observed=True)) if keys else [((), table)]
    rows = [{**dict(zip(keys, key, strict=True)), **_median(group)} for key, group in groups]
    table = pd.DataFrame(rows, columns=[*keys, "value", "low", "high", "n", "of", "note"])
    return suppress_groups(table, ["value", "low", "high"]) if keys else table


def _median(table: pd.DataFrame) -> dict[str, object]:
    timed = table[table["is_timed"]]
    row: dict[str, object] = {"n": int(timed["kind"].notna().sum()), "of": len(timed), "note": left_out(table, table)}
    if len(timed) < MINIMUM or is_vague(table):
        why = row["note"] if is_vague(table) else TOO_FEW
        return {**row, "value": float("nan"), "low": float("nan"), "high": float("nan"), "note": why}
    value, low, high = quantile_day(_fit(timed["time"], timed["kind"]))
    return {**row, "value": value, "low": low, "high": high, "note": "未达半数" if value != value else row["note"]}
