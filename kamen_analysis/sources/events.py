"""The events that posts prove: by their dates, by the steps of their history, and by their statuses, a column at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from kamen_analysis import times
from kamen_analysis.sources.audit import Note, shape
from kamen_analysis.sources.base import RawPost, Source, step_event

ACTORS = {
    "posted": "consumer", "assigned": "platform", "merchant_replied": "merchant", "merchant_says_resolved": "merchant",
    "consumer_confirmed": "consumer", "auto_closed": "system", "closed": "unknown", "deleted": "unknown", "withdrawn": "consumer",
}
# A status proves its event only if no step of the post already shows one of these, which are more exact.
_SAME_TURN = {
    "merchant_replied": {"merchant_replied", "merchant_says_resolved"},
    "closed": {"closed", "auto_closed", "consumer_confirmed", "withdrawn", "deleted"},
}


def events(raws: Sequence[RawPost], statuses: Sequence[str | None], posted: times.Instants, seen: times.Instants,
           source: Source, notes: list[Note]) -> dict[str, Any]:
    """Return the columns of "events" of some posts, with the number of the post as `row`; add what cannot be read to `notes`.

    posted, seen: when each was posted and last seen; an event without an exact time has happened by the time its post was seen, and one of
    which only the day is told, the day of posting, not before it was posted.
    """
    is_dated = ~np.isnat(posted)
    dated = np.flatnonzero(is_dated).tolist()
    steps = [(row, *step) for row, raw in enumerate(raws) if raw.get("steps") for step in _steps(raw, bool(is_dated[row]), source)]
    shown = defaultdict[int, set[str]](set)
    for row, happened, _ in steps:
        shown[row].add(happened)
    proved = [(row, kind) for row, (raw, status) in enumerate(zip(raws, statuses, strict=True))
              if (kind := raw.get("proved") or source.STATUS.get(status or ""))
              and not (row in shown and shown[row] & _SAME_TURN.get(kind, {kind}))]
    rows = np.array([*dated, *(row for row, *_ in steps), *(row for row, _ in proved)], np.int64)
    kinds = ["posted"] * len(dated) + [kind for _, kind, _ in steps] + [kind for _, kind in proved]
    of_steps = rows[len(dated) : len(dated) + len(steps)]
    told = _times([written for *_, written in steps], posted[of_steps], seen[of_steps], notes)
    at = np.concatenate((posted[is_dated], told, np.full(len(proved), times.NONE)))
    return {"row": rows, "kind": kinds, "at": at, "seen_by": np.where(np.isnat(at), seen[rows], times.NONE),
            "actor": [ACTORS[kind] for kind in kinds]}


def _steps(raw: RawPost, is_dated: bool, source: Source) -> Iterator[tuple[str, str]]:
    """Yield the kind and the time as written of each step that is an event; one that says the post was posted only if nothing else is
    known before."""
    for step in reversed(raw["steps"]):
        kind = step_event(source, step)[1]
        if kind and (kind != "posted" or not is_dated):
            is_dated = True
            yield kind, step.get("at") or ""


def _times(written: list[str], posted: times.Instants, seen: times.Instants, notes: list[Note]) -> times.Instants:
    """Return the times of steps of posts posted and last seen at `posted` and `seen`, without those that cannot be."""
    at, precisions = times.instants(written)
    is_day = np.array([precision == "day" for precision in precisions], np.bool_)
    at = np.where(is_day & (times.days(at) == times.days(posted)), np.maximum(at, posted), at)
    notes += [("unreadable_time", "step", shape(text)) for text, precision in zip(written, precisions, strict=True) if not precision]
    possible = np.isnat(at) | times.between(at, seen + times.CLOCK_ERROR)
    notes += [("impossible_time", "step", "")] * int((~possible).sum())
    return np.where(possible, at, times.NONE)
