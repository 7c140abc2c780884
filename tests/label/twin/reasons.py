"""Refusal reasons of one post: cue templates found, each weighed by who says it and whether it is asserted, with its evidence span."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from kamen_analysis.codebook import load
from kamen_analysis.codebook.models import Cue, ReasonRule
from twin.context import Reading, Region
from twin.cues import Line, Match, Matcher
from twin.text import Doc, read


@dataclass(frozen=True)
class Finding:
    """One cue found: which reason and rule, where (offsets into title + line break + body), and why it was dropped, if it was."""

    code: str
    rule: str
    start: int
    end: int
    score: float
    speaker: str | None
    dropped: str | None
    yields_to: tuple[str, ...] = ()
    in_context: bool = False
    decided_by: str = "rule"


@functools.cache
def matcher() -> Matcher:
    """Return the matcher over every template of the codebook, built once."""
    return Matcher(load().words, _lines())


def _lines() -> Iterator[Line]:
    book = load()
    for i, device in enumerate(book.devices):
        yield from (Line(("device", i), text, device.within) for text in device.any)
        yield from (Line(("until", i), text, "clause") for text in device.until)
    yield from (Line(("refusal",), "{refusal}"), Line(("self",), "{self}"), Line(("object",), "{toward} ..0 {self}"))
    for code, rule in book.reasons.items():
        for i, cue in enumerate(rule.cues):
            yield from (Line(("cue", code, i), text, cue.within) for text in cue.any)
            yield from (Line((code, "unless", i), text, cue.within) for text in cue.unless)
        for i, exclusion in enumerate(rule.exclusions):
            yield from (Line((code, "exclusion", i), text) for text in exclusion.any)


@dataclass(frozen=True)
class Heard:
    """One post as heard: its text, the word classes in it (offset, name), who speaks where, the cues found."""

    doc: Doc
    classes: list[tuple[int, str]]
    reading: Reading
    findings: list[Finding]


def hear(title: str, body: str) -> Heard:
    """Return the post as read with every cue found in it, kept or dropped, in the order of the codebook."""
    book = load()
    doc = read(title, body, book.spelling)
    hits = matcher().hits(doc)
    cues = matcher().scan(doc, hits, "cue")
    codes = [code for code in book.reasons if any(key[1] == code for key in cues)]
    found = cues | matcher().scan(doc, hits, "device", "until", "refusal", "self", "object", *codes)
    reading = Reading(doc, book.devices, found)
    weighed = _yielded(_echoes(doc, [finding for code in codes for finding in _weigh(book.reasons[code], reading)]))
    return Heard(doc, matcher().classes(hits), reading, weighed)


def findings(title: str, body: str) -> tuple[Doc, list[Finding]]:
    """Return the post as read and the cues found in it."""
    heard = hear(title, body)
    return heard.doc, heard.findings


def _echoes(doc: Doc, findings: list[Finding]) -> list[Finding]:
    """Drop what only the title says where the body says the same words of a fear, a hearsay or a mistake."""
    body = [f for f in findings if f.start > doc.cut]
    taken_back = {f.code for f in body if f.in_context} - {f.code for f in body if f.dropped is None}
    return [replace(f, dropped="正文另有说明") if f.dropped is None and f.start <= doc.cut and f.code in taken_back else f
            for f in findings]


def _yielded(findings: list[Finding]) -> list[Finding]:
    standing = {finding.code for finding in findings if finding.dropped is None}
    return [replace(f, dropped=f"已归 {'、'.join(f.yields_to)}") if f.dropped is None and standing & set(f.yields_to) else f
            for f in findings]


def _weigh(rule: ReasonRule, reading: Reading) -> Iterator[Finding]:
    for i, cue in enumerate(rule.cues):
        for match in reading.found.get(("cue", rule.code, i), ()):
            speaker = reading.speaker(match.start) or reading.speaker(match.end - 1)
            region = reading.against(match, cue.immune)
            dropped = _context(region, reading) or _excluded(rule, i, cue, match, reading) or _unsaid(cue, match, speaker, reading)
            yield Finding(rule.code, f"{rule.code}.{cue.id}", match.start, match.end, cue.score, speaker, dropped, cue.yields_to,
                          region is not None)


def _excluded(rule: ReasonRule, i: int, cue: Cue, match: Match, reading: Reading) -> str | None:
    doc, found = reading.doc, reading.found
    low, high = doc.bounds(match.start, cue.within)
    low, high = max(low, match.start - cue.reach), min(high, match.end + cue.reach)
    if any(m.start < high and low < m.end for m in found.get((rule.code, "unless", i), ())):
        return "同句另有所指"
    for j, exclusion in enumerate(rule.exclusions):
        low, high = (match.start, match.end) if exclusion.scope == "overlap" else doc.bounds(match.start, exclusion.scope)
        if any(m.start < high and low < m.end for m in found.get((rule.code, "exclusion", j), ())):
            return exclusion.why
    return None


def _context(region: Region | None, reading: Reading) -> str | None:
    return f"{region.device.why}：{reading.doc.text[slice(*region.trigger)]}" if region else None


def _unsaid(cue: Cue, match: Match, speaker: str | None, reading: Reading) -> str | None:
    if speaker == "third":
        return "旁人说的"
    if cue.voice == "any" or speaker == "merchant":
        return None
    if cue.voice == "merchant":
        return "不是对方说的"
    if speaker == "consumer" or _own(match, reading):
        return "消费者自己说的"
    return None if cue.voice == "other" or _refusal_near(match, reading) else "对方没有以此拒绝"


def _own(match: Match, reading: Reading) -> bool:
    """Tell whether the clause shortly before the cue has the poster as its subject (我…), not as its object (说我…)."""
    low = max(reading.doc.bounds(match.start, "clause")[0], match.start - 10)
    objects = {m.end for m in reading.found.get(("object",), ())}
    mine = [m.end for m in reading.found.get(("self",), ()) if low <= m.start < match.start + 2]
    return bool(mine) and mine[-1] not in objects


def _refusal_near(match: Match, reading: Reading) -> bool:
    low, high = reading.doc.bounds(match.start, "sentence")
    return any(low <= m.start < high and abs(m.start - match.end) <= 40 for m in reading.found.get(("refusal",), ()))


def decide(doc: Doc, findings: list[Finding]) -> list[Finding]:
    """Return for each code its best standing finding: the highest score, the body before the title, the longest, the earliest."""
    def rank(finding: Finding) -> tuple[float, bool, int, int]:
        return finding.score, finding.start > doc.cut, finding.end - finding.start, -finding.start

    best: dict[str, Finding] = {}
    for finding in findings:
        if finding.dropped is None and (finding.code not in best or rank(finding) > rank(best[finding.code])):
            best[finding.code] = finding
    return list(best.values())
