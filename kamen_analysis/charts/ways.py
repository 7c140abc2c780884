"""Charts of channels tried, buck-passing between bodies, reasons by a platform's age, and the coverage of sources."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from kamen_analysis.charts import style
from kamen_analysis.charts.dots import dots, height, row_limits
from kamen_analysis.charts.numbers import count, measured, percent, whole

_MOST = 16


def channels(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw `metrics.channels`: the share that tried each channel, and the share of these that report the matter solved."""
    with style.house():
        rows = table[table["share"].notna() & (table["n"] > 0)]
        own, ax = ax is None, style.canvas(ax, height(len(rows)) + 0.3)
        if rows.empty:
            return style.calm(ax, channels_finding(table), table, own)
        y = np.arange(len(rows))[::-1]
        series = (("share", "low", "high", "走过该渠道的"), ("solved", "solved_low", "solved_high", "其中自述已解决或部分解决的"))
        for i, (key, low, high, name) in enumerate(series):
            at, colour = y + (0.14 if i == 0 else -0.14), style.COLOURS[i]
            ax.hlines(at, rows[low].to_numpy(float), rows[high].to_numpy(float), color=colour, linewidth=2, alpha=0.55)
            ax.plot(rows[key].to_numpy(float), at, style.MARKERS[2 * i], color=colour, markersize=6, label=name)
        ax.set_yticks(y, [f"{row.channel_zh}（{count(row.n)}）" for row in rows.itertuples()])
        ax.set_ylim(*row_limits(len(rows)))
        ax.set_xlim(0, None)
        ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.set_xlabel("括号内为走过该渠道的件数；横线为 95% Wilson 区间；没有第二点的样本不足")
        ax.grid(axis="y", visible=False)
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, fontsize=9, borderaxespad=0.2)
        none = table.loc[table["n"] == 0, "channel_zh"].tolist()
        facts = (f"没有人写到：{'、'.join(none)}" if none else "", "自述以发帖时为准", "不是渠道的效果")
        where = style.foot(table, f"n={count(rows['of'].max())}", *facts)
        return style.finish(ax, channels_finding(table), where, table, own)


def channels_finding(table: pd.DataFrame) -> str:
    """Return the finding of a channels table: the share that names none, and the channel named most."""
    rows = table[table["share"].notna()]
    if rows.empty:
        return "走过的渠道：样本不足"
    none, named = rows[rows["channel"] == "none"], rows[rows["channel"] != "none"]
    parts = [f"{percent(none['share'].iloc[0])} 的投诉没有写走过哪个渠道"] if len(none) else []
    if len(named):
        first = named.sort_values("share", ascending=False).iloc[0]
        parts.append(f"写明的以{first['channel_zh']}最多，占 {measured(first)}")
    return "；".join(parts)


