"""Train the model of the refusal reasons on the codebook's own sentences and examples, and write it beside them.

Thresholds are chosen by cross-validation over blocks of neighbouring lines; the learning curve is printed. One seed, one result.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression

from kamen_analysis import codebook
from kamen_analysis.codebook.loader import FOLDER
from kamen_analysis.label import model, reasons
from kamen_analysis.label.features import BUCKETS, features

SEED, STRENGTH, FOLDS, SURE = 7, 20.0, 5, 0.9
LIMITS = (0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15)
Bools = npt.NDArray[np.bool_]


class Sentence(NamedTuple):
    """One labelled sentence: its file, text, codes, the codes it says something about (examples: one), its voice."""

    file: str
    text: str
    codes: frozenset[str]
    about: frozenset[str]
    voice: str


@dataclass(frozen=True, eq=False)
class Corpus:
    """Sentences as numbers: `matrix` (sentences, BUCKETS), and (sentences, codes) what holds, what is known, what the rules say."""

    codes: tuple[str, ...]
    rows: list[Sentence]
    heard: reasons.Heard
    matrix: sp.csr_matrix
    gold: Bools
    known: Bools
    ruled: Bools


def sentences(folder: Path = FOLDER) -> Iterator[Sentence]:
    """Yield the sentences of the corpus and the examples of the rules."""
    book = codebook.load()
    for path in sorted((folder / "sentences").glob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
                yield Sentence(path.stem, row["text"], frozenset(row["codes"].split("+")) - {"-"}, frozenset(book.reasons), row["voice"])
    for code, rule in book.reasons.items():
        yield from (Sentence("examples", text, frozenset({code}), frozenset({code}), "plain") for text in rule.examples.is_)
        yield from (Sentence("examples", text, frozenset(), frozenset({code}), "plain") for text in rule.examples.is_not)


def corpus(rows: Iterable[Sentence]) -> Corpus:
    """Return the sentences as numbers; features count once each time they occur, over the root of how many there are."""
    rows, codes = list(rows), tuple(codebook.load().reasons)
    heard = reasons.hear([""] * len(rows), [row.text for row in rows])
    matrix = sum(features(heard, np.arange(len(rows)), heard.texts.start))[:, :BUCKETS].astype(np.float64)
    matrix = sp.diags_array(1 / np.sqrt(np.asarray(matrix.sum(axis=1)).ravel())) @ matrix
    gold, known = (np.array([[c in s for c in codes] for s in sets]) for sets in ([r.codes for r in rows], [r.about for r in rows]))
    ruled = np.zeros_like(gold)
    kept = reasons.decide(heard)
    ruled[heard.findings.post[kept], heard.findings.code[kept]] = True
    return Corpus(codes, rows, heard, sp.csr_matrix(matrix), gold, known, ruled)


def fit(data: Corpus, use: Bools) -> model.Model:
    """Return the model of the sentences in `use` (a mask)."""
    weights, bias = np.zeros((BUCKETS, len(data.codes))), np.full(len(data.codes), -9.0)
    for i in range(len(data.codes)):
        at = np.flatnonzero(use & data.known[:, i])
        if 3 <= data.gold[at, i].sum() < len(at):
            learner = LogisticRegression(C=STRENGTH, solver="liblinear", tol=1e-3, random_state=SEED)
            learner.fit(data.matrix[at], data.gold[at, i])
            weights[:, i], bias[i] = learner.coef_[0], learner.intercept_[0]
    return model.quantised(data.codes, weights, bias, {})


def held_out(data: Corpus, folds: npt.NDArray[np.int64], share: float = 1.0) -> Iterator[tuple[int, int, float]]:
    """Yield (sentence, code, probability near the evidence) of what the rules say, from models that saw none of the sentence's fold.

    `share` of the other sentences are learned from.
    """
    kept, found = np.random.default_rng(SEED).random(len(folds)) < share, data.heard.findings
    for fold in range(folds.max() + 1):
        learned = fit(data, (folds != fold) & kept)
        at = np.flatnonzero(found.stands & (folds[found.post] == fold))
        near = learned.ask(data.heard, np.unique(found.post[at])).near(found.code[at], found.start[at], found.end[at])
        best: dict[tuple[int, int], float] = {}
        for row, code, probability in zip(found.post[at].tolist(), found.code[at].tolist(), near.tolist(), strict=True):
            best[row, code] = max(probability, best.get((row, code), 0.0))
        yield from ((row, code, probability) for (row, code), probability in best.items())


def veto(votes: list[tuple[int, int, float]], data: Corpus) -> tuple[float, int, int]:
    """Return the highest limit below which at least SURE of the vetoes are right, how many are right and how many there are."""
    best = (0.0, 0, 0)
    for limit in LIMITS:
        said = [not data.gold[row, code] for row, code, probability in votes if probability < limit]
        if sum(said) >= SURE * len(said) and len(said) >= 10:
            best = limit, sum(said), len(said)
    return best


def f1(votes: list[tuple[int, int, float]], data: Corpus, limit: float, folds: npt.NDArray[np.int64]) -> float:
    """Return the micro-F1 of the rules on the sentences in folds once what is below `limit` is vetoed."""
    left = [(row, code) for row, code, probability in votes if probability >= limit]
    return float(2 * sum(data.gold[row, code] for row, code in left) / (len(left) + data.gold[folds >= 0].sum()))


def blocks(data: Corpus) -> npt.NDArray[np.int64]:
    """Return folds of neighbouring lines of each file, since neighbours are alike; -1 for examples, which are only trained on."""
    files = [row.file for row in data.rows]
    at = {file: [i for i, other in enumerate(files) if other == file] for file in dict.fromkeys(files)}
    folds = np.full(len(files), -1)
    for file, lines in at.items():
        if file != "examples":
            folds[lines] = np.arange(len(lines)) * FOLDS * 2 // len(lines) % FOLDS
    return folds


def main() -> None:
    """Train, choose the veto, print the learning curve, write the model."""
    data = corpus(sentences())
    folds = blocks(data)
    print(f"{len(data.rows)} sentences, {int((folds >= 0).sum())} of them measured on")
    for share in (0.1, 0.25, 0.5, 1.0):
        votes = list(held_out(data, folds, share))
        limit, right, of = veto(votes, data)
        before, after = (f1(votes, data, at, folds) for at in (0, limit))
        print(f"{share:4.0%} of the sentences: F1 {before:.3f} by rules, {after:.3f} after the vote (below {limit}: {right} of {of} right)")
    learned = fit(data, np.ones(len(data.rows), dtype=bool))
    digest = hashlib.sha256("\n".join(f"{row.text}\t{sorted(row.codes)}" for row in data.rows).encode()).hexdigest()
    meta = {"sentences": len(data.rows), "sentences_sha256": digest, "codebook_sha256": codebook.load().digest, "seed": SEED,
            "strength": STRENGTH, "veto": limit, "vetoes_right": right, "vetoes": of}
    model.save(replace(learned, meta=meta))
    print(f"{FOLDER / 'model.npz'}: {(FOLDER / 'model.npz').stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
