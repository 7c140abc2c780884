"""The decisions that need all parts together: which capture of a post counts, which posts are withdrawn, which are copies.

A post captured several times has several sightings, one per row of the parts. To keep memory flat, columns of numbers are read one at
a time, and whole rows only of the few posts that need them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc

from kamen_analysis import dedupe, records
from kamen_analysis.captures.withdraw import is_withdrawn
from kamen_analysis.pipeline import copies, partition
from kamen_analysis.pipeline.parts import Part
from kamen_analysis.pipeline.rows import column, rows_of

Bools = npt.NDArray[np.bool_]
_BUCKET = 1_000_000  # sightings of posts seen again that are combined at a time
# The columns that are combined from all sightings of a post; its text is that of the best sighting.
COMBINED = ["url", "status", "amount_yuan", "appeal", "posted_at", "posted_precision", "first_seen_at", "last_seen_at"]

NO_EVENTS = records.empty("events").drop(columns="post_id").assign(number=pd.Series(dtype="int64"))


@dataclass
class Merged:
    """Decisions about the rows of all parts, numbered consecutively over the parts.

    starts: the first number of each part, and the number after the last. keep: whether the row is published: of several sightings of
    a post only the best is. combined: the columns COMBINED of posts seen again. events: all events of posts seen again, and deletions,
    with the `number` of the post's kept row. dup: `dup_group`, `dup_kind`, `dup_size` of posts that have copies. These three frames
    are in the order of the kept rows' numbers; `combined` and `dup` have them as index.
    """

    starts: npt.NDArray[np.int64]
    keep: Bools
    combined: pd.DataFrame
    events: pd.DataFrame
    withdrawn: int = 0
    dup: pd.DataFrame = field(default_factory=pd.DataFrame)


def merge(parts: list[Part], withdrawn: frozenset[str], scratch: Path) -> Merged:
    """Return the decisions; `withdrawn` is the opt-out list (`clean.asked_out`), `scratch` a folder for what the next build can use again.

    A run with a shortfall gives no post. Of several sightings of one post the one with the fullest text is kept (not truncated, then
    longest, then latest); the status is the latest known; `first_seen_at` and `last_seen_at` span all sightings.
    """
    starts = np.cumsum([0, *(part.size for part in parts)])
    keep = np.repeat(np.array([part.shortfall is None for part in parts], np.bool_), np.diff(starts))
    combined, best = _combine_sightings(parts, starts, keep)
    merged = Merged(starts, keep, combined, _combine_events(parts, starts, best))
    _leave_out(parts, merged, withdrawn)
    merged.combined = combined[keep[combined.index]].sort_index()
    deletions = _deletions(parts, merged)
    merged.events = pd.concat([merged.events, deletions]) if len(deletions) else merged.events
    merged.events = merged.events.sort_values("number", kind="stable", ignore_index=True)
    merged.dup = copies.find(parts, starts, _complaints(parts) & keep, merged.combined["posted_at"], scratch)
    return merged


def _complaints(parts: list[Part]) -> Bools:
    kinds = (part.read("coded", ["post_type"])["post_type"] for part in parts)
    return np.concatenate([np.empty(0, np.bool_), *(pc.equal(kind, "complaint").to_numpy() for kind in kinds)])


def _combine_sightings(parts: list[Part], starts: npt.NDArray[np.int64], keep: Bools) -> tuple[pd.DataFrame, pd.Series]:
    """Return the columns COMBINED of posts seen again, by the number of the best sighting, and for each sighting the best one's number.

    Clears `keep` of all sightings but the best.
    """
    ids = column(parts, partition.ID)
    ordered = np.sort(ids[keep])
    repeated = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    sightings = dedupe.among(ids, repeated)
    sightings = sightings[keep[sightings]]
    length = column(parts, partition.LENGTH)[sightings]
    buckets = ids[sightings] % np.uint64(len(sightings) // _BUCKET + 1)
    frames, best = [records.empty("posts")[COMBINED]], [pd.Series(dtype="int64")]
    for bucket in range(int(buckets.max(initial=0)) + 1 if len(sightings) else 0):
        inside = buckets == bucket
        rows = rows_of(parts, starts, sightings[inside], ["post_id", "truncated", *COMBINED]).assign(length=length[inside])
        posts = _combine(rows)
        best.append(rows["post_id"].map(pd.Series(posts.index, posts["post_id"].to_numpy())))
        frames.append(posts[COMBINED])
    combined = pd.concat([frame for frame in frames if len(frame)] or frames)
    keep[sightings] = False
    keep[combined.index] = True
    return combined, pd.concat(best)


def _combine(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row a post (post_id and COMBINED) from the rows of its sightings, by the number of the best sighting."""
    rows = rows.rename_axis("number").reset_index()
    by_text = rows.sort_values(["truncated", "length", "last_seen_at", "number"], ascending=[False, True, True, True])
    best = by_text.drop_duplicates("post_id", keep="last").set_index("post_id")
    grouped = rows.sort_values(["last_seen_at", "number"]).groupby("post_id")
    best["first_seen_at"], best["last_seen_at"] = grouped["first_seen_at"].min(), grouped["last_seen_at"].max()
    best["status"] = grouped["status"].last()
    for name in ("amount_yuan", "appeal", "posted_at", "posted_precision", "url"):
        best[name] = best[name].fillna(grouped[name].last())
    return best.reset_index().set_index("number")[["post_id", *COMBINED]]


