"""Mean waiting time within a limit: for the reply, and for a resolution the consumer confirms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.resolution import ENDS
from kamen_analysis.metrics.response import REPLY
from kamen_analysis.metrics.selection import counted
from kamen_analysis.metrics.shares import MINIMUM, TOO_FEW, suppress_groups
from kamen_analysis.metrics.timeline import TERMINAL, durations, is_vague, left_out
from kamen_analysis.stats import restricted_wait

# By measure: Chinese name, event kinds read, their numbers (1: the event waited for; others compete with it), and the limit in days.
WAITS: dict[str, tuple[str, list[str], dict[str, int], int]] = {
    "replied": ("商家首次回复", REPLY, {"merchant_replied": 1}, 30),
    "consumer_confirmed": ("消费者确认解决", list(TERMINAL), {kind: 1 + ENDS.index(end) for kind, end in TERMINAL.items()}, 60)}


@metric
def waiting(posts: pd.DataFrame, events: pd.DataFrame, by: str | None = None, scope: str = "virtual") -> pd.DataFrame:
    """Return the mean days waited within a limit (30 for the reply, 60 for a confirmed resolution), overall or by group: measure,
    measure_zh, until, value, low, high, n, of, note.

    The restricted mean (`stats.restricted_wait`): those who wait in vain count with the whole limit. Unlike the median it exists even if
    most wait in vain, and unlike the mean over those answered it does not leave the others out.

    Counts: 发布后 30 日内平均等待首次回复的天数、60 日内平均等待消费者确认解决的天数（限制平均）；没等到的按满期计；
        按平台列时，同文投诉两家的，两家各计一件
    Out of: 同首次回复曲线与处理结果曲线：有发布时间、时间确切或尚未发生的投诉（右删失）
    Leaves out: 没有发布时间的、只知至迟时间的；不足 30 件的不给数；观察期不足该期限的不给数；
        分组后等到的为 1–4 件的也不给，1–4 件的基数也是
    Read with care: 以其他方式了结（如超时自动关闭）的不算等到，按满期计；不可与只算已回复者的平均天数比较
    """
    chosen, keys = counted(posts, scope, by)
    parts = [_rows(chosen, keys, durations(chosen, events, wait[1]), measure) for measure, wait in WAITS.items()]
    return pd.concat(parts, ignore_index=True)


def _rows(posts: pd.DataFrame, keys: list[str], table: pd.DataFrame, measure: str) -> pd.DataFrame:
    name, _, number, until = WAITS[measure]
    groups = list(posts.groupby(keys, observed=True)) if keys else [((), posts)]
    rows = [{**dict(zip(keys, key, strict=True)), "measure": measure, "measure_zh": name, "until": until,
             **_wait(table.loc[group.index], group, number, until)} for key, group in groups]
    waits = pd.DataFrame(rows, columns=[*keys, "measure", "measure_zh", "until", "value", "low", "high", "n", "of", "note"])
    return suppress_groups(waits, ["value", "low", "high"]) if keys else waits


def _wait(table: pd.DataFrame, posts: pd.DataFrame, number: dict[str, int], until: int) -> dict[str, Any]:
    timed = table[table["is_timed"]]
    kind = timed["kind"].map(number).astype(float).fillna(0).to_numpy(int)
    row: dict[str, Any] = {"n": int((kind == 1).sum()), "of": len(timed), "note": left_out(table, posts)}
    if len(timed) < MINIMUM or is_vague(table):
        return {**row, "value": np.nan, "low": np.nan, "high": np.nan, "note": row["note"] if is_vague(table) else TOO_FEW}
    value, low, high = restricted_wait(timed["time"].to_numpy(float), kind, until)
    return {**row, "value": value, "low": low, "high": high, "note": row["note"] if value == value else "观察期不足"}
