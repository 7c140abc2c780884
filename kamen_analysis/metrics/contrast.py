"""Whether a platform replies or settles differently from all others: log-rank and Gray's test, adjusted for all platforms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kamen_analysis.metrics.names import OUTCOME_KINDS_ZH
from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.resolution import CLAIM, ENDS
from kamen_analysis.metrics.response import REPLY
from kamen_analysis.metrics.selection import filed, used
from kamen_analysis.metrics.shares import MINIMUM, SMALL, TOO_FEW
from kamen_analysis.metrics.timeline import TERMINAL, VAGUE, durations, is_vague
from kamen_analysis.stats import Spells, count_spells, gray_spells, gray_test, holm, incidence_at, logrank_spells, logrank_test

ALL, DAY = "全部平台之间", 30
GIVES_BACK = "件数不列，由它可减出 1–4 件"
TOO_SHORT = f"观察期不足 {DAY} 日"
_ENDED = {kind: ENDS.index(end) + 1 for kind, end in TERMINAL.items()}
_COLUMNS = ["measure", "measure_zh", "platform", "n", "of", "share", "value", "low", "high", "p", "p_holm", "verdict", "note"]


@metric
def contrasts(posts: pd.DataFrame, events: pd.DataFrame, scope: str = "virtual", minimum: int = MINIMUM) -> pd.DataFrame:
    """Compare every platform with all others, by the time to a reply, to the merchant's claim and to each ending: measure, measure_zh,
    platform, n, of, share, value, low, high, p, p_holm, verdict, note.

    `share`: cumulative incidence by day 30; `value`: its difference from that of all other platforms together (`low`, `high`: the two
    log-log intervals combined by square-and-add, Zou GY, Donner A, Stat Med 2008;27:1693). p: log-rank test for the reply, which has no
    competing event (Mantel 1966), Gray's for the claim and the endings, which compete (Gray RJ, Ann Stat 1988;16:1141); times rounded up
    to whole days, later ones to weeks and months, ties exact. With few events a platform's score is skewed, so its p is from Pearson's
    type III law (`stats.skewed`). p_holm: Holm's over all platforms and measures. verdict: the direction of the test, that is of the whole
    curve, which at day 30 alone may differ. The row 全部平台之间 tests all platforms at once and has no share.

    Counts: 该平台有回复、或以该方式了结的投诉
    Out of: 该平台有发布时间、时间确切或尚未发生的投诉；没有发生的算到最近一次抓取（右删失）
    Leaves out: 少于 30 件、或按全部平台的比例推算不到 5 件事件的平台；只知至迟时间的；这类占五分之一以上时整项不比；
        该平台或其余平台的事件不足 5 件、或观察不满 30 日时不给比例与差值；能由总数相减得出 1–4 件时总数也不给
    Read with care: 逐个平台与其余全部相比，错误以全族 5% 控制（Holm）；没有按商品与时期调整；无法区分不等于相同；判断看整条曲线，
        不只第 30 日；“商家称已解决”只是商家的说法，计其首次，先以别的方式了结的不算
    """
    chosen = used(filed(posts), scope)
    chosen = chosen[chosen["platform"].notna()]
    # Name, event kinds read, their numbers among the competing events, and the number of the event of interest.
    measures = {"replied": ("商家首次回复", REPLY, {"merchant_replied": 1}, 1),
                CLAIM: (OUTCOME_KINDS_ZH[CLAIM], [CLAIM, *TERMINAL], {**_ENDED, CLAIM: len(ENDS) + 1}, len(ENDS) + 1),
                **{kind: (OUTCOME_KINDS_ZH[kind], list(TERMINAL), _ENDED, ENDS.index(kind) + 1) for kind in ENDS}}
    tables = {tuple(kinds): durations(chosen, events, kinds) for _, kinds, _, _ in measures.values()}  # the endings share one table
    parts = []
    for key, (name, kinds, number, which) in measures.items():
        rows = _compared(tables[tuple(kinds)], chosen["platform"], number, which, minimum)
        parts.append(pd.DataFrame(rows, columns=[*_COLUMNS[2:], "direction"]).assign(measure=key, measure_zh=name))
    words = {"platform": "str", "note": "str", "direction": "str"}
    table = pd.concat(parts, ignore_index=True).astype({**words, "p": float, "value": float, "n": "Int64"})
    single = table["platform"] != ALL
    table["p_holm"] = holm(table["p"].where(single))
    significant = table["p_holm"].where(single, table["p"]) < 0.05
    verdict = np.where(table["p"].isna(), TOO_FEW, np.where(significant & (table["direction"] != ""), table["direction"], "无法区分"))
    return table.assign(verdict=pd.Series(verdict, table.index, dtype="str"))[_COLUMNS]


def _compared(table: pd.DataFrame, platform: pd.Series, number: dict[str, int], which: int, minimum: int) -> list[dict[str, Any]]:
    """Return a row testing all platforms at once and one for each platform with at least `minimum` readable times; `direction`: the
    verdict if its p is small enough."""
    timed = table["is_timed"]
    if is_vague(table):
        return [{"platform": ALL, "n": 0, "of": int(timed.sum()), "note": VAGUE}]
    time = np.ceil(table.loc[timed, "time"].to_numpy(float))
    kind = table.loc[timed, "kind"].map(number).astype(float).fillna(0).to_numpy(int)
    group, names = pd.factorize(platform[timed], sort=True)
    if len(names) < 2:
        return []
    spells = count_spells(time, kind, group, which)
    of, n = np.bincount(group, minlength=len(names)), np.bincount(group[kind == which], minlength=len(names))
    test, single = (logrank_spells, logrank_test) if len(number) == 1 else (gray_spells, gray_test)
    large = np.flatnonzero((of >= minimum) & (of.sum() - of >= minimum))
    coarse = count_spells(_coarse(time), kind, group, which)
    overall = test(coarse.only(large))[1] if len(large) > 1 else None
    small = int(n[large][n[large] < SMALL].sum())  # Withheld below: the total would give them back where they add up to under 5.
    total = None if 0 < small < SMALL else int(n[large].sum())
    note = GIVES_BACK if total is None else ""
    rows: list[dict[str, Any]] = [{"platform": ALL, "n": total, "of": int(of[large].sum()), "p": overall, "note": note,
                                   "direction": "平台之间有差异"}]
    shares, is_short = _shares(spells), _last_day(time, kind, group) < DAY
    expected = of * n.sum() / max(of.sum(), 1)  # from sizes alone: which platforms are tested must not depend on their own events
    for i in large.tolist():
        z, p = single(coarse.against_rest(i)) if expected[i] >= SMALL else (np.nan, np.nan)
        few = _few(n[i], n.sum() - n[i])
        hidden = few or (TOO_SHORT if is_short[i] else "")
        rows.append({"platform": names[i], "n": None if 0 < n[i] < SMALL else int(n[i]), "of": int(of[i]), "p": p,
                     "note": hidden if expected[i] >= SMALL else TOO_FEW,
                     "direction": "" if few else "高于其余" if z > 0 else "低于其余",
                     **({} if hidden else {key: float(each[i]) for key, each in shares.items()})})
    return rows


def _shares(spells: Spells) -> dict[str, Any]:
    """Return for each group share, value, low and high: its incidence by DAY, and the difference from that of all others together."""
    (a, al, ah), (b, bl, bh) = incidence_at(spells, DAY), incidence_at(spells.rest(), DAY)
    return {"share": a, "value": a - b, "low": a - b - np.hypot(a - al, bh - b), "high": a - b + np.hypot(ah - a, b - bl)}


def _last_day(time: Any, kind: Any, group: Any) -> Any:
    """Return the last day on which the curves of each group and of all others together are known: for a group its longest spell, or
    infinity if nobody of it is left then."""
    longest = np.zeros(int(group.max()) + 1)
    np.maximum.at(longest, group, time)
    watched = np.bincount(group[(time == longest[group]) & (kind == 0)], minlength=len(longest)) > 0
    second, first = np.sort(longest)[-2:]
    others = np.where(np.arange(len(longest)) == longest.argmax(), second, first)
    return np.minimum(np.where(watched, longest, np.inf), others)


def _few(own: int, rest: int) -> str:
    """Return the note on which side of a comparison has too few events for a share; empty if neither has."""
    if own < SMALL:
        return "事件不足 5 件" if rest >= SMALL else "该平台与其余平台的事件都不足 5 件"
    return "" if rest >= SMALL else "其余平台事件不足 5 件"


def _coarse(days: Any) -> Any:
    """Round times up: days for two weeks, then weeks for eight, then months; all platforms × all days would be too large a table."""
    weeks, months = 14 + 7 * np.ceil((days - 14) / 7), 70 + 30 * np.ceil((days - 70) / 30)
    return np.where(days <= 14, days, np.where(days <= 70, weeks, months))
