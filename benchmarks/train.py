"""Train the model of the refusal reasons on the codebook's own sentences, examples and posts, and write it beside them.

The two limits of the vote are chosen on posts of files the model did not see, one file after the other; the learning curve is printed.
One file of posts, mostly look-alikes, is never learned from: the trained model is tried on it. One seed, one result.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression

from kamen_analysis import codebook
from kamen_analysis.codebook import corpus
from kamen_analysis.codebook.loader import FOLDER
from kamen_analysis.label import model, reasons
from kamen_analysis.label.features import BUCKETS, features, units

SEED, STRENGTH = 7, 80.0
VETO, ADD = (0.0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.15), (0.5, 0.6, 0.7, 0.8, 1.0)
# Alone, the model must hold a reason likelier than not: no `ADD` is below a half.
TEST = "near"  # The file of posts that is only tried on.
SURE = 0.9  # A rule is words a person wrote down: the model overrules it only where it is right so often.
TOUCH = 0.6  # A stretch holds a piece of evidence when they share so much of the shorter one; if less but some, nobody knows.
Bools, Floats = npt.NDArray[np.bool_], npt.NDArray[np.float64]
Signs = npt.NDArray[np.int8]


class Text(NamedTuple):
    """One coded text: file, title, body, codes, the codes it says something about, the evidence (code, quotation).

    open: the codes two readers differ on.
    """

    file: str
    title: str
    body: str
    codes: frozenset[str]
    about: frozenset[str]
    quotes: tuple[tuple[str, str], ...] = ()
    open: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Corpus:
    """Texts as numbers. A row is a stretch: a sentence whole, of a post each unit; `matrix` (rows, BUCKETS), `text` (rows) its text.

    `gold` (rows, codes): 1 holds, 0 does not, -1 unknown. `file` (texts) is the post's file, "" for sentences and examples.
    """

    texts: list[Text]
    heard: reasons.Heard
    matrix: sp.csr_matrix
    text: npt.NDArray[np.int64]
    gold: Signs
    file: npt.NDArray[np.str_]


def texts() -> Iterator[Text]:
    """Yield all coded texts; what is no complaint has no reasons, and teaches so."""
    book, second = codebook.load(), corpus.second_reading()
    every = frozenset(book.reasons)
    yield from (Text("", "", one.text, one.codes, every) for one in corpus.sentences())
    for code, rule in book.reasons.items():
        yield from (Text("", "", text, frozenset({code}), frozenset({code})) for text in rule.examples.is_)
        yield from (Text("", "", text, frozenset(), frozenset({code})) for text in rule.examples.is_not)
    for file, post in corpus.posts():
        quotes = tuple((r.code, r.quote) for r in post.reasons)
        yield Text(file, post.title, post.body, post.codes, every, quotes, post.codes ^ second.get(post.id, post.codes))


def numbers(rows: list[Text]) -> Corpus:
    """Return the texts as numbers; features count once each time they occur, over the root of how many there are."""
    heard = reasons.hear([row.title for row in rows], [row.body for row in rows])
    posts = np.flatnonzero([bool(row.file) for row in rows])
    start, end = units(heard.texts, posts)
    single = np.setdiff1d(np.arange(len(rows)), posts)
    text = np.concatenate([single, heard.texts.post(start)])
    start, end = np.concatenate([heard.texts.start[single], start]), np.concatenate([heard.texts.end[single], end])
    gold = np.array([_gold(rows[i], heard, i, low, high) for i, low, high in zip(text, start, end, strict=True)], np.int8)
    return Corpus(rows, heard, _matrix(heard, start, end), text, gold, np.array([row.file for row in rows]))


def _gold(row: Text, heard: reasons.Heard, i: int, low: int, high: int) -> list[int]:
    if not row.file:
        return [(code in row.codes) if code in row.about else -1 for code in codebook.load().reasons]
    found = dict.fromkeys(codebook.load().reasons, 0)
    for code, quote in row.quotes:
        at = row.body.find(quote)
        begin = heard.texts.start[i] + (at + len(row.title) + 1 if at >= 0 else row.title.find(quote))
        shared = max(0, min(high, begin + len(quote)) - max(low, begin)) / min(high - low, len(quote))
        found[code] = 1 if shared >= TOUCH or found[code] == 1 else -1 if shared > 0 else found[code]
    return [-1 if code in row.open else sign for code, sign in found.items()]


def _matrix(heard: reasons.Heard, start: npt.NDArray[Any], end: npt.NDArray[Any]) -> sp.csr_matrix:
    clauses = heard.texts.clauses.starts
    parts = sum(features(heard, np.arange(len(heard.texts)), clauses))
    first, last = np.searchsorted(clauses, start), np.searchsorted(clauses, end)
    pointer = np.concatenate([[0], np.cumsum(last - first)])
    inside = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)])
    whole = (sp.csr_matrix((np.ones(len(inside)), inside, pointer), shape=(len(start), len(clauses))) @ parts)[:, :BUCKETS]
    return sp.csr_matrix(sp.diags_array(1 / np.sqrt(np.maximum(np.asarray(whole.sum(axis=1)).ravel(), 1))) @ whole)


def fit(data: Corpus, use: Bools) -> model.Model:
    """Return the model of the texts in `use` (a mask)."""
    codes, rows = tuple(codebook.load().reasons), use[data.text]
    weights, bias = np.zeros((BUCKETS, len(codes))), np.full(len(codes), -9.0)
    for i in range(len(codes)):
        at = np.flatnonzero(rows & (data.gold[:, i] >= 0))
        if 3 <= data.gold[at, i].sum() < len(at):
            learner = LogisticRegression(C=STRENGTH, solver="liblinear", tol=1e-3, random_state=SEED)
            learner.fit(data.matrix[at], data.gold[at, i])
            weights[:, i], bias[i] = learner.coef_[0], learner.intercept_[0]
    return model.quantised(codes, weights, bias, {})


class Asked(NamedTuple):
    """Complaints asked of a model that did not see them, each (posts, codes): gold, whether a rule stands, the best probability
    beside a standing rule, the best anywhere."""

    gold: Bools
    ruled: Bools
    near: Floats
    best: Floats

    def score(self, veto: float, add: float) -> tuple[float, float, float]:
        """Return micro precision, recall and F1 of the vote."""
        said = self.ruled & (self.near >= veto) | (self.best >= add)
        right = (said & self.gold).sum()
        return right / max(said.sum(), 1), right / max(self.gold.sum(), 1), 2 * right / max(said.sum() + self.gold.sum(), 1)

    def by_reason(self, veto: float, add: float) -> dict[str, list[int]]:
        """Return for each reason how many the vote gave rightly, gave, and should have given."""
        said = self.ruled & (self.near >= veto) | (self.best >= add)
        counts = zip(codebook.load().reasons, (said & self.gold).sum(axis=0), said.sum(axis=0), self.gold.sum(axis=0), strict=True)
        return {code: [int(n) for n in ns] for code, *ns in counts}


def ask(data: Corpus, learned: model.Model, posts: npt.NDArray[np.int64]) -> Asked:
    """Return what rules and model say of `posts` (numbers of texts)."""
    codes, found = list(codebook.load().reasons), data.heard.findings
    opinion = learned.ask(data.heard, posts)
    row = np.searchsorted(posts, data.heard.texts.post(opinion.start))
    best, near = np.zeros((len(posts), len(codes))), np.zeros((len(posts), len(codes)))
    np.maximum.at(best, row, 1 / (1 + np.exp(-opinion.table)))
    at = np.flatnonzero(found.stands & np.isin(found.post, posts))
    where = np.searchsorted(posts, found.post[at]), found.code[at]
    np.maximum.at(near, where, opinion.near(found.code[at], found.start[at], found.end[at]))
    ruled = np.zeros(best.shape, np.bool_)
    ruled[where] = True
    return Asked(np.array([[code in data.texts[i].codes for code in codes] for i in posts]), ruled, near, best)


def held_out(data: Corpus, share: float) -> Asked:
    """Return all complaints of the posts, each file asked of a model of the other files' posts (`share` of them) and all sentences."""
    kept = np.random.default_rng(SEED).random(len(data.texts)) < share
    complaints = np.array([bool(text.file) for text in data.texts])
    learned = (kept | (data.file == "")) & (data.file != TEST)
    parts = [ask(data, fit(data, learned & (data.file != file)), np.flatnonzero(complaints & (data.file == file)))
             for file in sorted(set(data.file[complaints]) - {TEST})]
    return Asked(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def limits_of(asked: Asked) -> tuple[float, float]:
    """Return the limits (veto, add): the highest veto of which SURE are right, and the add with the best F1 beside it."""
    def right(veto: float) -> float:
        dropped = asked.ruled & (asked.near < veto)
        return float((dropped & ~asked.gold).sum() / max(dropped.sum(), 1)) if veto else 1.0

    veto = max(limit for limit in VETO if right(limit) >= SURE)
    return veto, max(ADD, key=lambda add: asked.score(veto, add)[2])


def main() -> None:
    """Choose the limits, print the learning curve, train on everything, write the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shares", type=float, nargs="*", default=[0.0, 0.25, 0.5, 1.0], help="shares of the posts for the learning curve")
    shares = parser.parse_args().shares
    data = numbers(list(texts()))
    print(f"{int((data.file == '').sum())} sentences and examples, {int((data.file != '').sum())} posts, {len(data.text)} stretches")
    for share in shares:
        asked = held_out(data, share)
        veto, add = limits_of(asked)
        told = {"rules": (0.0, 1.1), "vote": (veto, add), "model": (1.1, add)}
        print(f"{share:4.0%} of the posts: veto {veto}, add {add}; P R F1 " + ", ".join(
            f"{name} {' '.join(f'{x:.3f}' for x in asked.score(*limits))}" for name, limits in told.items()), flush=True)
    learned = fit(data, data.file != TEST)
    tried = ask(data, learned, np.flatnonzero(data.file == TEST))
    print(f"{TEST}, not learned from: P R F1 " + ", ".join(
        f"{name} {' '.join(f'{x:.3f}' for x in tried.score(*limits))}" for name, limits in told.items()), flush=True)
    digest = hashlib.sha256("\n".join(f"{t.title}\t{t.body}\t{sorted(t.codes)}" for t in data.texts).encode()).hexdigest()
    meta = {"texts": len(data.texts), "posts": int(((data.file != "") & (data.file != TEST)).sum()), "texts_sha256": digest,
            "codebook_sha256": codebook.load().digest, "seed": SEED, "strength": STRENGTH, "veto": veto, "add": add,
            "held_out_by_reason": asked.by_reason(veto, add),
            "held_out": {name: [round(float(x), 4) for x in asked.score(*limits)] for name, limits in told.items()}}
    model.save(replace(learned, meta=meta))
    print(f"{FOLDER / 'model.npz'}: {(FOLDER / 'model.npz').stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
