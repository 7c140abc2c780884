"""Decide of every cue found in a batch whether it counts: by who says it, whether it is asserted, and what else stands beside it."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.codebook import load
from kamen_analysis.codebook.models import Cue, ReasonRule
from kamen_analysis.label.context import KINDS, Reading
from kamen_analysis.label.cues import Matcher
from kamen_analysis.label.exclusions import SCOPES, excluded
from kamen_analysis.label.matches import Found, Matches
from kamen_analysis.label.text import Bools, Indexes, Ints, Texts, spread
from kamen_analysis.label.words import Hits

MERCHANT, CONSUMER, THIRD = 1, 2, 3  # As in context.SPEAKERS.
STANDS, CONTEXT, MODEL, YIELDED = 0, 1, 2, 3  # Of `Findings.why`, as are the keys of WHY, and the exclusions from EXCLUDED on.
WHY = {4: "正文另有说明", 5: "同句另有所指", 6: "旁人说的", 7: "不是对方说的", 8: "消费者自己说的", 9: "对方没有以此拒绝"}
_TITLE, _UNLESS, _BYSTANDER, _NOT_THEIRS, _OWN, _NO_REFUSAL = WHY
LEARNED = "model"  # The rule that is named where the model alone gives a reason.
_BESIDE = 40  # A refusal at most so many characters from a cue stands beside it.
_VOICES = ("any", "other", "claimed", "merchant")
_SUBJECT = 10  # Characters a subject (我) reaches in its clause: one without commas may go on for a whole post.


class Rule(NamedTuple):
    """A cue of the codebook and its reason; `code` is the reason's number in the codebook, `number` the cue's in the reason or -1."""

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
    """Every cue found in a batch, in columns: its rule, post, place [start, end), who says it (a number in `context.SPEAKERS`).

    `why` is STANDS for a cue that counts, else why it does not; `region`: the number (in `Reading.regions`) of the region that took its
    force, or -1; `probability`: the model's, NaN where it was not asked.
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
    """Return every cue of the codebook, in its order, and behind them one rule a reason for what the model alone finds."""
    reasons = list(enumerate(load().reasons.values()))
    cues = [Rule(n, reason, i, cue) for n, reason in reasons for i, cue in enumerate(reason.cues)]
    return *cues, *(Rule(n, reason, -1, Cue(id=LEARNED, any=())) for n, reason in reasons)


def learned_rule(code: Ints) -> Ints:
    """Return for each code the number of the rule for what the model alone finds."""
    return (len(rules()) - len(load().reasons) + code).astype(np.int32)


@functools.cache
def table(name: str) -> npt.NDArray[np.int32]:
    """Return a property of all rules as numbers: code, within, reach, voice; immune (rules, KINDS); yields (rules, codes)."""
    codes = list(load().reasons)
    rows = {"code": [r.code for r in rules()], "immune": [[kind in r.cue.immune for kind in KINDS] for r in rules()],
            "within": [SCOPES.index(r.cue.within) for r in rules()], "reach": [r.cue.reach for r in rules()],
            "voice": [_VOICES.index(r.cue.voice) for r in rules()],
            "yields": [[code in r.cue.yields_to for code in codes] for r in rules()]}
    return np.array(rows[name], np.int32)


def weigh(matcher: Matcher, hits: Hits, found: Found, reading: Reading) -> Findings:
    """Return every cue found, and whether it counts."""
    return _yielded(_without_echoes(hits.texts, _weigh(matcher, hits, found, reading)))


def _weigh(matcher: Matcher, hits: Hits, found: Found, reading: Reading) -> Findings:
    texts, rows = hits.texts, found.rows(_numbers(matcher, "cue"))
    at, rule = spread(*rows), np.repeat(np.arange(rows.shape[1], dtype=np.int32), rows[1] - rows[0])
    cues, chains = Matches(start := found.start[at], end := found.end[at]), found.chains(at)
    speaker = reading.speaker(start)
    speaker = np.where(speaker == 0, reading.speaker(end - 1), speaker)
    region = reading.against(cues, hits.table, chains, table("immune")[rule] > 0)
    bounds = np.stack([(start, end), *(texts.bounds(start, scope) for scope in SCOPES[1:])])
    why = excluded(matcher, found, table("code")[rule], bounds)
    why[_unless(matcher, hits, chains, rule, bounds)] = _UNLESS
    claimed = np.flatnonzero(table("voice")[rule] == _VOICES.index("claimed"))
    alone = claimed[~_refusal_near(start[claimed], end[claimed], bounds[:, :, claimed], found)]
    by_voice = _by_voice(rule, speaker, _own(start, bounds, found), alone)
    why = np.where(why == STANDS, by_voice, why)
    why[region >= 0] = CONTEXT
    return Findings(rule, texts.post(start), start, end, speaker, region, why, np.full(len(rule), np.nan))


