"""Data quality: statuses as found, missing values, and what each stage of the pipeline rejected."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamen_analysis.errors import TableError
from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.shares import with_shares
from kamen_analysis.records import REJECTIONS, STAGES


@metric
def statuses(posts: pd.DataFrame) -> pd.DataFrame:
    """Return the statuses of each source, worded as the source does: source, status, n, of, share, low, high, note.

    Counts: 来源页面标出该状态的帖子（原样）
    Out of: 该来源全部入库的帖子，含非投诉与重复
    Leaves out: 无；没有状态的单列一行“（未注明）”
    Read with care: 状态是抓取那一刻的，各来源的说法不同；“已完成”可能是超时自动完成
    """
    named = posts.assign(status=posts["status"].astype("str").fillna("（未注明）"))
    table = named.groupby(["source", "status"], observed=True).size().rename("n").reset_index()
    table = with_shares(table.assign(of=table.groupby("source")["n"].transform("sum")))
    table = table.sort_values(["source", "n", "status"], ascending=[True, False, True], ignore_index=True)
    return table[["source", "status", "n", "of", "share", "low", "high", "note"]]


@metric
def fill(posts: pd.DataFrame) -> pd.DataFrame:
    """Return one row per source: source, n (posts), used, undated, no_status, no_amount, no_platform, first_date, last_date, amount_total,
    last_seen.

    Counts: 各来源入库的帖子，及其中缺发布时间、缺状态、缺金额、缺投诉对象的
    Out of: 该来源全部入库的帖子，含非投诉与重复
    Leaves out: 无；缺失就是缺失，不补不猜
    Read with care: 缺失不是随机的，只用有值的部分算出的数未必代表全部
    """
    facts = posts.assign(undated=posts["posted_at"].isna(), no_status=posts["status"].isna(), no_amount=posts["amount_yuan"].isna(),
                         no_platform=posts["platform"].isna())
    return facts.groupby("source", observed=True).agg(
        n=("post_id", "size"), used=("is_used", "sum"), undated=("undated", "sum"), no_status=("no_status", "sum"),
        no_amount=("no_amount", "sum"), no_platform=("no_platform", "sum"), first_date=("posted_at", "min"), last_date=("posted_at", "max"),
        amount_total=("amount_yuan", _total), last_seen=("last_seen_at", "max")).reset_index()


def _total(amounts: pd.Series) -> float:
    """Return the sum of the amounts stated; missing, not 0, where none is."""
    return float(amounts.sum(min_count=1))


def funnel(manifest: dict[str, Any]) -> pd.DataFrame:
    """Return what each stage passed on and rejected, from a build's manifest: stage, stage_zh, unit, reason, reason_zh, n_in, n_out, n.

    One row per stage and reason; the first row of a stage (reason "") is what passed. Raises TableError if in ≠ out + rejected.

    Counts: 各环节进入、通过和按原因剔除的数目（页、条、帖、件，见单位）
    Out of: 该环节的进入数
    Leaves out: 无；进入 = 通过 + 按原因剔除，不平则拒绝出表
    Read with care: 同一条只在最先不合格的环节剔除，后面的环节不再数它；一页可以含多条，页数与条数不能相减
    """
    rows: list[dict[str, Any]] = []
    for stage in manifest["stages"]:
        rejected = sorted(stage["rejected"].items(), key=lambda item: (-item[1], item[0]))
        if stage["in"] != stage["out"] + sum(n for _, n in rejected):
            raise TableError(f"环节 {stage['stage']} 不平：进入 {stage['in']}，通过 {stage['out']}，剔除 {dict(rejected)}")
        common = {"stage": stage["stage"], "stage_zh": STAGES[stage["stage"]], "unit": stage.get("unit", "条"),
                  "n_in": stage["in"], "n_out": stage["out"]}
        rows.append({**common, "reason": "", "reason_zh": "通过", "n": stage["out"]})
        rows += [{**common, "reason": key, "reason_zh": REJECTIONS[key], "n": n} for key, n in rejected]
    table = pd.DataFrame(rows, columns=["stage", "stage_zh", "unit", "reason", "reason_zh", "n_in", "n_out", "n"])
    table.attrs.update(is_synthetic=bool(manifest.get("is_synthetic")), metric="funnel")
    return table
