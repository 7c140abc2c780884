"""How complaints end, and how many are resolved. An automatic closure is never counted as a resolution."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from kamen_analysis.metrics.keys import are_named
from kamen_analysis.metrics.names import OUTCOME_KINDS_ZH
from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.selection import used
from kamen_analysis.metrics.shares import MINIMUM, TOO_FEW, with_shares
from kamen_analysis.metrics.timeline import TERMINAL, are_followed, curve_rows, durations, is_vague, left_out, watched, with_bounds
from kamen_analysis.records import OUTCOMES
from kamen_analysis.stats import Curve, at_day, cumulative_incidence

CLAIM = "merchant_says_resolved"
ANY, ANY_ZH = "any", "凡关闭或商家自称即算（同行口径，仅供对照）"
RATIOS = {"closed": ("凡关闭即算解决", ["consumer_confirmed", CLAIM, "auto_closed", "closed"]),
          "claimed": ("商家称已解决或消费者确认", ["consumer_confirmed", CLAIM]), "confirmed": ("仅消费者确认", ["consumer_confirmed"])}
ENDS = ["consumer_confirmed", "auto_closed", "closed", "gone"]
_COLUMNS = ["day", "kind", "kind_zh", "share", "low", "high", "at_risk", "n", "of", "bound_low", "bound_high", "note"]


@metric
def outcomes(posts: pd.DataFrame, events: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Return the cumulative incidence of each outcome by whole days (Aalen–Johansen): day, kind, kind_zh, share, low, high, at_risk, n, of,
    bound_low, bound_high, note.

    consumer_confirmed, auto_closed, closed and gone (deleted, withdrawn) compete: a post ends in one of them. merchant_says_resolved is
    not an ending but a claim, counted at its first time unless the post ended before; the ending after it is counted too, so its curve
    overlaps the others. `bound_low`, `bound_high`: the share if the outcomes known only by an upper bound came late, or early.
    There is no outcome "closed without refund": no status or step of a source says that nothing was paid (已关闭 gives no reason; 12315's
    未达成调解协议, 调解失败 and 不予受理 refer to the mediation only), and the post's own account is mostly older than its closing.

    Counts: 从发布起到该日以该方式了结的投诉的累计比例
    Out of: 有发布时间、且了结时间确切或尚未了结的投诉；未了结的算到最近一次抓取为止（右删失）
    Leaves out: 没有发布时间的；只知“至迟某时已了结”的（给出上下界）；时间先后矛盾的；不足 30 件不给比例
    Read with care: 超时自动关闭不是解决；“商家称已解决”只是商家的说法，其中一部分后来由消费者确认或自动关闭，与其他曲线有重叠；
        “关闭（原因未注明）”里退款与否来源都没有写明，不能算作已退，也不能算作未退
    """
    chosen = used(posts, scope)
    parts = [_curve_table(durations(chosen, events, list(TERMINAL)), chosen, ENDS, ENDS),
             _curve_table(durations(chosen, events, [CLAIM, *TERMINAL]), chosen, [CLAIM, *ENDS], [CLAIM])]
    return pd.concat(parts, ignore_index=True)[_COLUMNS]


def _curves(posts: pd.DataFrame, events: pd.DataFrame) -> dict[str, tuple[Curve, pd.DataFrame]]:
    """Return for each kind of `resolved_by` its curve over the selected `posts`, and the table of `durations` that it is fitted to."""
    ends, claims = durations(posts, events, list(TERMINAL)), durations(posts, events, [CLAIM, *TERMINAL])
    curves = {kind: (curve, ends) for kind, curve in _fit(_timed(ends), ENDS).items()}
    return curves | {CLAIM: (_fit(_timed(claims), [CLAIM, *ENDS])[CLAIM], claims), ANY: (_any_closure(claims), claims)}


def confirmed_by(table: pd.DataFrame, days: Sequence[float]) -> list[tuple[float, float, float]]:
    """Return share, low, high of the posts that the consumer confirmed as resolved by each of `days`.

    `table`: from `durations` with the kinds of TERMINAL.
    """
    shares = at_day(_fit(_timed(table), ENDS)["consumer_confirmed"], days)
    return [(float(share), float(low), float(high)) for share, low, high in zip(*shares, strict=True)]


