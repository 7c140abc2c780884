"""Charts of platforms: interval dot plot, and the funnel plot of those that differ beyond chance."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from kamen_analysis.charts import style
from kamen_analysis.charts.dots import VERDICTS, dots, height, withheld
from kamen_analysis.charts.numbers import count, percent

MEASURES = {"replied": "有商家回复", "resolved_30": "三十天内经消费者确认解决", "transfer": "被引导私下转账"}
_MOST = 40  # platforms drawn


def platforms(table: pd.DataFrame, ax: Axes | None = None, measure: str = "replied") -> Axes:
    """Draw one share ("replied", "resolved_30", "transfer") of `metrics.platforms` as an interval dot plot, highest on top.

    For "replied" the marker shows the verdict against all other platforms: above, below, or not distinguishable.
    """
    with style.house():
        rows = table[table[measure].notna()].sort_values([measure, "platform"], ascending=[False, True]).head(_MOST)
        own, ax = ax is None, style.canvas(ax, height(len(rows)))
        if rows.empty:
            return style.calm(ax, f"各平台：{MEASURES[measure]}", table, own)
        looks = [VERDICTS[verdict] for verdict in rows["verdict"]] if measure == "replied" else None
        dots(ax, _as_shares(rows, measure), rows["platform"].tolist(), looks)
        ax.set_xlabel(f"{MEASURES[measure]}的比例；横线为 95% 区间；右侧为件数/基数")
        few = int(table[measure].isna().sum()) - _hidden(table, measure)
        facts = ["▲ 高于其余 ▼ 低于其余 ● 无法区分（错误发现率 5%）" if measure == "replied" else "",
                 f"另有 {few} 个平台不给比例" if few else "", "未按平台规模调整"]
        return style.finish(ax, platforms_finding(table, measure), style.foot(table, *facts), table, own)


def _as_shares(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the columns of one measure as share, low, high, n, of; n is missing for resolved_30, which is read off a curve."""
    of = rows[f"of_{measure}"] if f"of_{measure}" in rows else rows["n"]
    n = rows[f"n_{measure}"] if f"n_{measure}" in rows else pd.Series(pd.NA, rows.index)
    return pd.DataFrame({"share": rows[measure], "low": rows[f"{measure}_low"], "high": rows[f"{measure}_high"], "n": n, "of": of})


def _hidden(table: pd.DataFrame, measure: str) -> int:
    """Return how many platforms have a verdict on their replies although the share is withheld (fewer than five replies)."""
    return int((table["replied"].isna() & table["verdict"].isin(list(VERDICTS))).sum()) if measure == "replied" else 0


def platforms_finding(table: pd.DataFrame, measure: str = "replied") -> str:
    """Return the finding of a platforms table: the range of the shares and, for "replied", how many platforms differ from the rest."""
    rows = table[table[measure].notna()].sort_values(measure)
    if rows.empty:
        return f"各平台{MEASURES[measure]}的比例：样本不足"
    low, high = rows.iloc[0], rows.iloc[-1]
    span = f"{MEASURES[measure]}的比例在 {percent(low[measure])} 至 {percent(high[measure])} 之间"
    if len(rows) == 1:
        return f"只有 {low['platform']} 样本足够：{MEASURES[measure]}的占 {percent(low[measure])}"
    if measure != "replied":
        return f"{len(rows)} 个平台中，{span}"
    hidden = _hidden(table, measure)
    differ = int(table["verdict"].isin(["高于其余", "低于其余"]).sum())
    verdict = f"{differ} 个与其余平台有可分辨的差别" if differ else "彼此无法区分"
    return f"{len(rows) + hidden} 个平台{withheld(hidden)}中，{span}；{verdict}"


def platform_funnel(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw `metrics.platform_funnel`: each platform's share against its number of complaints, with the funnel limits."""
    with style.house():
        rows = table[table["share"].notna()].sort_values("of")
        own, ax = ax is None, style.canvas(ax, 4.6)
        if len(rows) < 3:
            return style.calm(ax, "平台间差异的漏斗图", table, own)
        _limits(ax, rows)
        inside = rows[~rows["outside"]]
        ax.plot(inside["of"], inside["share"], "o", color="#6e6e6e", markersize=5, alpha=0.8)
        _outside(ax, rows[rows["outside"]])
        ax.set_xscale("log")
        ax.set_xticks(*_size_ticks(rows["of"]))
        ax.minorticks_off()
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.set_xlabel("作分母的投诉件数（对数刻度）")
        ax.set_ylabel(f"{style.drawable(rows['measure_zh'].iloc[0])}的比例")
        facts = (f"{len(rows)} 个平台", "虚线：只有偶然时的 95% 界", "实线：计入平台间寻常差异（过度离散）后的 99.8% 界",
                 "此界比逐一与其余平台相比宽，界内的仍可能与其余有可分辨的差别", "界外不等于有过错")
        return style.finish(ax, funnel_finding(table), style.foot(table, *facts), table, own)


def _limits(ax: Axes, rows: pd.DataFrame) -> None:
    ax.axhline(float(rows["target"].iloc[0]), color=style.INK, linewidth=1)
    for low, high, dash in (("low", "high", (0, (4, 3))), ("low_wide", "high_wide", "solid")):
        for key in (low, high):
            ax.plot(rows["of"], rows[key], color=style.COLOURS[0], linewidth=1.1, linestyle=dash)


def _outside(ax: Axes, rows: pd.DataFrame) -> None:
    for row in rows.to_dict("records"):
        above = row["share"] > row["target"]
        ax.plot(row["of"], row["share"], "^" if above else "v", color=style.COLOURS[1], markersize=8)
        ax.annotate(style.drawable(row["platform"]), (row["of"], row["share"]), (6, 5 if above else -5), textcoords="offset points",
                    fontsize=8.5, va="bottom" if above else "top", color=style.COLOURS[1])


def _size_ticks(of: pd.Series) -> tuple[list[float], list[str]]:
    steps = [m * 10.0**e for e in range(1, 7) for m in (1, 2, 3, 5)]
    ticks = [step for step in steps if float(of.min()) <= step <= float(of.max())] or [float(of.min())]
    return ticks, [count(tick) for tick in ticks]


def funnel_finding(table: pd.DataFrame) -> str:
    """Return the finding of a funnel table: which platforms lie outside the wide limits."""
    rows = table[table["share"].notna()]
    if rows.empty:
        return "平台间差异：样本不足"
    out, what, total = table[table["outside"]], rows["measure_zh"].iloc[0], f"各平台合计占 {percent(rows['target'].iloc[0])}"
    among = f"{what}：{len(table)} 个平台{withheld(len(table) - len(rows))}"
    if out.empty:
        return f"{among}都在寻常差异之内（{total}）"
    names = "、".join(style.drawable(name) for name in out["platform"].head(3)) + ("等" if len(out) > 3 else "")
    return f"{among}中 {len(out)} 个超出寻常差异：{names}（{total}）"
