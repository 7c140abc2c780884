"""Complaint counts over time: incomplete periods hatched, gaps left open."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from kamen_analysis.charts import style
from kamen_analysis.charts.festivals import marks
from kamen_analysis.charts.numbers import count, whole

_MOST, _MOST_MARKS = 6, 16  # series and festival marks drawn


def volume(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw `metrics.volume`: bars for one series, lines with markers for several (the six largest)."""
    with style.house():
        own, ax = ax is None, style.canvas(ax, 3.9)
        if table["n"].notna().sum() == 0:
            return style.calm(ax, "投诉件数", table, own)
        key = next((name for name in ("source", "platform") if name in table), None)
        periods = table[["period", "period_zh"]].drop_duplicates().sort_values("period")["period_zh"].tolist()
        names = [None] if key is None else list(table.groupby(key)["n"].sum().sort_values(ascending=False).index[:_MOST])
        series = [(table if name is None else table[table[key] == name]).set_index("period_zh").reindex(periods) for name in names]
        _shade(ax, series)
        if len(series) == 1 and "low" in table:
            _nowcast(ax, series[0])
        if len(series) == 1:
            _bars(ax, series[0])
        else:
            _lines(ax, series, [style.drawable(name) for name in names])
        _axes(ax, periods)
        _festivals(ax, table)
        return style.finish(ax, volume_finding(table), _foot(table, len(series), key), table, own)


