"""The model over the rules, post by post: the bag counted one by one, the facts asked of the slow coders."""

from __future__ import annotations

import math
import zlib

import numpy as np

from kamen_analysis.codebook import coding
from kamen_analysis.label import outcome as fast_outcome
from kamen_analysis.label import stack
from kamen_analysis.label._reading import groups
from kamen_analysis.label.facts import BUCKETS, CUED, WEIGHT
from kamen_analysis.label.gate import evidence
from kamen_analysis.records import OUTCOMES, PRODUCTS
from twin import gate, outcome, scope
from twin._reading import Reading

_WORD = 2**32


def settle(task: str, reading: Reading, facts: list[float], ruled: str) -> tuple[str, str]:
    """Return the answer to a task for a post, and who decides, given the facts and the rules' answer."""
    part = stack.load().parts[task]
    odds = words(part, reading) + np.array(facts) @ part.facts.astype(float) + part.bias
    best = int(np.argmax(odds))
    if part.answers[best] == ruled:
        return ruled, "vote"
    if ruled in part.answers and odds[best] - odds[part.answers.index(ruled)] >= part.limit:
        return part.answers[best], "model"
    return ruled, "rule"


def words(part: stack.Part, reading: Reading) -> np.ndarray:
    """Return what the words of a post say for each answer."""
    text = f"\0{reading.text}\0"
    buckets = [(_bucket(ord(one)), 1) for one in text[1:]]
    buckets += [(_bucket(ord(before) * 1000003 + ord(one)), 1) for before, one in zip(text, text[1:], strict=False)]
    buckets += [(_bucket(zlib.crc32(f"{name} {cues[cue]}".encode())), CUED) for name, cues, _ in groups()
                for _, _, cue in reading.hits.get(name)]
    total = sum(times for _, times in buckets)
    sums = sum(part.weights[bucket].astype(np.int64) * times for bucket, times in buckets)
    return sums * part.scale * WEIGHT / math.sqrt(total)


def _bucket(key: int) -> int:
    return key * 0x9E3779B1 % _WORD * BUCKETS // _WORD


def _is(answer: str, keys: object) -> list[float]:
    return [float(answer == key) for key in keys]


def of_type(reading: Reading, target: str | None, ruled: str) -> list[float]:
    """Return the facts about the post type."""
    book = coding.gate()
    counts = {name: count for name, _, count in gate.found(reading, book)} | ({"named": 1} if target else {})
    points = {kind: sum(worth.get(kind, 0.0) * (counts[name] if worth.get(kind, 0.0) > 0 else 1)
                        for name, worth in evidence().items() if name in counts) for kind in book.order}
    often = [min(counts.get(name, 0), 3) * 0.3 for name in evidence()]
    return [*_is(ruled, book.order), *often, *(points[kind] * 0.1 for kind in book.order)]


def of_product(reading: Reading, target: str | None, ruled: str) -> list[float]:
    """Return the facts about the product."""
    shop = scope.shop(target or "")
    scores = list(scope.scores(reading, shop).values())
    virtual = ["virtual" in reading.hits, "not_virtual" in reading.hits, "generic" in reading.hits, "virtual" in shop]
    return [*_is(ruled, PRODUCTS), *(min(score, 12) / 6 for score in scores), *(max(score - max(scores), -6) / 3 for score in scores),
            *(0.5 * one for one in virtual)]


def of_outcome(reading: Reading, ruled: str) -> list[float]:
    """Return the facts about the outcome of a complaint."""
    hits = reading.hits
    last = {name: max(outcome.undenied(hits, name), default=0) for name in ("done", "closed", "part", "contact")}
    last |= {name: max(outcome.asserted(hits, name), default=0) for name in fast_outcome.ASSERTED}
    late = [end > 0 and len(reading.text) - end < 30 for end in last.values()]
    named = [f"outcome.{name}" in hits for name in fast_outcome.NAMED]
    signs = [*(end > 0 for end in last.values()), outcome.part_back(hits) > 0, *late, *named]
    return [*_is(ruled, OUTCOMES), *(0.5 * sign for sign in signs)]
