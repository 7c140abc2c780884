"""How a complaint ended by its own account (codebook/outcomes.yaml): part of the money back, else the last asserted state."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from kamen_analysis.label._hits import Hits, Spots, inside
from kamen_analysis.label._reading import read
from kamen_analysis.label.moneyback import came_back
from kamen_analysis.label.text import Bools, Ints, fold

_LOOK_BACK = 6  # A denial ends at most so many characters before the word it denies.
_ASKED = 24  # Characters a demand reaches inside its clause.
_FEAR = 40  # Characters a fear or hearsay reaches inside its sentence.
_END = 30  # What ends less than so many characters before the end of a post stands at its end.
_SAME = 12  # Words of completion this close behind a part refund speak of that part.
_OPEN = ("refused", "idle", "undone")
ASSERTED = (*_OPEN, "declined", "still", "replied", "accepted")
NAMED = ("remainder", "moneyback", "pending", "untried", "dunning", "deducted", "hearsay")
_STOPS = "。！？!?\n"


class Told(NamedTuple):
    """What the posts of a batch tell of how they ended.

    last: for each group of words where it is last said of something that happened (an offset, 0: nowhere). part: where it says that part
    of the money came back. named: which posts name a group at all. signs (posts, signs): all this as yes or no, and whether it is said
    at the end.
    """

    last: dict[str, Ints]
    part: Ints
    named: dict[str, Bools]
    signs: Bools


def outcome(title: str, body: str, post_type: str, codes: Collection[str] = ()) -> str:
    """Return a key of `records.OUTCOMES`: resolved, partial, unresolved, or unclear (always so for what is not a complaint).

    `codes` are the refusal reasons found in the post: a refusal that no settlement follows stands.
    """
    return outcomes(read(fold([title or ""], [body or ""])), [post_type], [codes])[0]


def outcomes(hits: Hits, types: Sequence[str], codes: Sequence[Collection[str]]) -> list[str]:
    """Return the outcome of each post of a batch, given its type and the refusal reasons found in it."""
    return ends(hear(hits, types), types, codes)


def hear(hits: Hits, types: Sequence[str]) -> Told:
    """Return what the complaints of a batch tell of how they ended."""
    last = {name: _last(hits, _undenied(hits, name)) for name in ("done", "closed", "part", "contact")}
    last |= {name: _last(hits, _asserted(hits, name)) for name in ASSERTED}
    part = part_back(hits, np.array([kind == "complaint" for kind in types]))
    named = {name: hits.has(f"outcome.{name}") for name in NAMED}
    late = [(at > 0) & (hits.texts.lengths - at < _END) for at in last.values()]
    return Told(last, part, named, np.stack([*(at > 0 for at in last.values()), part > 0, *late, *named.values()], axis=1))


def ends(told: Told, types: Sequence[str], codes: Sequence[Collection[str]]) -> list[str]:
    """Return the outcome of each post, given what it tells, its type and the refusal reasons found in it."""
    complaint, coded = np.array([kind == "complaint" for kind in types]), np.array([len(each) > 0 for each in codes])
    partly = np.array(["partial_refund" in each for each in codes])
    done, declined, still = (told.last[name] for name in ("done", "declined", "still"))
    open_end = np.maximum.reduce([told.last[name] for name in _OPEN])
    part = np.where(told.part > declined, told.part, 0)
    taken = partly & (told.last["accepted"] > declined)
    remaining = (done > 0) & told.named["remainder"] & told.named["moneyback"]
    partial = taken | (part > 0) & (done <= part + _SAME) | remaining
    closed = told.last["closed"] > 0
    resolved = (done > 0) & (done >= np.maximum(open_end, still)) | closed & (done >= still)
    unresolved = coded | (declined > 0) | _is_open(told)
    found = np.select([~complaint, partial, resolved, unresolved], ["unclear", "partial", "resolved", "unresolved"], "unclear")
    out: list[str] = found.tolist()
    return out


def _is_open(told: Told) -> Bools:
    # Whether each post says by its words that the matter is unsettled; what is still pending, or was not yet tried, takes more to be so.
    refused, still, undone = (told.last[name] > 0 for name in ("refused", "still", "undone"))
    weak = sum((told.last[name] > 0).astype(int) for name in ("contact", "replied", "idle"))
    pending, untried = told.named["pending"], told.named["untried"]
    unsettled = [still, still | refused & undone, still | undone]
    said = np.select([pending & untried, pending, untried], unsettled, (weak > 1) | refused | still | undone)
    is_open: Bools = said & ~(told.named["dunning"] & ~told.named["moneyback"])
    return is_open


def denied(hits: Hits, start: Ints) -> Bools:
    """Return for each place whether a denial, demand or promise stands close before it in its clause: what follows has not happened."""
    return hits.behind("outcome.denied", start, _LOOK_BACK) | hits.behind("outcome.demand", start, _ASKED)


def _undenied(hits: Hits, name: str) -> Spots:
    # The hits of a group that are not denied, demanded or promised.
    found = hits.get(f"outcome.{name}")
    return found.take(~denied(hits, found.start))


def _asserted(hits: Hits, name: str) -> Spots:
    # The hits of a group that no words undo and that are no fear or hearsay.
    found, undone = hits.get(f"outcome.{name}"), hits.get("outcome.undo")
    feared = hits.behind("outcome.hearsay", found.start, _FEAR, _STOPS)
    return found.take(~inside(found._replace(end=found.start + 1), undone.start, undone.end) & ~feared)


def _last(hits: Hits, found: Spots) -> Ints:
    """Return for each post where the last hit ends (an offset), 0 without one."""
    out, post = np.zeros(len(hits.texts), np.int32), hits.texts.post(found.start)
    out[post] = found.end - hits.texts.start[post]  # In the order of their ends: the last one stays.
    return out


def part_back(hits: Hits, asked: Bools) -> Ints:
    """Return where each post of `asked` says that only part of the money came back (its end), or 0.

    That is said in words, or by a sum that came back and is below the one paid.
    """
    said, texts = _last(hits, _undenied(hits, "part")), hits.texts
    found = came_back(texts, asked & hits.has("outcome.moneyback"), hits.has("outcome.deducted"))
    post, start, end = np.array(found, np.int32).reshape(-1, 3).T
    stands = ~denied(hits, texts.start[post] + start)
    back = np.zeros_like(said)
    np.maximum.at(back, post[stands], end[stands])
    return np.where(back > 0, back, said)
