"""From replications to verdicts: bias, coverage with its own Monte-Carlo interval, width, by metric and by part of a metric."""

from __future__ import annotations

import numpy as np
import pandas as pd
from replicate import Check, Replicate

from kamen_analysis.stats import wilson

NOMINAL, BAND = 0.95, (0.93, 0.97)


def tally(replicates: list[Replicate]) -> pd.DataFrame:
    """Return one row a metric (part "") and one a part of it: n, bias, coverage, low, high (Monte Carlo), width, verdict."""
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


def alerts(replicates: list[Replicate]) -> dict[str, float]:
    """Return n worlds, share of surges found, median and longest days to the find, false alarms a year."""
    found, delay, false, years = (np.asarray(column, dtype=float) for column in zip(*(r.alerts for r in replicates), strict=True))
    known = delay[np.isfinite(delay)]
    days = {"delay_days": float(np.median(known)), "delay_longest": float(known.max())} if known.size else {}
    return {"n": len(found), "found": float(found.mean()), **days, "false_per_year": float(false.sum() / years.sum())}


def copies(replicates: list[Replicate]) -> dict[str, float]:
    """Return n planted groups of copies, the share found whole and unmixed, and how many groups found were none."""
    planted, found, wrong = np.asarray([r.copies for r in replicates]).sum(axis=0).tolist()
    return {"n": planted, "found": found / planted if planted else float("nan"), "wrong": wrong}
