"""How a complaint ended by its own account: the last asserted state wins (codebook/outcomes.yaml)."""

from __future__ import annotations

from kamen_analysis.label._lexicon import MARKS, Hits
from kamen_analysis.label._reading import read

_LOOK_BACK = 6  # Characters in which a denial stands before the word it denies.


def outcome(title: str, body: str, post_type: str) -> str:
    """Return a key of `records.OUTCOMES`: resolved, partial, unresolved, or unclear (always so for what is not a complaint)."""
    if post_type != "complaint":
        return "unclear"
    hits = read(title, body).hits
    done = [end for start, end, _ in hits.get("outcome.done") if not _denied(hits, start)]
    if "outcome.part" in hits and "outcome.moneyback" in hits:
        return "partial"
    open_ends = [end for name in ("refused", "idle", "undone") for start, end, _ in hits.get(f"outcome.{name}") if not _unreal(hits, start)]
    if done and (not open_ends or max(done) >= max(open_ends)):
        return "resolved"
    if open_ends:
        return "unclear" if "outcome.pending" in hits and not _hard(hits) else "unresolved"
    return "unclear"


def _hard(hits: Hits) -> bool:
    return any(not _unreal(hits, start) for start, _, _ in hits.get("outcome.refused"))


def _denied(hits: Hits, start: int) -> bool:
    return any(0 <= start - end <= _LOOK_BACK and MARKS.isdisjoint(hits.text[end:start]) for _, end, _ in hits.get("outcome.denied"))


def _unreal(hits: Hits, start: int) -> bool:
    undone = any(s <= start < e for s, e, _ in hits.get("outcome.undo"))
    return undone or any(0 <= start - end <= 12 and MARKS.isdisjoint(hits.text[end:start]) for _, end, _ in hits.get("outcome.hearsay"))
