"""Let rules and model vote on the reasons: a rule's finding stands unless the model is sure it is wrong.

Where no rule finds a reason, nor found one that does not count, the model alone gives it if it is sure enough.
The limits, one pair for each reason, are set in `benchmarks/train.py`, which tells what they were chosen on.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kamen_analysis.codebook import load
from kamen_analysis.kernels import compiled
from kamen_analysis.label import model
from kamen_analysis.label.findings import MODEL, STANDS, Findings, learned_rule
from kamen_analysis.label.reasons import Heard
from kamen_analysis.label.text import Bools, Floats, Indexes, Ints

AGREES = 0.5  # The probability from which the model is said to agree with a rule.
MARKS = " \t\n\r，,。.！!？?；;：:、…~"
_MARKS = np.array([ord(c) for c in MARKS])
_RULED = -2


def vote(heard: Heard, learned: model.Model | None = None) -> Heard:
    """Return the batch after the vote; `learned`: the model asked (None: the package's own)."""
    learned = learned or model.load()
    written = np.flatnonzero(heard.texts.lengths > 1).astype(np.int32)  # An empty post is a line break alone.
    opinion = learned.ask(heard, written)
    return replace(heard, findings=_added(heard, _vetoed(heard.findings, opinion, learned.veto), opinion, learned.add))


def _vetoed(found: Findings, opinion: model.Opinion, veto: model.Floats) -> Findings:
    # Enters the model's probability of each finding that stands, and drops those below the `veto` of their code.
    at = np.flatnonzero(found.stands)
    probability, why = found.probability.copy(), found.why.copy()
    probability[at] = opinion.near(found.code[at], found.start[at], found.end[at])
    why[at[probability[at] < veto[opinion.columns()[found.code[at]]]]] = MODEL
    return replace(found, probability=probability, why=why)


def _trimmed(heard: Heard, start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Return the stretches without the MARKS at either end."""
    texts, post = heard.texts, heard.texts.post(start)
    shift = texts.index[post] - texts.start[post]
    while (step := (start < end) & np.isin(texts.codes[start + shift], _MARKS)).any():
        start = start + step
    while (step := (start < end) & np.isin(texts.codes[end - 1 + shift], _MARKS)).any():
        end = end - step
    return start.astype(np.int32), end.astype(np.int32)


def _added(heard: Heard, found: Findings, opinion: model.Opinion, add: model.Floats) -> Findings:
    """Add, for each post and reason that no rule finds there, the stretch the model is surest of, if it is as sure as the code's `add`.

    Where a rule's finding of the reason was dropped the model is not heard: it sees words, the rules saw why they do not count.
    """
    numbers = np.array([list(load().reasons).index(name) for name in opinion.codes], np.int32)
    best = np.full((len(heard.texts), len(load().reasons)), -1)
    best[found.post[found.stands], found.code[found.stands]] = _RULED
    _keep_surest(opinion.table, np.log(add / (1 - add)), dropped(found, opinion), heard.texts.post(opinion.start), numbers, best)
    post, code = (column.astype(np.int32) for column in np.nonzero(best >= 0))
    row = best[post, code]
    start, end = _trimmed(heard, opinion.start[row], opinion.end[row])
    kept = start < end
    row, post, code, start, end = row[kept], post[kept], code[kept], start[kept], end[kept]
    none, odds = np.zeros(len(row), np.int32), opinion.table[row, opinion.columns()[code]]
    more = Findings(learned_rule(code), post, start, end, none.astype(np.uint8), none - 1, none + STANDS,
                    1 / (1 + np.exp(-odds)))
    return Findings(*(np.concatenate([getattr(found, name), getattr(more, name)]) for name in Findings.__dataclass_fields__))


@compiled
def _keep_surest(table: Floats, limit: Floats, barred: Bools, post: Ints, numbers: Ints, best: Indexes) -> None:
    # Fills `best` (posts, reasons), but where it is _RULED, with the surest row of `table` (of equals the first) at or above its limit.
    for row in range(len(table)):
        for k in range(len(numbers)):
            if table[row, k] >= limit[k] and not barred[row, k]:
                before = best[post[row], numbers[k]]
                if before == -1 or before >= 0 and table[row, k] > table[before, k]:
                    best[post[row], numbers[k]] = row


def dropped(found: Findings, opinion: model.Opinion) -> Bools:
    """Return for each stretch and code of `opinion` whether a rule's finding of the code was dropped there."""
    at = np.flatnonzero(~found.stands)
    return opinion.touched(found.code[at], found.start[at], found.end[at])
