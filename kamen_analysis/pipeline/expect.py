"""What one run of a source must hold: a run that gave too little is withheld and becomes a dated gap, never a quiet zero.

A site that changes its pages does not fail; it yields nothing, or posts without their parts. Only counts and fill rates show it.
"""

from __future__ import annotations

from typing import Any

from kamen_analysis import sources
from kamen_analysis.pipeline.parts import Part

MIN_POSTS = 30  # below this a fill rate says nothing


def shortfall(part: Part) -> str | None:
    """Return in Chinese why a run is not to be published, or None."""
    source = sources.registry()[part.source]
    n, least = part.size, source.EXPECT[0]
    # A round of revisits may find nothing but tombstones, or nothing changed: that is no failure of the parser.
    if n < least and part.counts["pages"] > len(part.gone):
        return f"只得 {n} 帖，少于下限 {least}"
    if n >= MIN_POSTS:
        for column, share in source.FILL.items():
            found = part.filled[column] / n
            if found < share:
                return f"{column} 只有 {found:.0%} 的帖子写有，低于下限 {share:.0%}"
    return None


def gaps(parts: list[Part]) -> list[dict[str, Any]]:
    """Return each withheld run: source, capture, posts withheld, and the dates (UTC) between which nothing stands for it."""
    found = []
    for part in parts:
        if part.shortfall:
            before = [p.last_capture for p in parts if p.source == part.source and not p.shortfall and p.capture < part.capture]
            found.append({"source": part.source, "capture": part.capture, "posts": part.size, "reason": part.shortfall,
                          "since": max((at for at in before if at), default=None), "until": part.last_capture})
    return found


def excesses(parts: list[Part]) -> list[list[Any]]:
    """Return a warning for each run with more posts than its source says is possible."""
    return [["over_expected", part.source, part.size, ""] for part in parts if part.size > sources.registry()[part.source].EXPECT[1]]
