"""Rules and model vote, post by post and stretch by stretch."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from kamen_analysis.codebook import load
from kamen_analysis.label import model
from kamen_analysis.label.features import BUCKETS
from kamen_analysis.label.findings import LEARNED
from kamen_analysis.label.vote import AGREES, MARKS
from twin.features import features, units
from twin.reasons import Finding, Heard


def vote(heard: Heard) -> list[Finding]:
    """Return the findings of a post after the vote with the package's model."""
    if len(heard.doc.text) < 2:
        return heard.findings
    learned, found = model.load(), features(heard)
    table = [(low, high, odds(learned, [bucket for at, bucket in found if low <= at < high])) for low, high in units(heard.doc)]
    ruled = [_ruled(f, table, learned) if f.dropped is None else f for f in heard.findings]
    given = {f.code for f in ruled if f.dropped is None}
    more = [one for code in load().reasons if code not in given
            for one in _learned(heard.doc.text, code, _silent(ruled, code, table), learned)]
    return sorted(ruled + more, key=lambda finding: list(load().reasons).index(finding.code))


def _learned(text: str, code: str, table: list[tuple[int, int, np.ndarray]], learned: model.Model) -> list[Finding]:
    if code not in learned.codes or not table:
        return []
    low, high, row = max(table, key=lambda stretch: float(stretch[2][learned.codes.index(code)]))
    probability = 1 / (1 + math.exp(-float(row[learned.codes.index(code)])))
    words = text[low:high]
    bare = words.strip(MARKS)
    low += len(words) - len(words.lstrip(MARKS))
    found = Finding(code, f"{code}.{LEARNED}", low, low + len(bare), round(probability, 3), None, None, decided_by="model")
    return [found] if probability >= learned.add[learned.codes.index(code)] and bare else []


def odds(learned: model.Model, buckets: list[int]) -> np.ndarray:
    """Return the log odds of every code for a stretch with these features."""
    sums = sum(learned.weights[b].astype(np.int64) for b in buckets if b < BUCKETS)
    return sums * learned.scale / math.sqrt(max(len(buckets), 1)) + learned.bias


def _touching(finding: Finding, table: list[tuple[int, int, np.ndarray]]) -> list[int]:
    """Return the numbers of the stretches that touch a finding."""
    return [i for i, (low, high, _) in enumerate(table) if low < finding.end and finding.start < high]


def _silent(found: list[Finding], code: str, table: list[tuple[int, int, np.ndarray]]) -> list[tuple[int, int, np.ndarray]]:
    """Return the stretches where no rule's finding of the reason was dropped."""
    heard = {i for f in found if f.code == code and f.dropped is not None for i in _touching(f, table)}
    return [stretch for i, stretch in enumerate(table) if i not in heard]


def _ruled(finding: Finding, table: list[tuple[int, int, np.ndarray]], learned: model.Model) -> Finding:
    if finding.code not in learned.codes:
        return finding
    code = learned.codes.index(finding.code)
    best = max(float(table[i][2][code]) for i in _touching(finding, table))
    probability = 1 / (1 + math.exp(-best))
    if probability < learned.veto[code]:
        return replace(finding, dropped=f"规则与模型不一致，弃权：模型概率 {probability:.3f}")
    return replace(finding, decided_by="vote" if probability >= AGREES else "rule")