def _combine_events(parts: list[Part], starts: npt.NDArray[np.int64], best: pd.Series) -> pd.DataFrame:
    """Return the events of posts seen again, from all their sightings, with the `number` of the best sighting."""
    frames, seen = [NO_EVENTS], np.sort(best.index.to_numpy(np.int64))
    cuts = np.searchsorted(seen, starts)
    for part, start, low, high in zip(parts, starts, cuts, cuts[1:], strict=False):
        if high > low:
            table = part.read("events")
            events = table.filter(np.isin(table["row"].to_numpy(), seen[low:high] - start)).to_pandas()
            frames.append(events.assign(number=(events.pop("row") + start).map(best)))
    return pd.concat([frame for frame in frames if len(frame)] or frames, ignore_index=True)


def _leave_out(parts: list[Part], merged: Merged, withdrawn: frozenset[str]) -> None:
    """Clear `merged.keep` of the posts on the opt-out list, and count them."""
    for part, start in zip(parts if withdrawn else (), merged.starts, strict=False):
        posts = _addresses(part, int(start), merged)
        asked = np.fromiter(map(partial(is_withdrawn, names=withdrawn), posts["post_id"], posts["url"]), np.bool_, len(posts))
        merged.withdrawn += int(asked.sum())
        merged.keep[posts.index[asked]] = False


def _addresses(part: Part, start: int, merged: Merged) -> pd.DataFrame:
    """Return `post_id` and the final `url` of a part's kept rows, by number."""
    posts: pd.DataFrame = part.read("posts", ["post_id", "url"]).to_pandas()
    posts.index = pd.RangeIndex(start, start + len(posts))
    posts = posts[merged.keep[start : start + len(posts)]]
    seen_again = merged.combined.index.intersection(posts.index)
    posts.loc[seen_again, "url"] = merged.combined.loc[seen_again, "url"]
    return posts


def _deletions(parts: list[Part], merged: Merged) -> pd.DataFrame:
    """Return a `deleted` event for each post whose page said, at a later visit, that it is gone."""
    gone = pd.DataFrame([pair for part in parts if not part.shortfall for pair in part.gone if pair[0]], columns=["url", "at"])
    frames = [NO_EVENTS]
    for part, start in zip(parts if len(gone) else (), merged.starts, strict=False):
        posts = _addresses(part, int(start), merged).rename_axis("number").reset_index().merge(gone, on="url")
        rows = [{"kind": "deleted", "seen_by": datetime.fromisoformat(at), "actor": "unknown"} for at in posts["at"]]
        frames.append(records.frame("events", rows).drop(columns="post_id").assign(number=posts["number"]))
    return pd.concat([frame for frame in frames if len(frame)] or frames, ignore_index=True)
