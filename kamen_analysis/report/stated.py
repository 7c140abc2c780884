"""What the posts say of payment, evidence, channels tried and remedy asked; read from the redacted text when the report is made."""

from __future__ import annotations

import pandas as pd

from kamen_analysis.codebook.coding import extraction
from kamen_analysis.label.extract import extract
from kamen_analysis.metrics.shares import suppress, with_shares

MOST = 5_000
KINDS_ZH = {"payment": "付款方式", "evidence": "留存的证据", "channel": "走过的渠道", "remedy": "诉求"}
SOLVED = ("resolved", "partial")


def facts(used: pd.DataFrame) -> pd.DataFrame:
    """Return one row a post and fact: post_id, kind, value, outcome. Of more than MOST posts a fixed, blind choice is read."""
    if len(used) > MOST:
        order = pd.util.hash_pandas_object(used["id" if "id" in used else "post_id"], index=False)
        used = used.loc[order.nsmallest(MOST).index]
    rows = [{"post_id": post_id, "kind": kind, "value": value, "outcome": outcome}
            for post_id, title, body, outcome in zip(used["post_id"], used["title"], used["body"], used["outcome"], strict=True)
            for kind, value in sorted({(fact.kind, fact.value) for fact in extract(f"{title}。{body}") if fact.kind in KINDS_ZH})]
    return pd.DataFrame(rows, columns=["post_id", "kind", "value", "outcome"]).astype(
        {"kind": "str", "value": "str", "outcome": "str"})


def shares(found: pd.DataFrame, of: int) -> pd.DataFrame:
    """Return, for each kind and value of the codebook, how many of `of` posts state it: n, of, share, low, high, note."""
    n = found.groupby(["kind", "value"]).size()
    rows = [{"kind": kind, "kind_zh": KINDS_ZH[kind], "value": value, "value_zh": words.about, "n": int(n.get((kind, value), 0)), "of": of}
            for kind, values in extraction().kinds.items() if kind in KINDS_ZH for value, words in values.items()]
    table = with_shares(pd.DataFrame(rows))
    return table.sort_values(["kind", "n", "value"], ascending=[True, False, True], ignore_index=True)


def solved(found: pd.DataFrame) -> pd.DataFrame:
    """Return, for each channel, the share of the posts naming it that say the matter was solved, at least in part."""
    tried = found[found["kind"] == "channel"]
    names = {value: words.about for value, words in extraction().kinds["channel"].items()}
    counts = tried.assign(n=tried["outcome"].isin(SOLVED).astype(int)).groupby("value")["n"].agg(n="sum", of="size").reset_index()
    table = suppress(with_shares(counts.assign(value_zh=counts["value"].map(names).astype("str"))))
    return table.sort_values(["of", "value"], ascending=[False, True], ignore_index=True)
