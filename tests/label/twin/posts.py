"""Label posts whole: the gate, what it is about, how it ended, and the refusal reasons with their evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from twin import gate, outcome, reasons, scope, stack
from twin._reading import read
from twin.vote import vote


@dataclass(frozen=True)
class Reason:
    """One refusal reason of a post: evidence at [start, end) characters of `field` as given, the rule that found it, its score."""

    code: str
    field: str
    start: int
    end: int
    text: str
    rule: str
    decided_by: str
    score: float


@dataclass(frozen=True)
class Labelled:
    """All labels of one post; `gate_rule` names the evidence for its type."""

    id: str
    post_type: str
    gate_rule: str
    in_scope: bool
    product: str
    outcome: str
    reasons: list[Reason]
    decided_by: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the post as one line of `kamen label`; `field` is named only where the evidence is in the title."""
        lines = [{k: v for k, v in asdict(reason).items() if k != "field" or v == "title"} for reason in self.reasons]
        return {"id": self.id, "post_type": self.post_type, "in_scope": self.in_scope, "product": self.product,
                "outcome": self.outcome, "reasons": lines}


def label_posts(posts: Iterable[Mapping[str, Any]]) -> list[Labelled]:
    """Return the labels of posts with keys id, title, body, target (missing or None is empty), in their order."""
    return [label_post(post) for post in posts]


def label_post(post: Mapping[str, Any]) -> Labelled:
    """Return the labels of one post; what is no complaint has no reasons."""
    title, body = (str(post.get(key) or "") for key in ("title", "body"))
    target, reading = post.get("target"), read(title, body)
    ruled, rule = gate.gate(title, body, target)
    post_type, kind_by = stack.settle("post_type", reading, stack.of_type(reading, target, ruled), ruled)
    complaint = post_type == "complaint"
    found = reasons_of(title, body) if complaint else []
    product = scope.best_product(reading, scope.shop(target or ""))
    product_by = ending_by = "rule"
    ending = outcome.outcome(title, body, post_type, [reason.code for reason in found])
    if complaint:
        named = product or "service"
        product, product_by = stack.settle("product", reading, stack.of_product(reading, target, named), named)
        ending, ending_by = stack.settle("outcome", reading, stack.of_outcome(reading, ending), ending)
    in_scope, product = scope.scope(reading, post_type, target, product)
    return Labelled(str(post.get("id") or ""), post_type, "model" if kind_by == "model" else rule, in_scope, product, ending, found,
                    (kind_by, product_by, ending_by))


def reasons_of(title: str, body: str) -> list[Reason]:
    """Return the refusal reasons of a complaint, one a code, each with its best evidence."""
    heard, out = reasons.hear(title, body), []
    doc = heard.doc
    for finding in reasons.decide(doc, vote(heard)):
        in_title = finding.start < doc.cut
        field, text, shift = ("title", title, 0) if in_title else ("body", body, doc.body_at)
        # Evidence that begins in the title ends with it.
        start, end = finding.start - shift, (min(finding.end, doc.cut) if in_title else finding.end) - shift
        out.append(Reason(finding.code, field, start, end, text[start:end], finding.rule, finding.decided_by, finding.score))
    return out
