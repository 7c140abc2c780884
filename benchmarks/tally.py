"""Turn replications into verdicts: bias, coverage with its own Monte-Carlo interval, width, by metric and by part of a metric."""

from __future__ import annotations

import numpy as np
import pandas as pd
from backtest import Alarm
from replicate import Check, Replicate

from kamen_analysis.stats import wilson

NOMINAL, BAND = 0.95, (0.93, 0.97)
# Metrics whose coverage may lie above the band, and why no interval could do better.
EXCEPTIONS = {
    "corrected_sure": "机器几乎不出错：300 件样本里见不到或只见一两件差错，差错率只能给上限，宁宽勿窄",
    "contrasts_null": "不是区间：没有差异时全族都不误报的世界所占比例，Holm 校正保证至少 95%",
    "change_points_null": "不是区间：没有改变时不误报的序列所占比例，惩罚项与置换检验都须通过，至少 95%",
    "amounts_median": "整元：界限落在出现过的金额上，两端都算在内；对取整以前的中位数见 amounts_unrounded",
    "nowcast": "整数：尚缺的件数多为 0 或 1，一个整数就占去大半概率",
    "platforms_rank": "整数：名次只能取整",
}


def tally(replicates: list[Replicate]) -> pd.DataFrame:
    """Return one row for each metric (part "") and for each of its parts: n, bias, coverage, low, high (Monte Carlo), width, verdict."""
    checks = [(*check, number) for number, each in enumerate(replicates) for check in each.checks]
    table = pd.DataFrame(checks, columns=[*Check._fields, "replicate"])
    table = table.dropna(subset=["low", "high", "truth"])
    table["covered"] = (table["low"] <= table["truth"] + 1e-12) & (table["truth"] <= table["high"] + 1e-12)
    rows = []
    for metric, group in table.groupby("metric", sort=False):
        rows.append(_row(str(metric), "", group))
        parts = list(group.groupby("part"))
        rows += [_row(str(metric), str(part), chosen) for part, chosen in parts] if len(parts) > 1 else []
    return pd.DataFrame(rows)


def _row(metric: str, part: str, group: pd.DataFrame) -> dict[str, object]:
    finite = group[np.isfinite(group["value"]) & np.isfinite(group["truth"])]
    width = (group["high"] - group["low"]).replace(np.inf, np.nan)
    share = float(group["covered"].mean())
    low, high = monte_carlo(group["covered"], group["replicate"])
    return {"metric": metric, "part": part, "n": len(group), "bias": float((finite["value"] - finite["truth"]).mean()),
            "coverage": share, "low": low, "high": high, "width": float(width.mean()), "verdict": verdict(share, low, high)}


def monte_carlo(covered: pd.Series, replicate: pd.Series) -> tuple[float, float]:
    """Return the 95% interval of a coverage: Wilson's for as many independent intervals as these are worth.

    Intervals of one world are not independent of one another; the design effect is that of a cluster sample (Kish L, Survey
    Sampling (1965), 5.4), never below 1.
    """
    share, n = float(covered.mean()), len(covered)
    off = (covered - share).groupby(replicate).sum()
    effect = float((off**2).sum()) / (n * share * (1 - share)) if 0 < share < 1 else 1.0
    worth = n / max(effect, 1.0)
    low, high = wilson(share * worth, worth)
    return float(low), float(high)


def verdict(share: float, low: float, high: float) -> str:
    """Return the verdict on a coverage with its Monte-Carlo interval: only a miss that chance cannot explain is called one."""
    if BAND[0] <= share <= BAND[1]:
        return "合格"
    if high < BAND[0]:
        return "偏窄"
    return "偏宽" if low > BAND[1] else "未定"


def faults(table: pd.DataFrame, exact: dict[str, dict[str, float]] | None = None) -> list[str]:
    """Return the metrics whose intervals are shown too narrow, or too wide without a reason among EXCEPTIONS, and counts that are off."""
    whole = table[table["part"] == ""]
    wide = (whole["verdict"] == "偏宽") & ~whole["metric"].isin(list(EXCEPTIONS))
    wrong = [name for name, each in (exact or {}).items() if each["bias"]]
    return whole.loc[(whole["verdict"] == "偏窄") | wide, "metric"].tolist() + wrong


def alerts(replicates: list[Replicate]) -> dict[str, dict[str, float]]:
    """Return for each method n worlds, share of surges found, median and longest days to the find, false alarms a year."""
    methods = sorted({method for each in replicates for method in each.alerts})
    return {method: _alarm([each.alerts[method] for each in replicates if method in each.alerts]) for method in methods}


def _alarm(alarms: list[Alarm]) -> dict[str, float]:
    found, delay, false, years = (np.asarray(column, dtype=float) for column in zip(*alarms, strict=True))
    known = delay[np.isfinite(delay)]
    days = {"delay_days": float(np.median(known)), "delay_longest": float(known.max())} if known.size else {}
    return {"n": len(found), "found": float(found.mean()), **days, "false_per_year": round(float(false.sum() / years.sum()), 3)}


def gaps(replicates: list[Replicate]) -> dict[str, float]:
    """Return n planted outages, the share found, by how many days their ends were missed on average, and how many gaps were none."""
    planted, found, off, false = np.asarray([r.gaps for r in replicates], dtype=float).sum(axis=0).tolist()
    return {"n": int(planted), "found": found / planted if planted else float("nan"),
            "days_off": round(off / found, 3) if found else float("nan"), "false": int(false)}


def copies(replicates: list[Replicate]) -> dict[str, float]:
    """Return n planted groups of copies, the share found whole and unmixed, and how many groups found were none."""
    planted, found, wrong = np.asarray([r.copies for r in replicates]).sum(axis=0).tolist()
    return {"n": planted, "found": found / planted if planted else float("nan"), "wrong": wrong}


def counts(replicates: list[Replicate]) -> dict[str, dict[str, float]]:
    """Return for each metric of counts n worlds, and by how much it was off at most: its bias, which must be 0."""
    names = replicates[0].exact if replicates else {}
    return {name: {"bias": max(r.exact[name] for r in replicates), "n": len(replicates)} for name in names}


def planted(replicates: list[Replicate]) -> dict[str, dict[str, float]]:
    """Return n planted bursts of one text and template farms, the share found whole, and bursts found that are none."""
    bursts = np.asarray([r.bursts for r in replicates], dtype=float).sum(axis=0).tolist()
    farms = np.asarray([r.farms for r in replicates], dtype=float).sum(axis=0).tolist()
    rates = {name: {"n": int(each[0]), "found": each[1] / each[0] if each[0] else float("nan")}
             for name, each in (("campaigns", bursts), ("template_farms", farms))}
    rates["campaigns"]["wrong"] = int(bursts[2])
    return rates