@functools.lru_cache(maxsize=4)
def _numbers(matcher: Matcher, kind: str) -> Indexes:
    # Of each rule the number of the key of its lines of a kind: "cue", or "unless" (what undoes it).
    return matcher.numbers(("cue", r.reason.code, r.number) if kind == "cue" else (r.reason.code, kind, r.number) for r in rules())


def _unless(matcher: Matcher, hits: Hits, chains: Ints, rule: Ints, bounds: Ints) -> Bools:
    low, high = bounds[table("within")[rule], :, np.arange(len(rule))].T
    reach = table("reach")[rule]
    return matcher.touched(hits, _numbers(matcher, "unless")[rule], chains, np.stack(
        [low, high, np.maximum(low, bounds[0, 0] - reach), np.minimum(high, bounds[0, 1] + reach)], axis=1))


def _any_in(sorted_: Ints, low: Ints, high: Ints) -> Bools:
    following: Ints = np.append(sorted_, np.iinfo(np.int32).max)[np.searchsorted(sorted_, low)]
    return following < high


def _by_voice(rule: Ints, speaker: npt.NDArray[np.uint8], own: Bools, alone: Indexes) -> Ints:
    # Whether each cue comes from the mouth its rule asks for: STANDS, or why it does not count; `alone`: claims without a refusal.
    why, voice = np.zeros(len(rule), np.int32), table("voice")[rule]
    why[alone] = _NO_REFUSAL
    why[(voice != _VOICES.index("any")) & (own | (speaker == CONSUMER))] = _OWN
    why[voice == _VOICES.index("merchant")] = _NOT_THEIRS
    why[speaker == MERCHANT] = STANDS
    why[speaker == THIRD] = _BYSTANDER
    return why


def _own(start: Ints, bounds: Ints, found: Found) -> Bools:
    """Return for each cue whether the poster is the subject of its clause (我…) shortly before it, not an object (说我…)."""
    mine, objects = found.get(("self",)), found.get(("object",)).end
    if not len(mine.start):
        return np.zeros(len(start), np.bool_)
    last = np.searchsorted(mine.start, start + 2) - 1
    low = np.maximum(bounds[SCOPES.index("clause"), 0], start - _SUBJECT)
    own: Bools = (last >= 0) & (mine.start[last] >= low) & ~np.isin(mine.end, objects)[last]
    return own


def _refusal_near(start: Ints, end: Ints, bounds: Ints, found: Found) -> Bools:
    low, high = bounds[SCOPES.index("sentence")]
    return _any_in(found.get(("refusal",)).start, np.maximum(low, end - _BESIDE), np.minimum(high, end + _BESIDE + 1))


def _said(findings: Findings, which: Bools, posts: int) -> Bools:
    # (posts, codes): whether any of `which` speaks for the code in the post.
    out = np.zeros((posts, len(load().reasons)), np.bool_)
    out[findings.post[which], findings.code[which]] = True
    return out


def _without_echoes(texts: Texts, findings: Findings) -> Findings:
    """Drop a reason that stands in the title alone where the body has it only as denied, feared, hearsay or the like."""
    body = findings.start > texts.cut[findings.post]
    taken_back = _said(findings, body & (findings.region >= 0), len(texts)) & ~_said(findings, body & findings.stands, len(texts))
    echo = findings.stands & ~body & taken_back[findings.post, findings.code]
    return replace(findings, why=np.where(echo, _TITLE, findings.why).astype(np.int32))


def _yielded(findings: Findings) -> Findings:
    # Drops cues that yield to another reason which stands in their post.
    standing = _said(findings, findings.stands, int(findings.post.max(initial=-1)) + 1)
    why = findings.why.copy()
    yields: Bools = table("yields") > 0
    at = np.flatnonzero(findings.stands & np.logical_or.reduce(yields, axis=1)[findings.rule])
    why[at[(standing[findings.post[at]] & yields[findings.rule[at]]).any(axis=1)]] = YIELDED
    return replace(findings, why=why)
