"""A small processed folder on disk: what report and notebook tests open. Random tables from `factory`, with words a reader could quote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import factory
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kamen_analysis import records

PHRASES = {
    "already_activated": "客服说卡密显示已激活", "stalling": "客服让我再等三到五个工作日", "private_transfer": "卖家让我加微信转账",
    "virtual_goods": "对方说虚拟商品不支持退", "no_refund_terms": "页面写着一经售出概不退换", "burden_shift": "要我录屏证明没有用过",
    "vague_rules": "只说不符合退款条件", "time_barred": "说过了售后期", "unreachable": "第二天就把我拉黑了",
    "buck_passing": "平台让我去找厂家", "account_sanction": "说我账号异常冻结了余额",
    "partial_refund": "只肯退一半", "deny_fault": "说是我自己操作失误",
}
HOSTILE = "<script>alert(1)</script> | =1+1 | `x` #let x = [ $a$ ]{.y} *b* \\\\ ![i](http://e.example/i.png) <!-- @@body@@ -->"


def frames(count: int = 600, months: int = 10, **given: Any) -> dict[str, pd.DataFrame]:
    """Return posts, events, labels and rejected of `count` posts whose bodies hold the phrase of each label; every 50th is hostile."""
    posts = factory.posts(count, months=months, **given)
    labels = factory.labels(posts).drop_duplicates(["post_id", "code"])
    labels = labels[labels["post_id"].isin(posts.loc[posts["is_used"], "post_id"])].reset_index(drop=True)
    bodies = {post_id: "我在网上买了一张点卡。" for post_id in posts["post_id"]}
    spans = []
    for row in labels.itertuples():
        start = len(bodies[row.post_id])
        bodies[row.post_id] += PHRASES[row.code] + "。"
        spans.append((start, start + len(PHRASES[row.code])))
    labels = labels.assign(field="body", start=[s for s, _ in spans], end=[e for _, e in spans])
    posts["body"] = posts["post_id"].map(bodies)
    posts.loc[posts.index % 50 == 0, "body"] += HOSTILE
    posts["title"] = [f"买的点卡不给退 {i}" for i in range(count)]
    events = factory.events(posts)
    return {"posts": posts, "events": events, "labels": labels, "rejected": records.empty("rejected")}


def manifest(tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Return a manifest whose stages add up."""
    posts = tables["posts"]
    complaints, used = int((posts["post_type"] == "complaint").sum()), int(posts["is_used"].sum())
    stages = [("clean", len(posts), len(posts), {}), ("gate", len(posts), complaints, {"ad": len(posts) - complaints}),
              ("dedupe", complaints, used, {"near": complaints - used})]
    return {"stages": [{"stage": s, "in": i, "out": o, "rejected": {k: n for k, n in r.items() if n}} for s, i, o, r in stages],
            "version": "0", "codebook": {"version": "1", "digest": "0"}, "inputs": {}, "outputs": {}, "is_synthetic": True}


def write(root: Path, tables: dict[str, pd.DataFrame]) -> Path:
    """Write `tables` as the processed folder of `root` and return `root`."""
    folder = root / "data" / "processed"
    for name, table in tables.items():
        (folder / name).mkdir(parents=True)
        records.validate(name, table)
        arrow = pa.Table.from_pandas(table, schema=records.arrow_schema(name), preserve_index=False)
        pq.write_table(arrow, folder / name / "00000.parquet")
    (folder / "manifest.json").write_text(json.dumps(manifest(tables), ensure_ascii=False), encoding="utf-8")
    return root
