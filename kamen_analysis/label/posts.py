"""Label posts whole: the gate, what it is about, how it ended, and the refusal reasons with their evidence."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from kamen_analysis.heap import keep_some, uncollected
from kamen_analysis.label import facts, findings, gate, outcome, reasons, scope, stack
from kamen_analysis.label._hits import Hits
from kamen_analysis.label._reading import read
from kamen_analysis.label.text import Texts, fold
from kamen_analysis.label.vote import AGREES, vote

BATCH = 450_000  # Characters labelled together: more take memory and gain little.
POST = 60  # The fixed cost of a post, in characters.


class Reason(NamedTuple):
    """One refusal reason of a post: evidence at [start, end) characters of `field` as given, the rule that found it, its score."""

    code: str
    field: str
    start: int
    end: int
    text: str
    rule: str
    decided_by: str
    score: float


class Labelled(NamedTuple):
    """All labels of one post; `gate_rule` names the evidence for its type, `stack.MODEL` where the model over the rules gives it.

    `decided_by`: who decided each of `stack.TASKS` (and in_scope with the product): rule, model, or vote (they agree).
    """

    id: str
    post_type: str
    gate_rule: str
    in_scope: bool
    product: str
    outcome: str
    reasons: list[Reason]
    decided_by: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the labels as one line of `kamen label`; a reason names its `field` only where that is the title."""
        lines = [{k: v for k, v in reason._asdict().items() if k != "field" or v == "title"} for reason in self.reasons]
        return {"id": self.id, "post_type": self.post_type, "in_scope": self.in_scope, "product": self.product,
                "outcome": self.outcome, "reasons": lines}


def label_posts(posts: Iterable[Mapping[str, Any]]) -> list[Labelled]:
    """Return the labels of posts, in their order; their keys are id, title, body and target (missing or None is empty)."""
    with uncollected():  # Between batches, too: the labels found so far would be searched each time.
        return list(labelled(posts))


def labelled(posts: Iterable[Mapping[str, Any]]) -> Iterator[Labelled]:
    """Yield what `label_posts` returns, batch by batch, so that memory does not grow with the number of posts."""
    keep_some()  # Every batch needs as much memory as the one before.
    for batch in _batches(posts):
        with uncollected():
            found = _label(*map(list, zip(*batch, strict=True)))
        yield from found


def label_post(post: Mapping[str, Any]) -> Labelled:
    """Return the labels of one post; only a complaint has reasons."""
    return label_posts([post])[0]


def reasons_of(title: str, body: str) -> list[Reason]:
    """Return the refusal reasons of a complaint, each code once with its best evidence."""
    return _reasons(fold([title], [body]), [title], [body])[0]


def _batches(posts: Iterable[Mapping[str, Any]]) -> Iterator[list[tuple[str, str, str, str | None]]]:
    # The id, title, body and target of each post.
    batch: list[tuple[str, str, str, str | None]] = []
    size = 0
    for post in posts:
        title, body = str(post.get("title") or ""), str(post.get("body") or "")
        batch.append((str(post.get("id") or ""), title, body, post.get("target")))
        size += len(title) + len(body) + POST
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _label(ids: list[str], titles: list[str], bodies: list[str], targets: list[str | None]) -> list[Labelled]:
    texts, models = fold(titles, bodies), stack.load()
    hits = read(texts)
    words = models.read(hits)
    scales = gate.scale(hits, targets)
    types, rules = gate.decided(scales, targets)
    kinds = models.parts["post_type"].settle(words["post_type"], facts.of_type(scales, types), types)
    asked = [i for i, post_type in enumerate(kinds.answers) if post_type == "complaint"]
    found: list[list[Reason]] = [[] for _ in ids]
    if asked:
        for i, given in zip(asked, _reasons(texts.take(asked), [titles[i] for i in asked], [bodies[i] for i in asked]), strict=True):
            found[i] = given
    scopes, products_by = _scopes(hits, models, words, kinds.answers, targets)
    endings = _endings(hits, models, words, kinds.answers, [[reason.code for reason in given] for given in found])
    gate_rules = [stack.MODEL if who == stack.MODEL else rule for who, rule in zip(kinds.decided_by, rules, strict=True)]
    decided_by = zip(kinds.decided_by, products_by, endings.decided_by, strict=True)
    rows = zip(ids, kinds.answers, gate_rules, *zip(*scopes, strict=True), endings.answers, found, decided_by, strict=True)
    return list(map(Labelled._make, rows))


def _scopes(hits: Hits, models: stack.Stack, words: dict[str, facts.Floats], types: list[str],
            targets: list[str | None]) -> tuple[list[tuple[bool, str]], list[str]]:
    """Return (in_scope, product) of each post, and who decided; the model has a say on complaints only."""
    weighed = scope.weigh(hits, targets)
    best = scope.best_products(weighed)
    ruled = [product or scope.UNNAMED for product in best]
    settled = models.parts["product"].settle(words["product"], facts.of_product(weighed, ruled), ruled)
    complaints = [kind == "complaint" for kind in types]
    chosen = [answer if own else product for own, answer, product in zip(complaints, settled.answers, best, strict=True)]
    return scope.settled(weighed, types, chosen), _decided_by(complaints, settled)


def _endings(hits: Hits, models: stack.Stack, words: dict[str, facts.Floats], types: list[str], codes: list[list[str]]) -> stack.Settled:
    """Return the outcome of each post, and who decided; the model has a say on complaints only."""
    told = outcome.hear(hits, types)
    ruled = outcome.ends(told, types, codes)
    settled = models.parts["outcome"].settle(words["outcome"], facts.of_outcome(told, ruled), ruled)
    complaints = [kind == "complaint" for kind in types]
    return stack.Settled([answer if own else rule for own, answer, rule in zip(complaints, settled.answers, ruled, strict=True)],
                         _decided_by(complaints, settled))


def _decided_by(complaints: list[bool], settled: stack.Settled) -> list[str]:
    return [who if own else stack.RULE for own, who in zip(complaints, settled.decided_by, strict=True)]


def _reasons(texts: Texts, titles: list[str], bodies: list[str]) -> list[list[Reason]]:
    heard = vote(reasons.hear_folded(texts))
    found, kept = heard.findings, reasons.decide(heard)
    post = found.post[kept]
    start, end = (place[kept] - heard.texts.start[post] for place in (found.start, found.end))
    cut = heard.texts.titles[post]
    titled = start < cut
    shift = np.where(titled, 0, cut + 1)
    end = np.where(titled, np.minimum(end, cut), end)  # Evidence that begins in the title ends with it.
    columns = (post, titled, found.rule[kept], start - shift, end - shift, found.probability[kept])
    rules = _rules()
    out: list[list[Reason]] = [[] for _ in titles]
    for number, in_title, rule, first, last, probability in zip(*(column.tolist() for column in columns), strict=True):
        code, name, score = rules[rule]
        field, text = ("title", titles[number]) if in_title else ("body", bodies[number])
        who = findings.LEARNED if score is None else "vote" if probability >= AGREES else "rule"
        score = round(probability, 3) if score is None else score
        out[number].append(Reason(code, field, first, last, text[first:last], name, who, score))
    return out


@functools.cache
def _rules() -> list[tuple[str, str, float | None]]:
    # For each rule its code, its name, and its score: None where the model's probability is the score.
    return [(rule.reason.code, rule.name, None if rule.cue.id == findings.LEARNED else rule.cue.score) for rule in findings.rules()]