def chains(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw `metrics.chains`: for each pair of bodies, the share of buck-passing complaints in which the first sends on to the second."""
    with style.house():
        rows = table[table["share"].notna()].head(_MOST)
        own, ax = ax is None, style.canvas(ax, height(len(rows)))
        if rows.empty:
            return style.calm(ax, chains_finding(table), table, own)
        dots(ax, rows, [f"{row.source_zh} → {row.target_zh}" for row in rows.itertuples()])
        ax.set_xlabel("占“踢皮球”投诉的比例；横线为 95% Wilson 区间；右侧为件数/基数")
        where = style.foot(table, f"n={count(rows['of'].iloc[0])}", "一件可推几次，比例之和可超过 100%")
        return style.finish(ax, chains_finding(table), where, table, own)


def chains_finding(table: pd.DataFrame) -> str:
    """Return the finding of a chains table: the most frequent pair of bodies."""
    rows = table[table["share"].notna()]
    if rows.empty:
        return "谁把消费者推给谁：样本不足"
    first = rows.iloc[0]
    return f"踢皮球最多见的是{first['source_zh']}推给{first['target_zh']}，占 {measured(first)}"


def tactics_by_age(table: pd.DataFrame, ax: Axes | None = None, top: int = 6) -> Axes:
    """Draw `metrics.tactics_by_age` as a heat map: shares in per cent of the `top` reasons by the platform's age in quarters."""
    with style.house():
        shown = table[table["share"].notna()]
        codes = shown.groupby("code")["n"].sum().sort_values(ascending=False, kind="stable").index[:top]
        ages = shown[["age", "age_zh", "of"]].drop_duplicates("age").sort_values("age")
        own, ax = ax is None, style.canvas(ax, 2.1 + 0.4 * max(len(codes), 3))
        if shown.empty:
            return style.calm(ax, ages_finding(table), table, own)
        grid = shown.pivot(index="code", columns="age", values="share").reindex(index=codes, columns=ages["age"]).to_numpy(float)
        top_share = float(np.nanmax(grid))
        ax.imshow(grid, cmap="Blues", vmin=0, vmax=top_share, aspect="auto")
        for i, j in np.ndindex(*grid.shape):
            ink = "white" if grid[i, j] > 0.6 * top_share else style.INK
            ax.text(j, i, "·" if np.isnan(grid[i, j]) else whole(grid[i, j]), ha="center", va="center", fontsize=8.5, color=ink)
        names = shown.drop_duplicates("code").set_index("code")["name_zh"]
        ax.set_yticks(range(len(codes)), [names[code] for code in codes])
        below = [f"{str(name).split('及')[0]}\n{count(of)}" for name, of in zip(ages["age_zh"], ages["of"], strict=True)]
        ax.set_xticks(range(len(ages)), below, fontsize=8)
        ax.set_xlabel("平台在本数据里的季龄；下行为该季龄的投诉件数；末列含更久")
        ax.grid(False)
        ax.spines[:].set_visible(False)
        where = style.foot(table, "格：占该季龄投诉的比例（%）", "·：样本不足或件数少于 5", "后面的季只剩活得久的平台")
        return style.finish(ax, ages_finding(table), where, table, own)


def ages_finding(table: pd.DataFrame) -> str:
    """Return the finding: the reason that changed most from the first to the last age, or that no two intervals are apart."""
    rows = table[table["share"].notna()].sort_values("age")
    if rows.empty:
        return "平台越久，说法怎样变：样本不足"
    ends = rows.groupby("code").agg(name=("name_zh", "first"), a=("share", "first"), b=("share", "last"), a_low=("low", "first"),
                                    a_high=("high", "first"), b_low=("low", "last"), b_high=("high", "last"))
    moved = ends[(ends["b_low"] > ends["a_high"]) | (ends["b_high"] < ends["a_low"])]
    if moved.empty:
        return "平台头一季与最久的各季，各拒退理由的比例无法区分"
    most = moved.iloc[int((moved["b"] - moved["a"]).abs().argmax())]
    return f"“{most['name']}”在平台头一季占 {percent(most['a'])}，最久的各季占 {percent(most['b'])}"


def coverage(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw `metrics.coverage`: the time from first to last post of each source, hatched in `attrs["silences"]` (source, first, last)."""
    with style.house():
        rows = table[table["first_date"].notna()]
        own, ax = ax is None, style.canvas(ax, 1.5 + 0.42 * max(len(rows), 1))
        if rows.empty:
            return style.calm(ax, coverage_finding(table), table, own, "没有数据")
        silences = table.attrs.get("silences", [])
        for at, row in enumerate(rows.iloc[::-1].to_dict("records")):
            start, end = (row[key].tz_localize(None) for key in ("first_date", "last_date"))
            ax.barh(at, end - start, left=start, height=0.42, color=style.COLOURS[0])
            for first, last in [gap[1:] for gap in silences if gap[0] == _source_name(row)]:
                ax.barh(at, last - first + pd.Timedelta(days=1), left=first, height=0.42, facecolor="white",
                        edgecolor=style.COLOURS[1], hatch="////", linewidth=1)
        ax.set_yticks(range(len(rows)), [_source_label(row) for row in rows.iloc[::-1].to_dict("records")])
        ax.set_ylim(-0.6, len(rows) - 0.4)
        ax.grid(axis="y", visible=False)
        facts = (f"n={count(rows['n'].sum())}", "实心：有帖子的时段；斜线：静默（数是未知，不是零）")
        return style.finish(ax, coverage_finding(table), style.foot(table, *facts), table, own)


def _source_name(row: Any) -> str:
    return str(row["source_zh" if "source_zh" in row else "source"])


def _source_label(row: Any) -> str:
    n = row["n"]  # missing where it is withheld
    return f"{style.drawable(_source_name(row))}（{count(n) if isinstance(n, int) else '<5'} 件）"


def coverage_finding(table: pd.DataFrame) -> str:
    """Return the finding of a coverage table: how many sources have gaps, and of how many days in all."""
    silent = table[table["gap_days"] > 0]
    if silent.empty:
        return f"{len(table)} 个来源都没有看得出的静默"
    return f"{len(table)} 个来源中 {len(silent)} 个有静默，合计 {count(silent['gap_days'].sum())} 日没有任何帖子"