def _timed(table: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    timed = table[table["is_timed"]]
    return timed["time"], timed["kind"]


def _fit(spells: tuple[pd.Series, pd.Series], kinds: list[str]) -> dict[str, Curve]:
    """Return the curve of each of `kinds`, which compete; `spells`: times, and event kinds (missing: censored)."""
    time, kind = spells
    number = {name: kinds.index(TERMINAL.get(name, name)) + 1 for name in (*TERMINAL, CLAIM) if TERMINAL.get(name, name) in kinds}
    curves = cumulative_incidence(time.to_numpy(float), kind.map(number).astype(float).fillna(0).to_numpy(int), len(kinds))
    return dict(zip(kinds, curves, strict=True))


def _curve_table(table: pd.DataFrame, posts: pd.DataFrame, kinds: list[str], show: list[str]) -> pd.DataFrame:
    """Return the rows of the outcomes `show`, when all of `kinds` compete; `table`: `durations` of `posts`."""
    of = int(table["is_timed"].sum())
    if of + table["is_bounded"].sum() < MINIMUM:
        row = {"day": 0, "at_risk": of, "n": 0, "of": of, "note": TOO_FEW}
        return pd.DataFrame([{**row, "kind": kind, "kind_zh": OUTCOME_KINDS_ZH[kind]} for kind in show]).reindex(columns=_COLUMNS)
    point, rows = _fit(_timed(table), kinds), []
    for kind in show:
        own = [name for name in (*TERMINAL, CLAIM) if TERMINAL.get(name, name) == kind]
        others = [name for name in (*TERMINAL, CLAIM) if name not in own]
        fits = (_fit(with_bounds(table, early), kinds) if table["is_bounded"].any() else point for early in (others, own))
        lowest, highest = (fit[kind] for fit in fits)
        rows.append(curve_rows(point[kind], lowest, highest, table).assign(kind=kind, kind_zh=OUTCOME_KINDS_ZH[kind]))
    return pd.concat(rows, ignore_index=True).assign(of=of, note=left_out(table, posts))


def _any_closure(claims: pd.DataFrame) -> Curve:
    """Return the curve of the first claim, confirmation or closing, whichever comes first; the only competing event is "gone".

    `claims`: `durations` to the first of these.
    """
    time, kind = _timed(claims)
    number = kind.map({CLAIM: 1, **{name: 2 if end == "gone" else 1 for name, end in TERMINAL.items()}})
    return cumulative_incidence(time.to_numpy(float), number.astype(float).fillna(0).to_numpy(int), 2)[0]


@metric
def resolved_by(posts: pd.DataFrame, events: pd.DataFrame, days: tuple[int, ...] = (7, 30, 60), scope: str = "virtual") -> pd.DataFrame:
    """Return the cumulative incidence of each outcome by each of `days`: day, kind, kind_zh, n, of, share, low, high, note.

    The kind "any" is the first claim, confirmation or closing: what comparable reports call resolved.

    Counts: 发布后 7、30、60 日内以该方式了结的投诉的累计比例；“消费者确认解决”才算解决
    Out of: 同处理结果曲线：有发布时间、了结时间确切或尚未了结的投诉；商家自称与同行口径两项看的是首次自称或了结的时间，分母因此不同
    Leaves out: 没有发布时间的、只知至迟时间的；观察期不足该日数时不给比例
    Read with care: 比例是计入右删失的估计（Aalen–Johansen 累计发生率），不等于件数除以分母；
        超时自动关闭、商家自称已解决都不是解决，列在旁边供对照
    """
    chosen = used(posts, scope)
    rows = []
    for kind, (curve, table) in _curves(chosen, events).items():
        of, note, vague = int(table["is_timed"].sum()), left_out(table, chosen), is_vague(table)
        for day in days:
            share, low, high = (float(x) for x in at_day(curve, day)) if of >= MINIMUM and not vague else (float("nan"),) * 3
            why = note if share == share or vague else TOO_FEW if of < MINIMUM else "观察期不足"
            rows.append({"day": day, "kind": kind, "kind_zh": OUTCOME_KINDS_ZH.get(kind, ANY_ZH), "n": int(curve.happened(day)), "of": of,
                         "share": share, "low": low, "high": high, "note": why})
    return pd.DataFrame(rows)


@metric
def naive_ratio(posts: pd.DataFrame, events: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Return the ratios that comparable reports publish as "resolved": ratio, ratio_zh, n, of, share, low, high, note.

    Counts: 同行常用的“已完成”口径：凡有关闭、自动关闭、商家称已解决或消费者确认的都算
    Out of: 来源给出了状态或进展的投诉，不论发布多久
    Leaves out: 来源没有给出状态的；不足 30 件不给比例
    Read with care: 仅供对照：把自动关闭算作解决会偏高，把还没到期的算作未解决会偏低，不应引用
    """
    chosen = used(posts, scope)
    chosen = chosen[are_followed(chosen, events)]
    rows = []
    for key, (name, kinds) in RATIOS.items():
        hits = events.loc[events["kind"].isin(kinds), "post_id"]
        rows.append({"ratio": key, "ratio_zh": name, "n": int(are_named(chosen, hits).sum()), "of": len(chosen)})
    return with_shares(pd.DataFrame(rows))[["ratio", "ratio_zh", "n", "of", "share", "low", "high", "note"]]


@metric
def status_by_age(posts: pd.DataFrame, events: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Return the state of posts when last seen, by their age then: age, kind, kind_zh, n, of, share, low, high, note.

    Current-status data: from a source that shows a status but no times, each post gives its state at one age and nothing more.

    Counts: 最近一次抓取时已有回复、已了结的投诉，按当时距发布的天数分组
    Out of: 该组内有发布时间且来源给出状态或进展的投诉
    Leaves out: 没有发布时间或状态的；不足 30 件的组不给比例；没有投诉的组不列
    Read with care: 不同天数的组是不同的投诉，不是同一批随时间的变化；组间差别也可能来自时期不同
    """
    chosen = used(posts, scope)
    chosen = chosen[are_followed(chosen, events) & chosen["posted_at"].notna()]
    age = pd.cut(watched(chosen), [*_AGES, float("inf")], labels=_AGES_ZH, right=False).rename("age")
    rows = []
    for kind, name in STATES_ZH.items():
        kinds = [key for key in (*TERMINAL, *STATES_ZH) if TERMINAL.get(key, key) == kind]
        hits = are_named(chosen, events.loc[events["kind"].isin(kinds), "post_id"]).astype(int)
        counts = hits.groupby(age, observed=True).agg(["sum", "size"]).set_axis(["n", "of"], axis=1).reset_index()
        rows.append(counts.assign(kind=kind, kind_zh=name))
    table = with_shares(pd.concat(rows, ignore_index=True)).astype({"age": "str"})
    return table[["age", "kind", "kind_zh", "n", "of", "share", "low", "high", "note"]]


_AGES, _AGES_ZH = (0, 8, 31, 61, 181), ("0–7 天", "8–30 天", "31–60 天", "61–180 天", "181 天以上")
STATES_ZH = {"merchant_replied": "商家回复", **OUTCOME_KINDS_ZH}


@metric
def self_reported(posts: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Return the outcomes that the posts themselves report: outcome, outcome_zh, n, of, share, low, high, note.

    Counts: 帖子正文自述的结果
    Out of: 全部计入的投诉
    Leaves out: 不足 30 件不给比例
    Read with care: 多数人在问题解决前发帖，解决后很少回来改，所以“已解决”会偏低
    """
    chosen = used(posts, scope)
    n = chosen["outcome"].value_counts()
    table = pd.DataFrame({"outcome": list(OUTCOMES), "outcome_zh": list(OUTCOMES.values())}, dtype="str")
    table = with_shares(table.assign(n=table["outcome"].map(n).fillna(0).astype(int), of=len(chosen)))
    return table[["outcome", "outcome_zh", "n", "of", "share", "low", "high", "note"]]
