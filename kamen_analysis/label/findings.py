"""The cues found in a batch, each weighed by who says it, whether it is asserted, and what else stands beside it."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.codebook import load
from kamen_analysis.codebook.models import Cue, ReasonRule
from kamen_analysis.label.context import KINDS, Reading
from kamen_analysis.label.cues import Found, Matches
from kamen_analysis.label.text import Bools, Ints, Texts

MERCHANT, CONSUMER, THIRD = 1, 2, 3  # As in context.SPEAKERS.
STANDS, CONTEXT, MODEL, YIELDED = 0, 1, 2, 3
WHY = {4: "正文另有说明", 5: "同句另有所指", 6: "旁人说的", 7: "不是对方说的", 8: "消费者自己说的", 9: "对方没有以此拒绝"}
_TITLE, _UNLESS, _BYSTANDER, _NOT_THEIRS, _OWN, _NO_REFUSAL = WHY
LEARNED = "model"  # The name of the rule by which the model alone gives a reason.
EXCLUDED = 16  # The first exclusion of a reason is 16, the second 17, …
_BESIDE = 40  # Characters between a cue and the refusal that stands beside it.
_SUBJECT = 10  # Characters from a subject (我) to the farthest cue it still rules: a clause without commas may go on for a whole post.


class Rule(NamedTuple):
    """A cue of the codebook, and the reason it speaks for: its number in the codebook's order, its rule, the cue's number there."""

    code: int
    reason: ReasonRule
    number: int
    cue: Cue

    @property
    def name(self) -> str:
        """The name a finding carries: reason and cue."""
        return f"{self.reason.code}.{self.cue.id}"


@dataclass(frozen=True, eq=False)
class Findings:
    """Every cue found in a batch, a column each: its rule, post, place [start, end), who says it, and why it does not count or STANDS.

    `region` is the number of the device that took its force, or -1; `probability` the model's, NaN where it was not asked.
    """

    rule: Ints
    post: Ints
    start: Ints
    end: Ints
    speaker: npt.NDArray[np.uint8]
    region: Ints
    why: Ints
    probability: npt.NDArray[np.float64]

    @property
    def code(self) -> Ints:
        """The number of each finding's reason."""
        return table("code")[self.rule]

    @property
    def stands(self) -> Bools:
        """Which findings count."""
        stands: Bools = self.why == STANDS
        return stands


@functools.cache
def rules() -> tuple[Rule, ...]:
    """Return every cue of the codebook, in its order, and behind them for each reason the rule of the model."""
    reasons = list(enumerate(load().reasons.values()))
    cues = [Rule(n, reason, i, cue) for n, reason in reasons for i, cue in enumerate(reason.cues)]
    return *cues, *(Rule(n, reason, -1, Cue(id=LEARNED, any=())) for n, reason in reasons)


def learned_rule(code: Ints) -> Ints:
    """Return the number of the rule by which the model gives each code."""
    return (len(rules()) - len(load().reasons) + code).astype(np.int32)


@functools.cache
def table(name: str) -> npt.NDArray[np.int32]:
    """Return a property of each rule as numbers: code; immune (rules, KINDS); yields (rules, codes)."""
    codes = list(load().reasons)
    rows = {"code": [r.code for r in rules()], "immune": [[kind in r.cue.immune for kind in KINDS] for r in rules()],
            "yields": [[code in r.cue.yields_to for code in codes] for r in rules()]}
    return np.array(rows[name], np.int32)


def weigh(texts: Texts, found: Found, reading: Reading) -> Findings:
    """Return every cue found, weighed."""
    return _yielded(_echoes(texts, _weigh(texts, found, reading)))


def _weigh(texts: Texts, found: Found, reading: Reading) -> Findings:
    rows = [(number, rule, found[key]) for number, rule in enumerate(rules()) if (key := ("cue", rule.reason.code, rule.number)) in found]
    if not rows:
        none = np.zeros(0, np.int32)
        return Findings(none, none, none, none, none.astype(np.uint8), none, none, none.astype(np.float64))
    widest = max(matches.parts.shape[1] for _, _, matches in rows)
    start, end = (np.concatenate([matches[i] for _, _, matches in rows]) for i in (0, 1))
    parts = np.concatenate([m.parts[:, np.minimum(np.arange(widest), m.parts.shape[1] - 1)] for _, _, m in rows])
    rule = np.repeat(np.array([number for number, _, _ in rows], np.int32), [len(matches.start) for _, _, matches in rows])
    speaker = reading.speaker(start)
    speaker = np.where(speaker == 0, reading.speaker(end - 1), speaker)
    region = reading.against(Matches(start, end, parts), table("immune")[rule] > 0)
    why, first = np.zeros(len(rule), np.int32), 0
    refused, own = _refusal_near(start, end, texts, found), _own(start, texts, found)
    for _, one, matches in rows:
        here = slice(first, first := first + len(matches.start))
        why[here] = _excluded(one, matches, texts, found)
        unsaid = _unsaid(one.cue, speaker[here], own[here], refused[here])
        why[here] = np.where(why[here] == STANDS, unsaid, why[here])
    why[region >= 0] = CONTEXT
    return Findings(rule, texts.post(start), start, end, speaker, region, why, np.full(len(rule), np.nan))


