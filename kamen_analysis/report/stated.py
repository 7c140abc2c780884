"""Payment, evidence, channels tried and remedies asked for, as stated in the posts; read from the redacted texts for each report."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kamen_analysis.codebook.coding import extraction
from kamen_analysis.label.extract import Extract, worded
from kamen_analysis.metrics.keys import Rows
from kamen_analysis.metrics.shares import with_shares

MOST = 5_000  # texts read
KINDS_ZH = {"payment": "付款方式", "evidence": "留存的证据", "channel": "走过的渠道", "remedy": "诉求"}


def facts(some: pd.DataFrame) -> pd.DataFrame:
    """Return one row per post and fact: post_id, kind, value, start (offset of its first mention in "title。body"), outcome."""
    texts = [f"{title}。{body}" for title, body in zip(some["title"], some["body"], strict=True)]
    rows = [{"post_id": post_id, "kind": kind, "value": value, "start": start, "outcome": outcome}
            for post_id, outcome, told in zip(some["post_id"], some["outcome"], worded(texts), strict=True)
            for (kind, value), start in sorted(_firsts(told).items())]
    return pd.DataFrame(rows, columns=["post_id", "kind", "value", "start", "outcome"]).astype(
        {"kind": "str", "value": "str", "start": "int64", "outcome": "str"})


def read(rows: Rows, order: Any) -> Rows:
    """Return those of the posts `rows` whose texts are read: all, or if they are more than MOST, the first of them by the blind `order`."""
    return rows if len(rows) <= MOST else rows[np.argsort(order[rows], kind="stable")[:MOST]]


def _firsts(told: list[Extract]) -> dict[tuple[str, str], int]:
    # In descending order, so that the first mention is the one that remains in the dictionary.
    facts = sorted((fact for fact in told if fact.kind in KINDS_ZH), key=lambda fact: -fact.start)
    return {(fact.kind, fact.value): fact.start for fact in facts}


def shares(found: pd.DataFrame, of: int) -> pd.DataFrame:
    """Return the share of posts that state each value of the codebook: kind, kind_zh, value, value_zh, n, of, share, low, high, note.

    `found`: from `facts`; `of`: number of posts read.
    """
    n = found.groupby(["kind", "value"]).size()
    rows = [{"kind": kind, "kind_zh": KINDS_ZH[kind], "value": value, "value_zh": words.about, "n": int(n.get((kind, value), 0)), "of": of}
            for kind, values in extraction().kinds.items() if kind in KINDS_ZH for value, words in values.items()]
    table = with_shares(pd.DataFrame(rows))
    return table.sort_values(["kind", "n", "value"], ascending=[True, False, True], ignore_index=True)

