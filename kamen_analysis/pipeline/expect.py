"""Check that one run of a source (one capture) holds what its source promises.

A site that changes its pages causes no error: it gives no posts, or posts without some fields. Only counts and fill rates show it. A
run with too little is withheld and reported as a gap with dates, as is a damaged stretch, instead of counting as zero.
"""

from __future__ import annotations

from typing import Any

from kamen_analysis import sources
from kamen_analysis.pipeline.parts import Part

MIN_POSTS = 30  # with fewer posts a fill rate says nothing


def shortfall(part: Part) -> str | None:
    """Return in Chinese why a run must be withheld, or None."""
    source = sources.registry()[part.source]
    n, least = part.size, source.EXPECT[0]
    # A round of revisits may find only deleted posts, or nothing changed: that is no failure of the parser.
    if n < least and part.counts["pages"] > len(part.gone):
        return f"只得 {n} 帖，少于下限 {least}"
    if n >= MIN_POSTS:
        for column, share in source.FILL.items():
            filled = part.filled[column] / n
            if filled < share:
                return f"{column} 只有 {filled:.0%} 的帖子写有，低于下限 {share:.0%}"
    return None


def gaps(parts: list[Part]) -> list[dict[str, Any]]:
    """Return each withheld run and damaged stretch: source, capture, posts withheld, reason, and the gap's dates (`since`, `until`; UTC).

    For a damaged stretch, whose number of posts nobody knows, `posts` is 0 and `bytes` is its length.
    """
    found = []
    for part in parts:
        earlier = [p.last_capture for p in parts if p.source == part.source and not p.shortfall and p.capture < part.capture]
        before = max((at for at in earlier if at), default=None)
        run = {"source": part.source, "capture": part.capture}
        if part.shortfall:
            found.append({**run, "posts": part.size, "reason": part.shortfall, "since": before, "until": part.last_capture})
        for size, since, until in part.damaged:
            reason = f"存档损坏：{size:,} 字节读不出，其中的帖子数不详"
            dates = {"since": since or before, "until": until or part.last_capture}
            found.append({**run, "posts": 0, "bytes": size, "reason": reason, **dates})
    return found


def excesses(parts: list[Part]) -> list[list[Any]]:
    """Return a warning for each run with more posts than its source holds possible."""
    return [["over_expected", part.source, part.size, ""] for part in parts if part.size > sources.registry()[part.source].EXPECT[1]]
