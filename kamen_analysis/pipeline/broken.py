"""Captures damaged in places: the rest of the file is still read, and each unreadable stretch becomes a rejected page and a dated gap."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kamen_analysis.captures.members import Damage
from kamen_analysis.captures.page import Page
from kamen_analysis.sources import audit, base, columns

if TYPE_CHECKING:
    from kamen_analysis.pipeline.partition import Facts


def noted(damage: Damage, file: Path, facts: Facts) -> dict[str, Any]:
    """Record an unreadable stretch in `facts` and return its row of `rejected`; it counts as one page, though it may have held more."""
    size = damage.end - damage.offset
    facts.counts["pages"] += 1
    facts.damaged.append([size, facts.last_capture, None])
    return {"stage": "read", "reason": "damaged", "detail": f"存档在这里损坏，{size:,} 字节读不出", "source": facts.source,
            "capture_file": file.as_posix(), "capture_offset": damage.offset, "capture_digest": damage.digest}


def dated(page: Page, facts: Facts) -> None:
    """Record when a page was captured; it ends the gap of each damaged stretch before it that has no end yet."""
    at = page.fetched_at.isoformat()
    facts.last_capture = max(facts.last_capture or "", at)
    for stretch in facts.damaged:
        stretch[2] = stretch[2] or at


def read(module: base.Source, page: Page, mapping: columns.Mapping | None, facts: Facts) -> base.PageResult:
    """Return what a page holds, refusing a table whose mapping may be lost: guessed columns would pass for the user's.

    The mapping is the first record of a capture, so it may be lost if the file is damaged before its first page.
    """
    lost_beginning = bool(facts.damaged) and facts.damaged[0][1] is None
    if lost_beginning and mapping is None and "mapping" in inspect.signature(module.parse).parameters:
        return base.PageResult([], [], audit.Warnings(), ("damaged", "存档开头损坏，列名对照可能在其中，不照猜的读"))
    return base.read_page(module, page, mapping)
