"""Explain the labels of a post in words: every cue found, who said it, and why it was kept or dropped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from kamen_analysis.codebook import load
from kamen_analysis.label import findings, reasons
from kamen_analysis.label.context import SPEAKERS
from kamen_analysis.label.exclusions import EXCLUDED
from kamen_analysis.label.posts import label_post
from kamen_analysis.label.text import Indexes
from kamen_analysis.label.vote import vote
from kamen_analysis.records import OUTCOMES, POST_TYPES, PRODUCTS

_SPEAKERS = {"merchant": "对方说", "consumer": "消费者说", "third": "旁人说", "": "叙述"}


class Trace(NamedTuple):
    """One cue found: its reason and rule, where it is (offsets into title, line break, body), who says it, and why it was dropped."""

    code: str
    start: int
    end: int
    rule: str
    speaker: str
    dropped: str
    post: int


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
    heard = vote(reasons.hear([str(post.get("title") or "")], [str(post.get("body") or "")]))
    text, found, kept = heard.texts.strings[0], tell(heard), set(tell(heard, reasons.decide(heard)))
    shown = {f for f in found if f in kept or not any(_covers(g, f) for g in found)}
    for finding in sorted(shown):
        words = text[finding.start:finding.end].replace("\n", "／")
        verdict = f"不取（{finding.dropped}）" if finding.dropped else "采用" if finding in kept else "同码已有更好的证据"
        name = book.reasons[finding.code].name_zh
        yield f"  {name} ← “{words}”（规则 {finding.rule}，{_SPEAKERS[finding.speaker]}）：{verdict}"
    names = "、".join(reason.name_zh for code, reason in book.reasons.items() if code in {f.code for f in kept})
    yield f"  结论：{names or '无拒退理由'}"


def tell(heard: reasons.Heard, at: Indexes | None = None) -> list[Trace]:
    """Return all the cues found in a batch, or those with the numbers `at`, each once."""
    found, rules, start = heard.findings, findings.rules(), heard.texts.start
    out = []
    for i in range(len(found.rule)) if at is None else at.tolist():
        rule, post = rules[found.rule[i]], int(found.post[i])
        place = int(found.start[i] - start[post]), int(found.end[i] - start[post])
        out.append(Trace(rule.reason.code, *place, rule.name, SPEAKERS[found.speaker[i]] or "", _dropped(heard, i, rule), post))
    return list(dict.fromkeys(out))


def _dropped(heard: reasons.Heard, i: int, rule: findings.Rule) -> str:
    why = int(heard.findings.why[i])
    if why == findings.CONTEXT:
        regions, n, post = heard.reading.regions, heard.findings.region[i], int(heard.findings.post[i])
        words = slice(regions.opening[n] - heard.texts.start[post], regions.close[n] - heard.texts.start[post])
        return f"{load().devices[regions.device[n]].why}：{heard.texts.strings[post][words]}"
    if why == findings.MODEL:
        return f"规则与模型不一致，弃权：模型概率 {heard.findings.probability[i]:.3f}"
    if why == findings.YIELDED:
        return f"已归 {'、'.join(rule.cue.yields_to)}"
    return rule.reason.exclusions[why - EXCLUDED].why if why >= EXCLUDED else findings.WHY.get(why, "")


def _covers(one: Trace, other: Trace) -> bool:
    """Return whether `one` is the same verdict of the same rule on more of the text, so that `other` need not be shown."""
    same = (one.rule, one.dropped, one.speaker) == (other.rule, other.dropped, other.speaker)
    return same and one.start <= other.start and other.end <= one.end and (one.start, one.end) != (other.start, other.end)
