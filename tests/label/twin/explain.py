"""The trace of a labelling in words a person can read: every cue found, who said it, and why it was kept or dropped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kamen_analysis.codebook import load
from kamen_analysis.records import OUTCOMES, POST_TYPES, PRODUCTS
from twin import reasons
from twin.posts import label_post
from twin.reasons import Finding
from twin.vote import vote

_SPEAKERS = {"merchant": "对方说", "consumer": "消费者说", "third": "旁人说", None: "叙述"}


def explain(post: Mapping[str, Any]) -> str:
    """Return the decision trace of one post (keys id, title, body, target) in Chinese, ending in its labels."""
    return "\n".join(_lines(post))


def _lines(post: Mapping[str, Any]) -> Iterator[str]:
    labelled, book = label_post(post), load()
    scope = "虚拟商品" if labelled.in_scope else "非虚拟商品"
    kind = f"{POST_TYPES[labelled.post_type]}（依据 {labelled.gate_rule}）"
    yield f"【{labelled.id}】{kind}，{scope}，{PRODUCTS[labelled.product]}，{OUTCOMES[labelled.outcome]}"
    if labelled.post_type != "complaint":
        yield "  不是投诉，不编拒退理由。"
        return
    heard = reasons.hear(str(post.get("title") or ""), str(post.get("body") or ""))
    doc, found = heard.doc, vote(heard)
    kept = reasons.decide(doc, found)
    shown = {f for f in found if f in kept or not any(_says_more(g, f) for g in found)}
    for finding in sorted(shown, key=lambda f: (f.code, f.start, f.end, f.rule)):
        name, words = book.reasons[finding.code].name_zh, doc.text[finding.start:finding.end].replace("\n", "／")
        verdict = f"不取（{finding.dropped}）" if finding.dropped else "采用" if finding in kept else "同码已有更好的证据"
        yield f"  {name} ← “{words}”（规则 {finding.rule}，{_SPEAKERS[finding.speaker]}）：{verdict}"
    names = "、".join(book.reasons[f.code].name_zh for f in kept)
    yield f"  结论：{names or '无拒退理由'}"


def _says_more(one: Finding, other: Finding) -> bool:
    """Tell whether `one` is the same rule's same verdict over more of the text, so that `other` need not be shown."""
    same = (one.rule, one.dropped, one.speaker) == (other.rule, other.dropped, other.speaker)
    return same and one.start <= other.start and other.end <= one.end and (one.start, one.end) != (other.start, other.end)
