"""Alternative text: what a chart shows, in words, for readers who cannot see it."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from kamen_analysis.charts import (
    beside,
    coding,
    compare,
    curves,
    dates,
    facts,
    order,
    platform,
    refusal,
    streams,
    style,
    trend,
    variants,
    ways,
)
from kamen_analysis.charts.numbers import interval_percent, percent
from kamen_analysis.errors import KamenError

_FINDINGS: dict[str, tuple[str, Callable[[pd.DataFrame], str]]] = {
    "volume": ("投诉件数随时间的折线或柱图", trend.volume_finding),
    "calendar": ("每日投诉件数的日历热力图", dates.calendar_finding),
    "flow": ("从首要理由经商家回复到了结方式的流向图", streams.flow_finding),
    "reasons": ("拒退理由占比的区间点图", refusal.reasons_finding),
    "reasons_by_month": ("各拒退理由月度占比的小图组", refusal.months_finding),
    "cooccurrence": ("拒退理由共现热力图", refusal.pairs_finding),
    "time_to_reply": ("首次回复累计比例曲线", curves.reply_finding),
    "outcomes": ("各种了结方式的累计比例曲线", curves.outcomes_finding),
    "platforms": ("各平台比例的区间点图", platform.platforms_finding),
    "platform_funnel": ("平台比例对件数的漏斗图", platform.funnel_finding),
    "platform_ranks": ("各平台可能名次的区间图", compare.ranks_finding),
    "changes": ("拒退理由占比变动的区间点图", compare.changes_finding),
    "amounts": ("涉诉金额中位数与四分位图", facts.amounts_finding),
    "self_reported": ("自述结果的区间点图", lambda table: facts.shares_finding(table, "outcome_zh", "帖子自述的结果")),
    "products": ("投诉商品占比的区间点图", lambda table: facts.shares_finding(table, "product_zh", "投诉的商品")),
    "naive_ratio": ("不同口径解决率的区间点图", lambda table: facts.shares_finding(table, "ratio_zh", "不同口径的“解决率”")),
    "clocks": ("超过法定期限比例的区间点图", lambda table: facts.shares_finding(table, "clock_zh", "超过法定期限对照")),
    "choices": ("一个比例在各种做法下的区间点图", variants.choices_finding),
    "agreement": ("各编码一致度的区间点图", coding.agreement_finding),
    "accuracy": ("各编码查准率与查全率的区间点图", coding.accuracy_finding),
    "corrected": ("机器比例与校正后比例的区间点图", beside.corrected_finding),
    "holidays": ("节日各周与平常周之比的区间点图", beside.holidays_finding),
    "contrasts": ("各平台与其余平台之差的区间点图", beside.contrasts_finding),
    "tactic_order": ("讲述先后的区间点图", order.order_finding),
    "sequences": ("整条讲述顺序的区间点图", order.sequences_finding),
    "channels": ("走过的渠道与自述解决比例的区间点图", ways.channels_finding),
    "chains": ("推诿双方的区间点图", ways.chains_finding),
    "tactics_by_age": ("拒退理由占比随平台季龄变化的热力图", ways.ages_finding),
    "coverage": ("各来源起止与静默的时段图", ways.coverage_finding),
    "funnel": ("从抓取到计入的流程条图", facts.funnel_finding),
}
_NAMES = {"reasons": "name_zh", "self_reported": "outcome_zh", "products": "product_zh", "naive_ratio": "ratio_zh", "clocks": "clock_zh",
          "platform_funnel": "platform", "channels": "channel_zh", "choices": "variant"}


def finding(name: str, table: pd.DataFrame) -> str:
    """Return the finding that the chart `name` of `table` has as its title. Raises KamenError for an unknown chart."""
    return _entry(name)[1](table)


def alt_text(name: str, table: pd.DataFrame) -> str:
    """Return the alternative text of the chart `name` of `table`: the kind of chart, its finding, and its five largest shares."""
    kind, find = _entry(name)
    mark = f"（{style.MARK}）" if table.attrs.get("is_synthetic") else ""
    return f"{kind}{mark}。{find(table)}。{_numbers(name, table)}"


def _entry(name: str) -> tuple[str, Callable[[pd.DataFrame], str]]:
    if name not in _FINDINGS:
        raise KamenError(f"没有这张图：{name!r}，可选：{'、'.join(sorted(_FINDINGS))}")
    return _FINDINGS[name]


def _numbers(name: str, table: pd.DataFrame) -> str:
    if name not in _NAMES:
        return ""
    rows = table[table["share"].notna()].sort_values("share", ascending=False).head(5)
    parts = [f"{row[_NAMES[name]]} {percent(row['share'])}" + (f"（{span}）" if (span := interval_percent(row["low"], row["high"])) else "")
             for _, row in rows.iterrows()]
    return f"最高的几项：{'；'.join(parts)}。" if parts else ""
