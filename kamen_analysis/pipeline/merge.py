"""What only all parts together can tell: which sight of a post counts, who asked to be left out, which posts are copies.

Read are columns of numbers, one at a time, and the rows of those few posts that need it; so memory stays flat.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamen_analysis import clean, dedupe, records
from kamen_analysis.pipeline import copies, partition
from kamen_analysis.pipeline.parts import Part

Bools = npt.NDArray[np.bool_]
_BUCKET = 1_000_000  # sights of posts seen again that are looked at together
# What the other sights of a post say of it beside its text.
TOLD = ["url", "status", "amount_yuan", "appeal", "posted_at", "posted_precision", "first_seen_at", "last_seen_at"]

NO_EVENTS = records.empty("events").drop(columns="post_id").assign(number=pd.Series(dtype="int64"))


@dataclass
class Merged:
    """Decisions about the posts of all parts, numbered through (`starts`: the first number of each part, and the end).

    keep: whether this sight of a post stands for it. told: what replaces the columns TOLD of posts seen again, by number. events: of
    posts seen again, and tombstones, with the `number` of the sight that stands for the post. dup: `dup_group`, `dup_kind`, `dup_size`
    of posts that have copies, by number. All three stand in the order of these numbers.
    """

    starts: npt.NDArray[np.int64]
    keep: Bools
    told: pd.DataFrame
    events: pd.DataFrame
    withdrawn: int = 0
    dup: pd.DataFrame = field(default_factory=pd.DataFrame)


def merge(parts: list[Part], withdrawn: frozenset[str], scratch: Path) -> Merged:
    """Return the decisions; `withdrawn` is the opt-out list, `scratch` a folder for what is worth keeping until the next build.

    A run with a shortfall gives no post. Of several sights of one post the fullest text wins (not cut short, then longest, then
    latest); the status is the latest seen; first and last sight span all of them.
    """
    starts = np.cumsum([0, *(part.size for part in parts)])
    keep = np.repeat(np.array([part.shortfall is None for part in parts], np.bool_), np.diff(starts))
    told, best = _seen_again(parts, starts, keep)
    merged = Merged(starts, keep, told, _events_again(parts, starts, best))
    _leave_out(parts, merged, withdrawn)
    merged.told = told = told[keep[told.index]].sort_index()
    gone = _deleted(parts, merged)
    merged.events = pd.concat([merged.events, gone]) if len(gone) else merged.events
    merged.events = merged.events.sort_values("number", kind="stable", ignore_index=True)
    merged.dup = copies.find(parts, starts, _complaints(parts) & keep, merged.told["posted_at"], scratch)
    return merged


def _complaints(parts: list[Part]) -> Bools:
    kinds = (part.read("coded", ["post_type"])["post_type"].to_numpy() for part in parts)
    return np.concatenate([np.empty(0, np.bool_), *(kind == "complaint" for kind in kinds)])


def _seen_again(parts: list[Part], starts: npt.NDArray[np.int64], keep: Bools) -> tuple[pd.DataFrame, pd.Series]:
    """Return TOLD of each post with several sights, by the number of the best, and for each sight the best; `keep` loses the others."""
    ids = copies.column(parts, partition.ID)
    ordered = np.sort(ids[keep])
    again = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    sights = dedupe.among(ids, again)
    sights = sights[keep[sights]]
    length = copies.column(parts, partition.LENGTH)[sights]
    bucket = ids[sights] % np.uint64(len(sights) // _BUCKET + 1)
    found, best = [records.empty("posts")[TOLD]], [pd.Series(dtype="int64")]
    for which in range(int(bucket.max(initial=0)) + 1 if len(sights) else 0):
        some = bucket == which
        rows = copies.rows_of(parts, starts, sights[some], ["post_id", "truncated", *TOLD]).assign(length=length[some])
        told = _best(rows)
        best.append(rows["post_id"].map(pd.Series(told.index, told["post_id"].to_numpy())))
        found.append(told[TOLD])
    told = pd.concat([one for one in found if len(one)] or found)
    keep[sights] = False
    keep[told.index] = True
    return told, pd.concat(best)


def _best(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.rename_axis("number").reset_index()
    by_text = rows.sort_values(["truncated", "length", "last_seen_at", "number"], ascending=[False, True, True, True])
    best = by_text.drop_duplicates("post_id", keep="last").set_index("post_id")
    grouped = rows.sort_values(["last_seen_at", "number"]).groupby("post_id")
    best["first_seen_at"], best["last_seen_at"] = grouped["first_seen_at"].min(), grouped["last_seen_at"].max()
    best["status"] = grouped["status"].last()
    for name in ("amount_yuan", "appeal", "posted_at", "posted_precision", "url"):
        best[name] = best[name].fillna(grouped[name].last())
    return best.reset_index().set_index("number")[["post_id", *TOLD]]


def _events_again(parts: list[Part], starts: npt.NDArray[np.int64], best: pd.Series) -> pd.DataFrame:
    """Return the events of posts seen again, from all their sights, with the number of the sight that stands for the post."""
    found = [NO_EVENTS]
    for part, start in zip(parts if len(best) else (), starts, strict=False):
        events = part.read("events").to_pandas()
        number = (events.pop("row") + start).map(best)
        found.append(events.assign(number=number)[number.notna()])
    return pd.concat([one for one in found if len(one)] or found, ignore_index=True).astype({"number": "int64"})


def _leave_out(parts: list[Part], merged: Merged, withdrawn: frozenset[str]) -> None:
    """Take the posts on the opt-out list out of `merged.keep`: by full id, by the number within the source, or by address."""
    # People copy addresses whole; the tables keep less of them.
    names = withdrawn | {clean.address(name) or name for name in withdrawn} | {name.split("?")[0] for name in withdrawn if "://" in name}
    for part, start in zip(parts if withdrawn else (), merged.starts, strict=False):
        posts = _addresses(part, int(start), merged)
        asked = posts["post_id"].isin(names) | posts["post_id"].str.partition(":")[2].isin(names) | posts["url"].isin(names)
        merged.withdrawn += int(asked.sum())
        merged.keep[posts.index[asked]] = False


def _addresses(part: Part, start: int, merged: Merged) -> pd.DataFrame:
    """Return `post_id` and `url` of a part's posts that are kept, by number."""
    posts: pd.DataFrame = part.read("posts", ["post_id", "url"]).to_pandas()
    posts.index = pd.RangeIndex(start, start + len(posts))
    posts = posts[merged.keep[start : start + len(posts)]]
    here = merged.told.index.intersection(posts.index)
    posts.loc[here, "url"] = merged.told.loc[here, "url"]
    return posts


def _deleted(parts: list[Part], merged: Merged) -> pd.DataFrame:
    """Return a `deleted` event for each post whose own page has come to say that it is gone."""
    gone = pd.DataFrame([pair for part in parts if not part.shortfall for pair in part.gone if pair[0]], columns=["url", "at"])
    found = [NO_EVENTS]
    for part, start in zip(parts if len(gone) else (), merged.starts, strict=False):
        posts = _addresses(part, int(start), merged).rename_axis("number").reset_index().merge(gone, on="url")
        rows = [{"kind": "deleted", "seen_by": datetime.fromisoformat(at), "actor": "unknown"} for at in posts["at"]]
        found.append(records.frame("events", rows).drop(columns="post_id").assign(number=posts["number"]))
    return pd.concat([one for one in found if len(one)] or found, ignore_index=True)
