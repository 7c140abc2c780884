"""The findings of the summary: sentences built from measured figures only, ordered by the strength of their evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from kamen_analysis.charts import numbers
from kamen_analysis.report.measures import Measures
from kamen_analysis.stats import newcombe

MOST, FIRST = 5, 3  # findings in all; the last place that the leading reason may have
ALIKE = "无法区分"


@dataclass(frozen=True)
class Finding:
    """One sentence, the key of its table, and its strength: distance from the value it is compared with, in half-widths of its interval.

    `is_clear` is False if the interval reaches that value; the sentence then says 无法区分.
    """

    text: str
    table: str
    strength: float
    is_clear: bool = True


def findings(measures: Measures) -> list[Finding]:
    """Return at most MOST findings: clear ones first, then by strength; none if the sample is too small.

    The leading refusal reason, the report's subject, is always among them and never after the third place.
    """
    seen = set(measures.events.loc[measures.is_used.to_numpy(bool)[measures.events["post_id"]], "kind"].unique())
    makers = [make for make in MAKERS if make not in NEEDED or NEEDED[make] in seen]
    made = [finding for make in makers if (finding := make(measures)) is not None]
    ranked = sorted(made, key=lambda f: (not f.is_clear, -f.strength))
    return sorted(ranked, key=lambda f: min(ranked.index(f), FIRST - 1.5 if f.table == "reasons" else MOST * 2))[:MOST]


def _against(row: pd.Series, low: float, high: float) -> tuple[bool, float]:
    """Return whether the interval of `row` does not meet [low, high], and the strength (see `Finding`) against their middle."""
    half = (row["high"] - row["low"]) / 2
    return row["low"] > high or row["high"] < low, abs(row["share"] - (low + high) / 2) / half if half else 0.0


def _share(row: pd.Series) -> str:
    return numbers.share(row["share"], row["low"], row["high"], row["of"])


def _top_reason(m: Measures) -> Finding | None:
    first, second = m.reasons.iloc[0], m.reasons.iloc[1]
    if numbers.is_missing(first["share"]) or not first["n"]:
        return None
    clear, strength = _against(first, second["low"], second["high"])
    rest = f"高于第二位“{second['name_zh']}”（{numbers.percent(second['share'])}）" if clear else \
        f"与第二位“{second['name_zh']}”（{numbers.percent(second['share'])}）{ALIKE}"
    return Finding(f"投诉反映的拒退理由中，“{first['name_zh']}”占 {_share(first)}，{rest}。", "reasons", strength, clear)


def _change(m: Measures) -> Finding | None:
    if m.change is None:
        return None
    code = m.reasons.iloc[0]["code"]
    new, old = (table.set_index("code").loc[code] for table in (m.change.now, m.change.before))
    if numbers.is_missing(new["share"]) or numbers.is_missing(old["share"]):
        return None
    gap, low, high = (float(value) for value in newcombe(new["n"], new["of"], old["n"], old["of"]))
    clear = not low <= 0 <= high
    tail = "" if clear else f"，与之前{ALIKE}"
    text = (f"“{new['name_zh']}”的占比，{m.change.now_zh}比{m.change.before_zh}变动 {numbers.points_interval(gap, low, high)}{tail}"
            f"（n={numbers.count(new['of'])} 与 {numbers.count(old['of'])}）。")
    return Finding(text, "moved", abs(gap) / ((high - low) / 2) if high > low else 0.0, clear)


def _reply(m: Measures) -> Finding | None:
    row = m.replies.iloc[0]
    if numbers.is_missing(row["share"]):
        return None
    clear, strength = _against(row, 0.5, 0.5)
    half = ("过半" if row["share"] > 0.5 else "不到一半") if clear else f"是否过半{ALIKE}"
    median = m.median_reply.iloc[0]
    when = "" if numbers.is_missing(median["value"]) else \
        f"；半数投诉在 {numbers.days(median['value'])}内得到首次回复（n={numbers.count(median['of'])}）"
    return Finding(f"已见商家公开回复的投诉占 {_share(row)}，{half}{when}。", "replies", strength, clear)


def _resolved(m: Measures) -> Finding | None:
    by_30 = m.resolved_by[m.resolved_by["day"] == 30]
    row, other = (by_30[by_30["kind"] == kind].iloc[0] for kind in ("consumer_confirmed", "any"))
    if numbers.is_missing(row["share"]) or numbers.is_missing(other["share"]):
        return None
    clear, strength = _against(row, other["low"], other["high"])
    alike = "" if clear else f"，两者{ALIKE}"
    tail = f"；若把关闭、自动关闭和商家自称都算作解决，同样 30 日内会是 {numbers.percent(other['share'])}{alike}"
    return Finding(f"发布后 30 日内经消费者确认解决的占 {_share(row)}{tail}。", "resolved", strength, clear)


def _late(m: Measures) -> Finding | None:
    rows = m.clocks[m.clocks["share"].notna()]
    rows = rows[rows["unit"] == "日"]
    if rows.empty:
        return None
    row = rows.iloc[0]
    clear, strength = _against(row, 0.5, 0.5)
    half = ("超过半数" if row["share"] > 0.5 else "不到半数") if clear else f"是否过半{ALIKE}"
    return Finding(f"抓取时已过期限的投诉中，{row['clock_zh']}的占 {_share(row)}，{half}。", "clocks", strength, clear)


def _platforms(m: Measures) -> Finding | None:
    # A platform whose number of replies is withheld was compared like the others, so its verdict counts too.
    rows = m.platforms[m.platforms["verdict"].isin(["高于其余", "低于其余", ALIKE])]
    if len(rows) < 2:
        return None
    few = int(rows["replied"].isna().sum())
    high, low = (rows.loc[rows["verdict"] == word, "platform"].tolist() for word in ("高于其余", "低于其余"))
    alike = len(rows) - len(high) - len(low)
    text = (f"来源给出状态的投诉满 30 件的 {len(rows)} 个平台中，回复率高于其余平台的 {len(high)} 个、低于其余的 {len(low)} 个，"
            f"{alike} 个与其余{ALIKE}（错误发现率 5%，n={numbers.count(rows['of_replied'].sum())}）"
            f"{f'；其中 {few} 个件数过少，不列比例' if few else ''}。")
    return Finding(text, "platforms", float(len(high) + len(low)), bool(high or low))


def _amount(m: Measures) -> Finding | None:
    row = m.amounts.iloc[0]
    if numbers.is_missing(row["median"]):
        return None
    span = f"{numbers.yuan(row['low'])}–{numbers.yuan(row['high'])}"
    text = (f"写明金额的投诉，涉诉金额中位数 {numbers.yuan(row['median'])}（95% 区间 {span}，n={numbers.count(row['n'])}），"
            f"合计 {numbers.yuan(row['total'])}；另有 {numbers.count(row['unknown'])} 件未写明金额。")
    return Finding(text, "amounts", 0.0)


# These findings are left out if no source ever shows the event: its absence would then say nothing about merchants.
NEEDED = {_reply: "merchant_replied", _platforms: "merchant_replied", _resolved: "consumer_confirmed", _late: "consumer_confirmed"}
MAKERS: tuple[Callable[[Measures], Finding | None], ...] = (_top_reason, _change, _reply, _resolved, _late, _platforms, _amount)
