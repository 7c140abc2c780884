"""Two or three redacted quotations for each refusal reason, with the deciding words marked."""

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

SHOWN, LOOKED_AT = 3, 200
WHOLE, POOL = 400, 2000


@dataclass(frozen=True)
class Quote:
    """A redacted extract: its words with the evidence marked, and where it comes from."""

    text: Md
    post_id: str
    source: str
    date: str
    rule: str


def quotes(measures: Measures) -> dict[str, list[Quote]]:
    """Return for each code, the most frequent first, its clearest quotations: best score, one a platform, no words twice."""
    # Of a million labels only what they are chosen by is looked at.
    places = measures.labels["post_id"].to_numpy()
    at = np.flatnonzero(measures.is_used.to_numpy(bool)[places])
    # Among equal scores a fixed order that knows nothing of date or content: nobody picks the words.
    few = measures.labels[["code", "score"]].iloc[at].assign(at=at, order=measures.blind_order[places[at]])
    few = few.sort_values(["code", "score", "order"], ascending=[True, False, True]).groupby("code", observed=True).head(LOOKED_AT)
    labels = measures.labels.iloc[few["at"]]
    shown = labels["post_id"].unique()
    measures.worded(np.union1d(shown, _pool(measures)))  # read with those of `typical`
    used = measures.named(measures.worded(shown))
    used = used[["post_id", "id", "source_zh", "posted_at", "platform", "title", "body"]]
    rows = labels.merge(used[used["post_id"].isin(labels["post_id"])], on="post_id")
    found = {str(code): _pick(group) for code, group in rows.groupby("code")}
    _refuse_if_personal(used, [quote.post_id for picked in found.values() for quote in picked])
    return {code: found[code] for code in measures.reasons["code"] if code in found}


def typical(measures: Measures, top: int = 5) -> list[dict[str, object]]:
    """Return one whole complaint for each of the `top` reasons, in a fixed blind order: reason, text (evidence marked), id, source…"""
    first = _pool(measures)
    pool = measures.worded(first).assign(order=measures.blind_order[first])
    pool = measures.named(pool[pool["body"].str.len().between(40, WHOLE)])
    rows = measures.labels[measures.labels["field"] == "body"].merge(pool, on="post_id").sort_values(["order", "code"])
    found: list[dict[str, object]] = []
    for code, name in measures.reasons.loc[measures.reasons["n"].fillna(0) > 0, ["code", "name_zh"]].head(top).itertuples(index=False):
        taken = [case["id"] for case in found]
        mine = rows[(rows["code"] == code) & ~rows["post_id"].isin(taken) & (rows["start"] < rows["end"])]
        found += [{"reason": name, "text": marked(row["body"], row["start"], row["end"], WHOLE), "id": row["id"],
                   "source": row["source_zh"], "date": numbers.date(row["posted_at"]), "outcome": OUTCOMES[row["outcome"]]}
                  for row in mine.head(1).to_dict("records")]
    _refuse_if_personal(pool, [case["id"] for case in found])
    return found


def _pool(measures: Measures) -> Rows:
    used: Rows = measures.counted["post_id"].to_numpy()
    return used[np.argsort(measures.blind_order[used], kind="stable")[:POOL]]


def _refuse_if_personal(posts: pd.DataFrame, shown: Sequence[object]) -> None:
    # What stays behind was looked through when the tables were written.
    refuse_if_personal("posts", posts.loc[posts["id"].isin(shown), ["title", "body"]])


def _pick(rows: pd.DataFrame) -> list[Quote]:
    picked: list[Quote] = []
    seen: set[object] = set()
    for row in rows.to_dict("records"):
        text = row[row["field"]]
        # Spans of a table that was edited by hand may point past the text: such a row is no evidence.
        words = text[row["start"]: row["end"]].strip()
        if not words or words in seen or row["platform"] in seen:
            continue
        seen |= {words} if numbers.is_missing(row["platform"]) else {words, row["platform"]}
        quote = marked(text, row["start"], row["end"])
        picked.append(Quote(quote, row["id"], row["source_zh"], numbers.date(row["posted_at"]), rule_name(row["rule"])))
        if len(picked) == SHOWN:
            break
    return picked
