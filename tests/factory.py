"""Random tables that keep to `records.TABLES`, seeded: what metric and chart tests run on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kamen_analysis import records

CODES = ("already_activated", "stalling", "private_transfer", "virtual_goods", "no_refund_terms", "burden_shift", "vague_rules",
         "time_barred", "unreachable", "buck_passing", "account_sanction", "partial_refund", "deny_fault")
START = pd.Timestamp("2025-01-06 08:00", tz=records.ZONE)


def post(number: int, **given: Any) -> dict[str, Any]:
    """Return one valid post as a dict; any column can be given."""
    seen = START + pd.Timedelta(days=400)
    row = {
        "post_id": f"demo:{number}", "source": "demo", "url": None, "capture_file": "demo/a.warc.gz", "capture_offset": number,
        "capture_digest": "0" * 64, "posted_at": START, "posted_precision": "minute", "first_seen_at": seen, "last_seen_at": seen,
        "platform": "甲平台", "platform_known": True, "target": "甲平台", "title": "标题", "body": "正文", "truncated": False,
        "appeal": None, "amount_yuan": 100.0, "status": "处理中", "post_type": "complaint", "gate_rule": "g", "in_scope": True,
        "product": "game_topup",
        "outcome": "unclear", "dup_group": f"demo:{number}", "dup_kind": "first", "dup_size": 1, "is_used": True, "is_synthetic": True,
    }
    return {**row, **given}


def posts(count: int = 400, seed: int = 1, platforms: int = 6, months: int = 8) -> pd.DataFrame:
    """Return `count` random posts over `months`, some undated, unused, out of scope or without an amount; platforms of uneven size."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, platforms + 1)
    rows = []
    for i in range(count):
        at = START + pd.Timedelta(minutes=int(rng.integers(0, months * 30 * 1440)))
        is_complaint = bool(rng.random() < 0.9)
        rows.append(post(
            i, source=str(rng.choice(["demo", "board"])), posted_at=None if rng.random() < 0.05 else at,
            last_seen_at=START + pd.Timedelta(days=months * 30 + int(rng.integers(0, 30))),
            platform=None if rng.random() < 0.03 else f"平台{rng.choice(platforms, p=weights / weights.sum()) + 1:02d}",
            amount_yuan=None if rng.random() < 0.2 else round(float(rng.lognormal(5, 1)), 2),
            status=str(rng.choice(["处理中", "已完成"])), post_type="complaint" if is_complaint else "ad",
            is_used=is_complaint and bool(rng.random() < 0.95), in_scope=bool(rng.random() < 0.85),
            product=str(rng.choice(list(records.PRODUCTS))), outcome=str(rng.choice(list(records.OUTCOMES)))))
    return records.frame("posts", rows)


def labels(table: pd.DataFrame, seed: int = 2, mean: float = 1.6) -> pd.DataFrame:
    """Return random labels of `table`: a Poisson number of reasons a post, some twice, with spans; codes of uneven weight."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, len(CODES) + 1)
    rows = []
    for post_id in table["post_id"]:
        for code in rng.choice(CODES, size=int(rng.poisson(mean)), p=weights / weights.sum()):
            start = int(rng.integers(0, 60))
            rows.append({"post_id": post_id, "code": str(code), "decided_by": "rule", "rule": "r", "rule_version": "1",
                         "field": "title" if rng.random() < 0.1 else "body", "start": start, "end": start + 4, "score": 1.0})
    return records.frame("labels", rows)


def events(table: pd.DataFrame, seed: int = 3, bounded: float = 0.1, whole_days: bool = False) -> pd.DataFrame:
    """Return random events of `table`'s dated posts: replies, claims and endings before the last sight, a share known only by a bound."""
    rng = np.random.default_rng(seed)
    rows = []
    for row in table.itertuples():
        if pd.isna(row.posted_at):
            continue
        rows.append({"post_id": row.post_id, "kind": "posted", "at": row.posted_at, "seen_by": None, "actor": "consumer"})
        for kind, mean, chance in _HABITS:
            delay = float(rng.exponential(mean))
            at = row.posted_at + pd.Timedelta(days=round(delay) if whole_days else delay).round("s")
            if rng.random() < chance and at <= row.last_seen_at:
                known = rng.random() >= bounded
                rows.append({"post_id": row.post_id, "kind": kind, "at": at if known else None,
                             "seen_by": None if known else row.last_seen_at, "actor": "unknown"})
    return records.frame("events", rows)


_HABITS = (("assigned", 1.0, 0.9), ("merchant_replied", 6.0, 0.7), ("merchant_says_resolved", 15.0, 0.4), ("consumer_confirmed", 25.0, 0.2),
           ("auto_closed", 40.0, 0.3), ("closed", 60.0, 0.1), ("deleted", 90.0, 0.05), ("withdrawn", 50.0, 0.05))
