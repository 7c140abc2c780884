"""How a complaint ended by its own account (codebook/outcomes.yaml): part of the money back, else the last asserted state."""

from __future__ import annotations

import re
from collections.abc import Collection

from twin._lexicon import MARKS, Hits
from twin._reading import read
from twin.extract import amounts

_LOOK_BACK = 6  # Characters in which a denial stands before the word it denies.
_ASKED = 24  # Characters a demand reaches inside its clause.
_FEAR = 40  # Characters a fear or hearsay reaches inside its sentence.
_SAME = 12  # Words of completion this close behind a part refund speak of that part.
_MONEY_TALK = frozenset("退扣赔返")  # Without one of these 到账 speaks of the goods, not of money back.
_OPEN = ("refused", "idle", "undone")
_STOPS = frozenset("。！？!?\n")
_BACK = re.compile(r"(?:[退返赔补](?:给?我|给)?[了还回咗畀款到来付](?:[了还回给我咗畀款到来付]|我的|一?[个张])*"
                   r"|(?:[只才就后果际仅又共先已终]|已经)[退返赔补](?:给?我)?|到账|到手|收到|实退|回来|到我?[卡账][上里]?|打(?:了|给我|来|款)+)$")
_BACK_AFTER = re.compile(r"(?:元|块)?钱?(?:也|都|已经|已|刚|刚刚|今天)?(?:到账|退回|收到了|退了|退给)")


def outcome(title: str, body: str, post_type: str, codes: Collection[str] = ()) -> str:
    """Return a key of `records.OUTCOMES`: resolved, partial, unresolved, or unclear (always so for what is not a complaint).

    `codes` are the refusal reasons found in the post: a refusal that no settlement follows stands.
    """
    if post_type != "complaint":
        return "unclear"
    hits = read(title, body).hits
    done = max((end for start, end, _ in hits.get("outcome.done") if not denied(hits, start)), default=0)
    open_end = max((end for name in _OPEN for end in asserted(hits, name)), default=0)
    declined = max(asserted(hits, "declined"), default=0)
    part = part_back(hits)
    part = part if part > declined else 0
    taken = "partial_refund" in codes and max(asserted(hits, "accepted"), default=0) > declined
    if taken or (part and done <= part + _SAME) or (done and "outcome.remainder" in hits and "outcome.moneyback" in hits):
        return "partial"
    still, closed = max(asserted(hits, "still"), default=0), any(not denied(hits, start) for start, _, _ in hits.get("outcome.closed"))
    if (done and done >= max(open_end, still)) or (closed and done >= still):
        return "resolved"
    return "unresolved" if codes or declined or _is_open(hits) else "unclear"


def _is_open(hits: Hits) -> bool:
    if "outcome.dunning" in hits and "outcome.moneyback" not in hits:
        return False
    heard = {name: bool(asserted(hits, name)) for name in ("refused", "still", "undone")}
    if "outcome.pending" in hits:
        return heard["still"] or heard["refused"] and heard["undone"] and "outcome.untried" not in hits
    if "outcome.untried" in hits:
        return heard["still"] or heard["undone"]
    contact = any(not denied(hits, start) for start, _, _ in hits.get("outcome.contact"))
    weak = contact + bool(asserted(hits, "replied")) + bool(asserted(hits, "idle"))
    return weak > 1 or any(heard.values())


def denied(hits: Hits, start: int) -> bool:
    """Return whether a denial, demand or promise stands close before `start` in the same clause, so that what follows has not happened."""
    return any(0 <= start - end <= reach and MARKS.isdisjoint(hits.text[end:start])
               for name, reach in (("denied", _LOOK_BACK), ("demand", _ASKED)) for _, end, _ in hits.get(f"outcome.{name}"))


def undenied(hits: Hits, name: str) -> list[int]:
    """Return where the words of a group end that nothing before them denies."""
    return [end for start, end, _ in hits.get(f"outcome.{name}") if not denied(hits, start)]


def asserted(hits: Hits, name: str) -> list[int]:
    """Return where the words of a group end that are neither undone nor only feared or heard of."""
    undone = [(s, e) for s, e, _ in hits.get("outcome.undo")]
    fears = [end for _, end, _ in hits.get("outcome.hearsay")]
    return [end for start, end, _ in hits.get(f"outcome.{name}")
            if not any(s <= start < e for s, e in undone)
            and not any(0 <= start - fear <= _FEAR and _STOPS.isdisjoint(hits.text[fear:start]) for fear in fears)]


def part_back(hits: Hits) -> int:
    """Return where the post says that only part of the money came back (its end), or 0: the words for it, or a sum below the one paid."""
    said = max((end for start, end, _ in hits.get("outcome.part") if not denied(hits, start)), default=0)
    if "outcome.moneyback" not in hits or not _MONEY_TALK.intersection(hits.text):
        return said
    sums = [(float(a.value), a.start, a.end) for a in amounts(hits.text)]
    most = max((value for value, _, _ in sums), default=0.0)
    less = "outcome.deducted" in hits
    back = [end for value, start, end in sums if (value < most or less) and _came_back(hits, start, end)]
    return max(back, default=said)


def _came_back(hits: Hits, start: int, end: int) -> bool:
    before = _BACK.search(hits.text, max(0, start - 8), start)
    after = _BACK_AFTER.match(hits.text, end)
    return bool(before and not denied(hits, before.start())) or bool(after and not denied(hits, start))
