"""Comparison of platforms: rates with intervals, intervals of ranks, and funnel limits."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamen_analysis.errors import KamenError
from kamen_analysis.metrics.keys import are_named
from kamen_analysis.metrics.names import name_of
from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.refusal import reasons
from kamen_analysis.metrics.resolution import confirmed_by
from kamen_analysis.metrics.response import REPLY, median_reply
from kamen_analysis.metrics.selection import filed, used
from kamen_analysis.metrics.shares import HIDDEN, MINIMUM, SMALL, TOO_FEW, suppress_groups, with_shares
from kamen_analysis.metrics.timeline import TERMINAL, are_followed, durations, is_vague
from kamen_analysis.stats import benjamini_hochberg, funnel_limits, newcombe, rank_interval, shrink, two_proportions

ALIKE = "无法区分"


def measured(posts: pd.DataFrame, labels: pd.DataFrame, events: pd.DataFrame, measure: str = "replied") -> pd.DataFrame:
    """Return platform, n (posts with the `measure`: "replied" or the code of a reason) and of, largest platforms first.

    Raises KamenError for an unknown measure.
    """
    if measure == "replied":
        hits = events.loc[events["kind"].isin(REPLY), "post_id"]
    elif (labels["code"] == measure).any() or measure in set(reasons(posts.head(0), labels)["code"]):
        hits = labels.loc[labels["code"] == measure, "post_id"]
    else:
        raise KamenError(f"没有这个平台指标：{measure!r}，可用 replied 或拒退理由的编码")
    known = posts[posts["platform"].notna()]
    if measure == "replied":
        known = known[are_followed(known, events)]
    hit = known.assign(n=are_named(known, hits).astype(int))
    table = hit.groupby("platform", observed=True)["n"].agg(n="sum", of="size").reset_index()
    return table.sort_values(["of", "platform"], ascending=[False, True], ignore_index=True)


@metric
def platform_ranks(posts: pd.DataFrame, labels: pd.DataFrame, events: pd.DataFrame, measure: str = "replied", *,
                   minimum: int = MINIMUM, scope: str = "virtual") -> pd.DataFrame:
    """Return one row per platform on one measure: platform, n, of, share, low, high, gap, shrunk (both +_low, _high), rank_low, rank_high,
    verdict, note.

    `verdict` compares each platform with all others together: 高于其余, 低于其余, or 无法区分 (score test, false-discovery rate 5%
    over all platforms compared); `gap` is the difference from them (Newcombe). `shrunk`: `stats.shrink`. Rank 1 is the largest share.

    Counts: 该平台的投诉中出现该情形（如有商家回复）的件数
    Out of: 该平台全部计入的投诉；看回复时只算来源给出状态或进展的
    Leaves out: 分母少于 30 件的平台（样本不足，不给比例也不排名）；没有写明平台的投诉
    Read with care: 没有按平台规模调整；名次区间重叠或判为“无法区分”的平台不应分先后
    """
    table = with_shares(measured(used(filed(posts), scope), labels, events, measure), minimum)
    large = (table["of"] >= minimum).to_numpy()
    n, of = table["n"].to_numpy(float), table["of"].to_numpy(float)
    rest_n, rest_of = n.sum() - n, of.sum() - of
    gap, gap_low, gap_high = newcombe(n, of, rest_n, rest_of)
    p = benjamini_hochberg(np.where(large, two_proportions(n, of, rest_n, rest_of), np.nan))
    shrunk, shrunk_low, shrunk_high = shrink(n, of)
    ranks = np.full((2, len(table)), np.nan)
    ranks[:, large] = rank_interval(n[large], of[large])
    verdict = np.where(~large, TOO_FEW, np.where(~(p < 0.05), ALIKE, np.where(gap > 0, "高于其余", "低于其余")))
    extra = {"gap": gap, "gap_low": gap_low, "gap_high": gap_high, "shrunk": shrunk, "shrunk_low": shrunk_low, "shrunk_high": shrunk_high}
    columns = {key: pd.Series(value, table.index, dtype=float).where(large) for key, value in extra.items()}
    table = table.assign(**columns, rank_low=ranks[0], rank_high=ranks[1], verdict=pd.Series(verdict, table.index, dtype="str"))
    return suppress_groups(table, [*extra, "rank_low", "rank_high"])


@metric
def platform_funnel(posts: pd.DataFrame, labels: pd.DataFrame, events: pd.DataFrame, measure: str = "replied", *,
                    minimum: int = MINIMUM, scope: str = "virtual") -> pd.DataFrame:
    """Return each platform's share with the funnel limits at its size: platform, n, of, share, note, target, low, high (chance alone, 95%),
    low_wide, high_wide (overdispersed, 99.8%), outside (beyond the wide limits), measure, measure_zh.

    Counts: 该平台的投诉中出现该情形的件数
    Out of: 该平台全部计入的投诉；看回复时只算来源给出状态或进展的
    Leaves out: 分母少于 30 件的平台
    Read with care: 落在宽界（99.8%，已按平台间的过度离散放宽）之外才算超出寻常差异；超出也不等于有过错
    """
    every = with_shares(measured(used(filed(posts), scope), labels, events, measure), minimum).drop(columns=["low", "high"])
    large = every["of"] >= minimum
    table, shown = (each[large].reset_index(drop=True) for each in (every, suppress_groups(every)))
    limits = funnel_limits(table["n"], table["of"], table["of"])
    outside = (table["share"] < limits["low_wide"]) | (table["share"] > limits["high_wide"])
    named = pd.Series(["有商家回复"] if measure == "replied" else [measure], dtype="str")
    # Limits and `outside` use all counts, small ones too; the counts shown are those that `platform_ranks` shows.
    return shown.assign(**{key: value for key, value in limits.items() if key != "tau2"}, outside=outside, measure=measure,
                        measure_zh=name_of(named).iloc[0])


@metric
def platforms(posts: pd.DataFrame, labels: pd.DataFrame, events: pd.DataFrame, minimum: int = MINIMUM,
              scope: str = "virtual") -> pd.DataFrame:
    """Return one row per platform, the one with most complaints first; shares come as x, x_low, x_high.

    Columns: platform, is_known, n, n_replied, of_replied (its source gives a status), replied…, median_reply_days, of_resolved_30 (with a
    usable time), resolved_30… (confirmed by the consumer within 30 days), top_reason, top_reason_zh, top_reason_share, n_transfer,
    transfer… (led off the platform to pay), rank_low, rank_high (by reply share, 1 = highest), verdict (reply share against all others),
    note.

    Counts: 每个平台计入的投诉（同文投诉两家的，两家各计一件），及其中有回复、三十日内经消费者确认解决、被引导私下转账的
    Out of: 该平台全部计入的投诉；回复只算来源给出状态的，三十日解决率只用时间确切的
    Leaves out: 分母少于 30 件的不给比例（样本不足），少于 5 件的不给件数；回复、解决、转账为 1–4 件的也不给比例；没有写明平台的投诉
    Read with care: 投诉多少取决于平台规模，不能据此排名；判为“无法区分”的平台不应分先后
    """
    posts = filed(posts)
    chosen = used(posts, scope)
    table = _sizes(chosen)
    is_large = table["n"].fillna(0) >= minimum
    large = chosen[chosen["platform"].isin(table.loc[is_large, "platform"])]
    replied = platform_ranks(posts, labels, events, minimum=minimum, scope=scope).rename(columns=_named("replied"))
    moved = platform_ranks(posts, labels, events, "private_transfer", minimum=minimum, scope=scope).rename(columns=_named("transfer"))
    parts = (replied[["platform", *_named("replied").values(), "rank_low", "rank_high", "verdict"]],
             moved[["platform", *_named("transfer").values()]], _resolved(large, events), _median(large, events),
             _top_reason(posts, labels, minimum, scope))
    for part in parts:
        table = table.merge(part, on="platform", how="left")
    # Only the platform's size decides the note, not a withheld count of replies.
    note = pd.Series("", table.index, dtype="str").mask(~is_large, TOO_FEW).mask(table["n"].isna(), HIDDEN)
    return table.assign(note=note, verdict=table["verdict"].fillna(TOO_FEW))[_COLUMNS]


_COLUMNS = ["platform", "is_known", "n", "n_replied", "of_replied", "replied", "replied_low", "replied_high", "median_reply_days",
            "of_resolved_30", "resolved_30", "resolved_30_low", "resolved_30_high", "top_reason", "top_reason_zh", "top_reason_share",
            "n_transfer", "transfer", "transfer_low", "transfer_high", "rank_low", "rank_high", "verdict", "note"]


def _named(measure: str) -> dict[str, str]:
    return {"n": f"n_{measure}", "of": f"of_{measure}", "share": measure, "low": f"{measure}_low", "high": f"{measure}_high"}


def _sizes(posts: pd.DataFrame) -> pd.DataFrame:
    """Return platform, is_known and n (missing if under five), the largest first."""
    known = posts[posts["platform"].notna()]
    table = known.groupby("platform", observed=True).agg(n=("post_id", "size"), is_known=("platform_known", "any")).reset_index()
    table = table.sort_values(["n", "platform"], ascending=[False, True], ignore_index=True)
    return table.assign(n=table["n"].astype("Int64").mask(table["n"] < SMALL))


def _resolved(posts: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    table = durations(posts, events, list(TERMINAL))
    ends, rows = ["resolved_30", "resolved_30_low", "resolved_30_high"], []
    for name, group in table.groupby(posts["platform"]):
        of = int(group["is_timed"].sum())
        is_shown = of >= MINIMUM and not is_vague(group) and not _is_small(group)
        shares = confirmed_by(group, [30])[0] if is_shown else (np.nan,) * 3
        rows.append({"platform": name, "of_resolved_30": of if of >= SMALL else None, **dict(zip(ends, shares, strict=True))})
    return pd.DataFrame(rows, columns=["platform", "of_resolved_30", *ends]).astype({"platform": "str", "of_resolved_30": "Int64"})


def _is_small(table: pd.DataFrame) -> bool:
    """Return whether one to four posts were confirmed within 30 days: their share is withheld like all counts of that size."""
    confirmed = table["is_timed"] & (table["kind"] == "consumer_confirmed") & (table["time"] <= 30)
    return 0 < int(confirmed.sum()) < SMALL


def _median(posts: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    medians = median_reply(posts, events, scope="all", by="platform").rename(columns={"value": "median_reply_days"})
    return medians[["platform", "median_reply_days"]].astype({"platform": "str", "median_reply_days": float})


def _top_reason(posts: pd.DataFrame, labels: pd.DataFrame, minimum: int, scope: str) -> pd.DataFrame:
    mix = reasons(posts, labels, by="platform", scope=scope)
    mix = mix[(mix["of"] >= minimum) & mix["share"].notna() & (mix["n"].fillna(0) > 0)]
    top = mix.sort_values(["n", "code"], ascending=[False, True]).drop_duplicates("platform")
    return top[["platform", "code", "name_zh", "share"]].set_axis(["platform", "top_reason", "top_reason_zh", "top_reason_share"], axis=1)