def _numbers(rows: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return rows["n"].to_numpy(float, na_value=np.nan)


def _shade(ax: Axes, series: list[pd.DataFrame]) -> None:
    """Hatch the periods in which any series is incomplete; grey those in which all have a gap."""
    gap = np.all([rows["gap"].fillna(True).to_numpy(bool) for rows in series], axis=0)
    part = np.any([(rows["complete"].eq(False) & rows["gap"].eq(False)).to_numpy(bool) for rows in series], axis=0)
    for i in np.flatnonzero(part):
        ax.axvspan(i - 0.5, i + 0.5, facecolor="none", edgecolor=style.FAINT, hatch="///", linewidth=0, zorder=0)
    for i in np.flatnonzero(gap):
        ax.axvspan(i - 0.5, i + 0.5, facecolor=style.PALE, linewidth=0, zorder=0)
    for run in np.split(np.flatnonzero(gap), np.flatnonzero(np.diff(np.flatnonzero(gap)) > 1) + 1):
        if run.size:
            ax.text(float(run.mean()), 0.5, "缺口", transform=ax.get_xaxis_transform(), ha="center", va="center", fontsize=8,
                    color=style.QUIET, rotation=90)


def _bars(ax: Axes, rows: pd.DataFrame) -> None:
    bars = ax.bar(np.arange(len(rows)), np.nan_to_num(_numbers(rows)), width=0.72, color=style.COLOURS[0])
    for x in np.flatnonzero(rows["n"].isna() & ~rows["gap"].fillna(True).astype(bool)):
        ax.annotate("<5", (float(x), 0), (0, 2), textcoords="offset points", ha="center", fontsize=7, color=style.QUIET)
    for bar, complete in zip(bars, rows["complete"], strict=True):
        if not complete:
            bar.set(facecolor="white", edgecolor=style.COLOURS[0], hatch="////", linewidth=1)


def _nowcast(ax: Axes, rows: pd.DataFrame) -> None:
    """Draw the nowcast (columns value, low, high: the count expected once late posts are captured) as points with 95% intervals."""
    known = np.flatnonzero(rows["value"].notna())
    value, low, high = (rows[key].to_numpy(float, na_value=np.nan)[known] for key in ("value", "low", "high"))
    ax.vlines(known, low, high, color=style.COLOURS[1], linewidth=1.4, zorder=4)
    ax.plot(known, value, "D", color=style.COLOURS[1], markersize=3.5, zorder=4)


def _festivals(ax: Axes, table: pd.DataFrame) -> None:
    """Mark 春节, 618 and 双11 on the axis of periods, unless there are so many that the names would overlap."""
    starts = table["period"].drop_duplicates().sort_values().dt.tz_localize(None).reset_index(drop=True)
    ends = starts.shift(-1).fillna(starts.iloc[-1] + (starts.iloc[-1] - starts.iloc[-2] if len(starts) > 1 else pd.Timedelta(days=30)))
    days = marks(starts.iloc[0], ends.iloc[-1])
    for day, name in days if len(days) <= _MOST_MARKS else []:
        at = int(starts.searchsorted(day, side="right")) - 1
        x = at - 0.5 + (day - starts[at]) / (ends[at] - starts[at])
        ax.axvline(float(x), color=style.QUIET, linewidth=0.7, linestyle=(0, (1, 2)), zorder=1)
        ax.annotate(name, (float(x), 1), (0, 1), xycoords=("data", "axes fraction"), textcoords="offset points", ha="center", va="bottom",
                    fontsize=7.5, color=style.QUIET)


def _lines(ax: Axes, series: list[pd.DataFrame], names: list[str]) -> None:
    ends = []
    for i, rows in enumerate(series):
        y = _numbers(rows)
        known = np.flatnonzero(np.isfinite(y))
        ax.plot(np.arange(len(y)), y, marker=style.MARKERS[i], color=style.COLOURS[i], markevery=_marked(y), zorder=3)
        ends.append((float(known[-1]), float(y[known[-1]])) if known.size else (0.0, 0.0))
    style.label_ends(ax, ends, names, list(style.COLOURS))


def _marked(y: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[int]:
    """Return the points with a marker: about two dozen along the line, and every single point between two gaps, which has no line."""
    known = np.isfinite(np.concatenate([[np.nan], y, [np.nan]]))
    alone = known[1:-1] & ~known[:-2] & ~known[2:]
    step = max(1, len(y) // 24)
    return [i for i in range(len(y)) if alone[i] or i % step == 0]


def _axes(ax: Axes, periods: list[str]) -> None:
    step = max(1, -(-len(periods) // 9))
    ax.set_xticks(range(0, len(periods), step), periods[::step])
    ax.set_xlim(-0.6, len(periods) - 0.4)
    ax.set_ylim(0, None)
    ax.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.set_ylabel("件", rotation=0, labelpad=10)
    ax.grid(axis="x", visible=False)


def _foot(table: pd.DataFrame, shown: int, key: str | None) -> str:
    facts = [f"n={count(table['n'].fillna(0).sum())} 件", "斜线：该期不完整", "竖虚线：春节、618、双11"]
    if "value" in table and table["value"].notna().any():
        facts.append("菱形与竖线：补上迟到的估计及 95% 区间")
    if table.attrs.get("undated"):
        facts.append(f"另有 {count(table.attrs['undated'])} 件没有发布时间，未画")
    if table["gap"].any():
        facts.append("缺口：没有抓取，不是零")
    if key and table[key].nunique() > shown:
        facts.append(f"只画件数最多的 {shown} 个")
    return style.foot(table, *facts)


def volume_finding(table: pd.DataFrame) -> str:
    """Return the finding of a volume table: the last complete period compared with the one before, and the largest."""
    # Only periods that are complete for every source can be compared.
    comparable = table[(table["complete"] & ~table["gap"]).groupby(table["period"]).transform("all")]
    total = comparable.groupby(["period", "period_zh"])["n"].sum().reset_index().sort_values("period")
    everything = int(table["n"].fillna(0).sum())
    if total.empty or total["n"].sum() * 2 < everything:
        return f"共 {count(everything)} 件投诉，多数不在各来源都完整的期内，逐期不可比"
    top, last = total.sort_values("n").iloc[-1], total.iloc[-1]
    text = f"{last['period_zh']} 投诉 {count(last['n'])} 件"
    if len(total) > 1:
        text += _change(int(total.iloc[-2]["n"]), int(last["n"]))
    return text + (f"；最多的是 {top['period_zh']}，{count(top['n'])} 件" if top["period_zh"] != last["period_zh"] else "，为各期最多")


def _change(before: int, now: int) -> str:
    """Return the change between two counts in words, or that two Poisson counts so close do not differ significantly (5%)."""
    if (now - before) ** 2 <= 3.84 * (now + before) or before == 0:
        return f"，与上一完整期（{count(before)} 件）无法区分"
    return f"，比上一完整期{'增' if now > before else '减'} {whole(abs(now / before - 1))}%"
