"""Rules and model vote on each cue found: both for it, the rule alone, or, where the model is sure against it, an abstention.

The model never adds a reason by itself: on whole posts its additions were wrong more often than right.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kamen_analysis.label import model
from kamen_analysis.label.findings import MODEL
from kamen_analysis.label.reasons import Heard

AGREES = 0.5


def vote(heard: Heard, learned: model.Model | None = None) -> Heard:
    """Return the batch after the vote; the model (None: the package's own) is asked only where a rule stands."""
    found = heard.findings
    at = np.flatnonzero(found.stands)
    if not len(at):
        return heard
    learned = learned or model.load()
    opinion = learned.ask(heard, np.unique(found.post[at]))
    probability, why = found.probability.copy(), found.why.copy()
    probability[at] = opinion.near(found.code[at], found.start[at], found.end[at])
    why[at[probability[at] < learned.veto]] = MODEL
    return replace(heard, findings=replace(found, probability=probability, why=why))
