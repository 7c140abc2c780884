"""How a complaint ended by its own account (codebook/outcomes.yaml): part of the money back, else the last asserted state."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.label._hits import Hits, Spots, inside
from kamen_analysis.label._reading import read
from kamen_analysis.label.extract import HAN, UNITS, amounts
from kamen_analysis.label.text import Bools, Indexes, Ints, Texts, fold

_LOOK_BACK = 6  # Characters in which a denial stands before the word it denies.
_ASKED = 24  # Characters a demand reaches inside its clause.
_FEAR = 40  # Characters a fear or hearsay reaches inside its sentence.
_END = 30  # Characters that are the end of a post.
_SAME = 12  # Words of completion this close behind a part refund speak of that part.
_MONEY_TALK = "退扣赔返"  # Without one of these 到账 speaks of the goods, not of money back.
_OPEN = ("refused", "idle", "undone")
ASSERTED = (*_OPEN, "declined", "still", "replied", "accepted")
NAMED = ("remainder", "moneyback", "pending", "untried", "dunning", "deducted", "hearsay")
_STOPS = "。！？!?\n"
_BACK = re.compile(r"(?:[退返赔补](?:给?我|给)?[了还回咗畀款到来付](?:[了还回给我咗畀款到来付]|我的|一?[个张])*"
                   r"|(?:[只才就后果际仅又共先已终]|已经)[退返赔补](?:给?我)?|到账|到手|收到|实退|回来|到我?[卡账][上里]?|打(?:了|给我|来|款)+)$")
_THEN = "(?:元|块)?钱?(?:也|都|已经|已|刚|刚刚|今天)?(?:到账|退回|收到了|退了|退给)"
_BACK_AFTER = re.compile(_THEN)
# What a sum that came back has close before it, or behind it: looked for first, since sums are slow to read.
_NUMBERS = f"¥￥{HAN}" + "".join(c for c in map(chr, range(0x10000)) if c.isdecimal())
_BEFORE, _BACK_WORDS, _REACH = "退返赔补了还回给我咗畀款到来付的个张账手卡上里\n", "退返赔补到来打", 8
_BEHIND, _BEHIND_THEN, _SUMS, _AFTER_REACH = "到退收", "账回到了给", f"{_NUMBERS}元钱块蚊圆b洋刀米kw百多", 6
_SUM_THEN = re.compile(f"[{_SUMS}]{_THEN}")
_KINDS = (_NUMBERS, _BEFORE, _BEHIND, _BEHIND_THEN, _BACK_WORDS, _SUMS, HAN, UNITS)


class Told(NamedTuple):
    """What a batch tells of its ends: for each group of words where it is last said of what happened (an offset, 0: nowhere),
    where a part came back, the groups named at all, and all of it as signs (posts, signs) of being said, and of being said at the end."""

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
    """Return what the complaints of a batch tell of their ends."""
    last = {name: _last(hits, _undenied(hits, name)) for name in ("done", "closed", "part", "contact")}
    last |= {name: _last(hits, _asserted(hits, name)) for name in ASSERTED}
    part = part_back(hits, np.array([kind == "complaint" for kind in types]))
    named = {name: hits.has(f"outcome.{name}") for name in NAMED}
    late = [(at > 0) & (hits.texts.lengths - at < _END) for at in last.values()]
    return Told(last, part, named, np.stack([*(at > 0 for at in last.values()), part > 0, *late, *named.values()], axis=1))


def ends(told: Told, types: Sequence[str], codes: Sequence[Collection[str]]) -> list[str]:
    """Return the outcome of each post, given what it tells, its type and the refusal reasons found in it."""
    complaint, coded = np.array([kind == "complaint" for kind in types]), np.array([len(some) > 0 for some in codes])
    partly = np.array(["partial_refund" in some for some in codes])
    done, declined, still = (told.last[name] for name in ("done", "declined", "still"))
    open_end = np.maximum.reduce([told.last[name] for name in _OPEN])
    part = np.where(told.part > declined, told.part, 0)
    taken = partly & (told.last["accepted"] > declined)
    remaining = (done > 0) & told.named["remainder"] & told.named["moneyback"]
    partial = taken | (part > 0) & (done <= part + _SAME) | remaining
    closed = told.last["closed"] > 0
    resolved = (done > 0) & (done >= np.maximum(open_end, still)) | closed & (done >= still)
    unresolved = coded | (declined > 0) | _open(told)
    found = np.select([~complaint, partial, resolved, unresolved], ["unclear", "partial", "resolved", "unresolved"], "unclear")
    out: list[str] = found.tolist()
    return out


def _open(told: Told) -> Bools:
    refused, still, undone = (told.last[name] > 0 for name in ("refused", "still", "undone"))
    weak = sum((told.last[name] > 0).astype(int) for name in ("contact", "replied", "idle"))
    pending, untried = told.named["pending"], told.named["untried"]
    unsettled = [still, still | refused & undone, still | undone]
    open_ = np.select([pending & untried, pending, untried], unsettled, (weak > 1) | refused | still | undone)
    some: Bools = open_ & ~(told.named["dunning"] & ~told.named["moneyback"])
    return some


def denied(hits: Hits, start: Ints) -> Bools:
    """Return whether a denial, demand or promise stands close before each place in its clause, so that what follows has not happened."""
    return hits.behind("outcome.denied", start, _LOOK_BACK) | hits.behind("outcome.demand", start, _ASKED)


def _undenied(hits: Hits, name: str) -> Spots:
    found = hits.get(f"outcome.{name}")
    return found.take(~denied(hits, found.start))


def _asserted(hits: Hits, name: str) -> Spots:
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
    told = _maybe_back(texts, asked & hits.has("outcome.moneyback") & (texts.totals(texts.members(_MONEY_TALK)) > 0))
    less = hits.has("outcome.deducted")
    found = [(post, start, end) for post in np.flatnonzero(told).tolist() for start, end in _below(texts.strings[post], bool(less[post]))]
    post, start, end = np.array(found, np.int32).reshape(-1, 3).T
    fine = ~denied(hits, texts.start[post] + start)
    back = np.zeros_like(said)
    np.maximum.at(back, post[fine], end[fine])
    return np.where(back > 0, back, said)


def _maybe_back(texts: Texts, asked: Bools) -> Bools:
    """Return which posts of `asked` have the words of money back close before what may be a sum, or close behind."""
    out = np.zeros_like(asked)
    for places, says in zip(_near(texts), (_says_before, _says_behind), strict=True):
        post = texts.post(texts.at[places])
        some = np.flatnonzero(asked[post])
        at = places[some] - texts.index[post[some]]
        for home, place in zip(post[some].tolist(), at.tolist(), strict=True):
            out[home] = out[home] or says(texts.strings[home], place)
    return out


def _says_before(text: str, at: int) -> bool:
    return _BACK.search(text, max(0, at - _REACH), at) is not None


def _says_behind(text: str, at: int) -> bool:
    return _SUM_THEN.search(text, max(0, at - _AFTER_REACH), at + 3) is not None


def _near(texts: Texts) -> tuple[Indexes, Indexes]:
    """Return where what may be a sum begins, close behind characters of money back (indexes), and where these may begin behind a sum."""
    kinds = _kinds()[texts.low]
    number, before, behind, then, back, sums, han, units = (kinds & np.uint8(1 << i) > 0 for i in range(len(_KINDS)))
    back, sums = _within(back, _REACH), _within(sums, _AFTER_REACH)
    number[:-1] &= ~han[:-1] | units[1:]  # 一下 and 一直 are no sums.
    return np.flatnonzero(number[1:] & before[:-1] & back[1:]) + 1, np.flatnonzero(behind[:-1] & then[1:] & sums[:-1])


@functools.cache
def _kinds() -> npt.NDArray[np.uint8]:
    table = np.zeros(0x10000, np.uint8)
    for i, characters in enumerate(_KINDS):
        table[[ord(c) for c in characters]] |= np.uint8(1 << i)
    return table


def _within(characters: Bools, reach: int) -> Bools:
    # Whether one of the marked characters stands within `reach` before each index.
    sums = np.zeros(len(characters) + reach + 1, np.int32)
    np.cumsum(characters, dtype=np.int32, out=sums[reach + 1:])
    near: Bools = sums[reach:-1] > sums[: -reach - 1]
    return near


def _below(text: str, less: bool) -> list[tuple[int, int]]:
    """Return, for each sum in a text that came back and is below the highest (or any, where something was deducted: `less`), the place
    whose denial would undo it, and where the sum ends."""
    sums = [(float(a.value), a.start, a.end) for a in amounts(text)]
    most = max((value for value, _, _ in sums), default=0.0)
    out = []
    for value, start, end in sums:
        if value < most or less:
            if before := _BACK.search(text, max(0, start - _REACH), start):
                out.append((before.start(), end))
            if _BACK_AFTER.match(text, end):
                out.append((start, end))
    return out
