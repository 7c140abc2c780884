"""How far the reasons' shares hang on choices made on the way: gate, duplicates, scope, sources, codebook."""

from __future__ import annotations

import pandas as pd

import kamen_analysis.codebook as codebook
import kamen_analysis.metrics as metrics
from kamen_analysis.data import Data
from kamen_analysis.label.posts import label_posts
from kamen_analysis.metrics.provenance import origin
from kamen_analysis.metrics.sensitivity import THRESHOLDS, Variant, variants
from kamen_analysis.report.strict import leads


def choices(data: Data, scope: str = "virtual", threshold: float = 0.6) -> pd.DataFrame:
    """Return the share of each reason under each choice: variant, code, name_zh, n, of, share, low, high, note; as built first.

    The choices are those of `metrics.sensitivity`, and where the tables were built by another codebook than today's, that too.
    `threshold`: one more similarity from which a text counts as a copy (built with `dedupe.THRESHOLD`).
    """
    tried = variants(data, leads(data.posts), scope=scope, thresholds=(threshold, *THRESHOLDS))
    parts = [metrics.reasons(one.posts, one.labels, scope=one.scope).assign(variant=one.name) for one in (*tried, *_today(data, scope))]
    table = pd.concat(parts, ignore_index=True)
    table.attrs.update(origin(data.posts))
    return table[["variant", "code", "name_zh", "n", "of", "share", "low", "high", "note"]]


def panel(data: Data, scope: str = "virtual", earlier: Data | None = None) -> pd.DataFrame:
    """Return `metrics.sensitivity` of `data` with the stricter gate, and with an earlier build where one is given."""
    return metrics.sensitivity(data, leads(data.posts), earlier, scope=scope)


def _today(data: Data, scope: str) -> list[Variant]:
    book = codebook.load()
    if data.manifest.get("codebook", {}).get("digest") == book.digest:
        return []
    return [Variant(f"按现在的编码手册（{book.version}）重编", data.posts, _recoded(data.posts), scope)]


def _recoded(posts: pd.DataFrame) -> pd.DataFrame:
    used = posts[posts["is_used"]]
    told = zip(used["post_id"], used["title"], used["body"], used["target"].astype(object).where(used["target"].notna(), None), strict=True)
    found = label_posts(dict(zip(("id", "title", "body", "target"), post, strict=True)) for post in told)
    return pd.DataFrame([(one.id, reason.code) for one in found for reason in one.reasons], columns=["post_id", "code"], dtype="str")
