"""Rules and model vote on each cue found: both for it, the rule alone, or, where the model is sure against it, an abstention.

The model never adds a reason by itself: on whole posts its additions were wrong more often than right.
"""

from __future__ import annotations

from dataclasses import replace

from kamen_analysis.label import model
from kamen_analysis.label.reasons import Finding, Heard

AGREES = 0.5


def vote(heard: Heard, learned: model.Model | None = None) -> list[Finding]:
    """Return the findings of a post after the vote; the model (None: the package's own) is asked only where a rule stands."""
    if all(finding.dropped is not None for finding in heard.findings):
        return heard.findings
    learned = learned or model.load()
    opinion = learned.ask(heard)
    return [ruled(f, opinion.near(f.code, f.start, f.end), learned.veto) if f.dropped is None else f for f in heard.findings]


def ruled(finding: Finding, probability: float, veto: float) -> Finding:
    """Return a standing finding after the vote: dropped below `veto`, else decided by the rule alone or by both."""
    if probability < veto:
        return replace(finding, dropped=f"规则与模型不一致，弃权：模型概率 {probability:.3f}")
    return replace(finding, decided_by="vote" if probability >= AGREES else "rule")
