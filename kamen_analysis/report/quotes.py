"""Redacted quotations for each refusal reason, with the deciding words marked, and whole example complaints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kamen_analysis.charts import numbers
from kamen_analysis.metrics.keys import Rows
from kamen_analysis.records import OUTCOMES
from kamen_analysis.redact.door import refuse_if_personal
from kamen_analysis.report.marks import Md, marked
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.rules import rule_name

SHOWN, LOOKED_AT = 3, 200  # quotations per reason; labels per reason among which they are chosen
WHOLE, POOL = 400, 2000  # longest body shown as a whole complaint; posts among which these are chosen


@dataclass(frozen=True)
class Quote:
    """A redacted extract: its text with the evidence marked, and its origin."""

    text: Md
    post_id: str
    source: str
    date: str
    rule: str


def quotes(measures: Measures) -> dict[str, list[Quote]]:
    """Return the clearest quotations for each code, most frequent code first: highest scores, at most one per platform, no words twice."""
    # There may be millions of labels: first choose by the few columns that decide, then read texts.
    places = measures.labels["post_id"].to_numpy()
    at = np.flatnonzero(measures.is_used.to_numpy(bool)[places])
    # Equal scores are ordered blindly, so that nobody chooses the quotations.
    best = measures.labels[["code", "score"]].iloc[at].assign(at=at, order=measures.blind_order[places[at]])
    best = best.sort_values(["code", "score", "order"], ascending=[True, False, True]).groupby("code", observed=True).head(LOOKED_AT)
    labels = measures.labels.iloc[best["at"]]
    shown = labels["post_id"].unique()
    measures.worded(np.union1d(shown, _pool(measures)))  # one reading for these posts and those of `typical`
    used = measures.named(measures.worded(shown))
    used = used[["post_id", "id", "source_zh", "posted_at", "platform", "title", "body"]]
    rows = labels.merge(used[used["post_id"].isin(labels["post_id"])], on="post_id")
    picked = {str(code): _pick(group) for code, group in rows.groupby("code")}
    _refuse_if_personal(measures, used, [quote.post_id for code_quotes in picked.values() for quote in code_quotes])
    return {code: picked[code] for code in measures.reasons["code"] if code in picked}


def typical(measures: Measures, top: int = 5) -> list[dict[str, object]]:
    """Return one whole complaint for each of the `top` reasons, chosen blindly: reason, text (evidence marked), id, source, date,
    outcome."""
    pool_rows = _pool(measures)
    pool = measures.worded(pool_rows).assign(order=measures.blind_order[pool_rows])
    pool = measures.named(pool[pool["body"].str.len().between(40, WHOLE)])
    rows = measures.labels[measures.labels["field"] == "body"].merge(pool, on="post_id").sort_values(["order", "code"])
    cases: list[dict[str, object]] = []
    for code, name in measures.reasons.loc[measures.reasons["n"].fillna(0) > 0, ["code", "name_zh"]].head(top).itertuples(index=False):
        taken = [case["id"] for case in cases]
        mine = rows[(rows["code"] == code) & ~rows["post_id"].isin(taken) & (rows["start"] < rows["end"])]
        cases += [{"reason": name, "text": marked(row["body"], row["start"], row["end"], WHOLE), "id": row["id"],
                   "source": row["source_zh"], "date": numbers.date(row["posted_at"]), "outcome": OUTCOMES[row["outcome"]]}
                  for row in mine.head(1).to_dict("records")]
    _refuse_if_personal(measures, pool, [case["id"] for case in cases])
    return cases


def _pool(measures: Measures) -> Rows:
    """Return the first POOL counted posts in the blind order."""
    used: Rows = measures.counted["post_id"].to_numpy()
    return used[np.argsort(measures.blind_order[used], kind="stable")[:POOL]]


def _refuse_if_personal(measures: Measures, posts: pd.DataFrame, shown: Sequence[object]) -> None:
    # Only the texts shown are checked here: all texts were when the tables were written.
    refuse_if_personal("posts", posts.loc[posts["id"].isin(shown), ["title", "body"]], measures.home.processed)


def _pick(rows: pd.DataFrame) -> list[Quote]:
    picked: list[Quote] = []
    seen: set[object] = set()
    for row in rows.to_dict("records"):
        text = row[row["field"]]
        # In a table edited by hand a span may lie outside the text: such a row is no evidence.
        words = text[row["start"]: row["end"]].strip()
        if not words or words in seen or row["platform"] in seen:
            continue
        seen |= {words} if numbers.is_missing(row["platform"]) else {words, row["platform"]}
        quote = marked(text, row["start"], row["end"])
        picked.append(Quote(quote, row["id"], row["source_zh"], numbers.date(row["posted_at"]), rule_name(row["rule"])))
        if len(picked) == SHOWN:
            break
    return picked