def _excluded(rule: Rule, matches: Matches, texts: Texts, found: Found) -> Ints:
    why = np.zeros(len(matches.start), np.int32)
    for j, exclusion in reversed(list(enumerate(rule.reason.exclusions))):
        if other := found.get((rule.reason.code, "exclusion", j)):
            low, high = matches[:2] if exclusion.scope == "overlap" else texts.bounds(matches.start, exclusion.scope)
            why[_touched(other, low, high)] = EXCLUDED + j
    if other := found.get((rule.reason.code, "unless", rule.number)):
        low, high = texts.bounds(matches.start, rule.cue.within)
        why[_touched(other, np.maximum(low, matches.start - rule.cue.reach), np.minimum(high, matches.end + rule.cue.reach))] = _UNLESS
    return why


def _touched(other: Matches, low: Ints, high: Ints) -> Bools:
    """Tell which of the stretches [low, high) one of the matches touches."""
    last = np.searchsorted(other.start, high) - 1
    touched: Bools = (last >= 0) & (np.maximum.accumulate(other.end)[last] > low)
    return touched


def _any_in(sorted_: Ints, low: Ints, high: Ints) -> Bools:
    return np.searchsorted(sorted_, high) > np.searchsorted(sorted_, low)


def _unsaid(cue: Cue, speaker: npt.NDArray[np.uint8], own: Bools, refused: Bools) -> Ints:
    why = np.zeros(len(speaker), np.int32)
    if cue.voice == "claimed":
        why[~refused] = _NO_REFUSAL
    if cue.voice != "any":
        why[own | (speaker == CONSUMER)] = _OWN
    if cue.voice == "merchant":
        why[:] = _NOT_THEIRS
    why[speaker == MERCHANT] = STANDS
    why[speaker == THIRD] = _BYSTANDER
    return why


def _own(start: Ints, texts: Texts, found: Found) -> Bools:
    """Tell whether the clause shortly before each cue has the poster as its subject (我…), not as its object (说我…)."""
    mine = found.get(("self",))
    if mine is None:
        return np.zeros(len(start), np.bool_)
    last = np.searchsorted(mine.start, start + 2) - 1
    objects = found[("object",)].end if ("object",) in found else mine.end[:0]
    low = np.maximum(texts.bounds(start, "clause")[0], start - _SUBJECT)
    return (last >= 0) & (mine.start[last] >= low) & ~np.isin(mine.end[last], objects)


def _refusal_near(start: Ints, end: Ints, texts: Texts, found: Found) -> Bools:
    low, high = texts.bounds(start, "sentence")
    refusals = found[("refusal",)].start if ("refusal",) in found else start[:0]
    return _any_in(refusals, np.maximum(low, end - _BESIDE), np.minimum(high, end + _BESIDE + 1))


def _said(findings: Findings, which: Bools, posts: int) -> Bools:
    # (posts, codes): whether any of `which` speaks for the code in the post.
    out = np.zeros((posts, len(load().reasons)), np.bool_)
    out[findings.post[which], findings.code[which]] = True
    return out


def _echoes(texts: Texts, findings: Findings) -> Findings:
    """Drop what only the title says where the body says the same words of a fear, a hearsay or a mistake."""
    body = findings.start > texts.cut[findings.post]
    taken_back = _said(findings, body & (findings.region >= 0), len(texts)) & ~_said(findings, body & findings.stands, len(texts))
    echo = findings.stands & ~body & taken_back[findings.post, findings.code]
    return replace(findings, why=np.where(echo, _TITLE, findings.why).astype(np.int32))


def _yielded(findings: Findings) -> Findings:
    standing = _said(findings, findings.stands, int(findings.post.max(initial=-1)) + 1)
    to_other = (standing[findings.post] & (table("yields")[findings.rule] > 0)).any(axis=1)
    return replace(findings, why=np.where(findings.stands & to_other, YIELDED, findings.why).astype(np.int32))
