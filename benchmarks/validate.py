"""Do the published intervals keep their word? Worlds with known truth, drawn anew hundreds of times: `make validate`.

Prints for each metric bias, coverage of the nominal 95% interval with its own Monte-Carlo interval, and width; for alerts delay and
false alarms; for copies the share found. Ends with one JSON line. Exits 1 if an interval is shown to be wrong: see `tally.faults`.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # a world to a core: threads would only wait for one another

import pandas as pd
import yaml
from replicate import Replicate, replicate
from tally import BAND, EXCEPTIONS, alerts, copies, counts, faults, gaps, planted, tally

from kamen_analysis.metrics.alert import BACKTEST
from kamen_analysis.world import draw

TEXTS_EVERY = 20  # worlds to one whose texts are written: slow, and only copies need them
HEAD = """已知真值检验：按声明的分布反复生成合成世界，平台的隐藏特征每次重抽，真值由分布直接算出，不看抽到的样本。
注意：合成数据只能证明统计方法和程序管线，绝不能证明归类器在真实帖子上是否准确。
{n} 个世界，每个 {posts} 帖；名义区间 95%，覆盖率 {low:.0%}–{high:.0%} 为合格。
「蒙特卡罗」是覆盖率自身的 95% 区间（同一世界内的相关已计）；「未定」= 在范围外但模拟误差可解释；「偏宽」= 区间保守。
以 _null 结尾的不是区间：没有差异（改变）时一次都不误报的比例。
计件的表（used、volume、fill、coverage、funnel、explain）数的是全部，不是估计，没有区间：须与世界逐件相等。"""


def work(number: int, posts: int) -> Replicate:
    """Return the replication with this number."""
    return replicate(draw.SEED + number, posts, texts=number % TEXTS_EVERY == 0)


def run(replications: int, posts: int, jobs: int) -> list[Replicate]:
    """Return the replications in the order of their numbers; progress goes to stderr."""
    todo = partial(work, posts=posts)
    if jobs == 1:
        return list(_told(map(todo, range(replications)), replications))
    with ProcessPoolExecutor(jobs) as pool:
        return list(_told(pool.map(todo, range(replications), chunksize=4), replications))


def _told(results: Iterator[Replicate], total: int) -> Iterator[Replicate]:
    start = time.monotonic()
    for done, result in enumerate(results, 1):
        if done % 10 == 0 or done == total:
            print(f"\r{done}/{total}，{time.monotonic() - start:.0f} 秒", end="", file=sys.stderr, flush=True)
        yield result
    print(file=sys.stderr)


def lines(table: pd.DataFrame) -> Iterator[str]:
    """Yield the table as text; parts stand indented below their metric."""
    yield f"\n{'metric':<36}{'n':>7}{'bias':>10}{'coverage':>10}{'monte carlo':>15}{'width':>10}  verdict"
    for row in table.itertuples():
        name = f"  {row.part}" if row.part else row.metric
        bias = f"{row.bias:>+10.4f}" if math.isfinite(row.bias) else f"{'–':>10}"
        yield f"{name:<36}{row.n:>7}{bias}{row.coverage:>10.1%}{row.low:>8.1%}–{row.high:<6.1%}{row.width:>10.4f}  {row.verdict}"


def excused(table: pd.DataFrame) -> Iterator[str]:
    """Yield why each whole metric above the band is there."""
    for row in table[(table["part"] == "") & (table["coverage"] > BAND[1])].itertuples():
        yield f"高于 {BAND[1]:.0%}：{row.metric} {row.coverage:.1%}，{EXCEPTIONS.get(row.metric, '未列入例外')}"


def summary(table: pd.DataFrame, others: dict[str, dict[str, float]]) -> str:
    """Return the JSON line: coverage, bias and n of each metric and part; alarms, copies and outages are found or not: no interval."""
    found = {f"{row.metric}/{row.part}" if row.part else row.metric: {
        "coverage": round(row.coverage, 4), "bias": round(row.bias, 6) if math.isfinite(row.bias) else None, "n": row.n,
        "width": round(row.width, 6), "verdict": row.verdict} for row in table.itertuples()}
    return json.dumps({**found, **{name: {"coverage": None, "bias": None, **each} for name, each in others.items()}}, ensure_ascii=False)


def main(argv: list[str] | None = None) -> int:
    """Run the replications, print what they show, and return 1 if a metric's interval is shown to be wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replications", type=int, default=300)
    parser.add_argument("--posts", type=int, default=1500)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--record", action="store_true", help="write the alarms' figures where the report reads them")
    given = parser.parse_args(argv)
    print(HEAD.format(n=given.replications, posts=given.posts, low=BAND[0], high=BAND[1]), flush=True)
    replicates = run(given.replications, given.posts, given.jobs)
    table, alarms, exact = tally(replicates), alerts(replicates), counts(replicates)
    wrong = "、".join(faults(table, exact))
    print("\n".join([*lines(table), "", *excused(table), f"不合格：{wrong}" if wrong else "没有一项被证明偏窄，也没有例外以外的偏宽。"]))
    print("\n突增报警（auto：历史够两年用 Farrington，否则 C2；Farrington 用五年的世界）：")
    print("\n".join(f"  {method}：{each}" for method, each in alarms.items()))
    others = {"duplicates": copies(replicates), "gaps": gaps(replicates), **planted(replicates), **exact}
    print(f"重复帖与成套文字每 {TEXTS_EVERY} 个世界查一个；件数的 bias 是最多差几件。")
    print("\n".join(f"  {name}：{each}" for name, each in others.items()), end="\n\n")
    if given.record:
        record(alarms, given.posts)
    named = {"alerts" if method == "auto" else f"alert_methods/{method}": each for method, each in alarms.items()}
    print(summary(table, {**named, **others}))
    return int(bool(wrong))


def record(alarms: dict[str, dict[str, float]], posts: int) -> None:
    """Write what the alarms did with the planted surges where the metric reads it (`metrics.alert.backtest`)."""
    methods = {method: {key: round(value, 3) for key, value in each.items()} for method, each in alarms.items()}
    head = "# Measured by `benchmarks/validate.py --record`: surges planted in worlds of known truth. Not written by hand.\n"
    BACKTEST.write_text(head + yaml.safe_dump({"posts": posts, "methods": methods}, sort_keys=False), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
