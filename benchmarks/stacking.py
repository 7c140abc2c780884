"""Train the model over the rules (`kamen_analysis.label.stack`) on the codebook's own posts; `train.py` calls this.

The files of posts are dealt into groups, and each group is judged by a model of the others: on these answers the limits are chosen. The
refusal reasons that the outcome depends on come from a model that was not trained on the post either. The files of `test` are never
trained on: the finished model is tried on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression

from kamen_analysis.codebook.corpus import Post
from kamen_analysis.label import facts, gate, outcome, scope, stack, stored
from kamen_analysis.label._reading import read
from kamen_analysis.label.text import fold

SEED, STRENGTH = 7, 10.0
FOLDS = 4  # Groups of files: each is judged by a model of the other groups.
NEVER = 99.0  # A limit that no answer exceeds: the rules always stand.
LIMITS = (NEVER, 2.0, 1.0, 0.5, 0.0)  # In log odds.
COMPLAINTS = ("product", "outcome")  # The tasks for complaints only.
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Task:
    """One task on all posts: words (posts, BUCKETS), facts (posts, facts), the rules' answers, the coded ones, which posts it is for."""

    words: sp.csr_matrix
    facts: facts.Floats
    ruled: list[str]
    gold: npt.NDArray[np.str_]
    use: Bools

    def fit(self, rows: Bools) -> stack.Part:
        """Return a model trained on the posts `rows` (a mask): one logistic regression for each answer."""
        at = np.flatnonzero(rows & self.use)
        both = sp.hstack([self.words[at] * facts.WEIGHT, sp.csr_matrix(self.facts[at])], format="csr")
        answers = tuple(sorted(set(self.gold[at].tolist())))
        fits = [LogisticRegression(C=STRENGTH, solver="liblinear", dual=True, tol=1e-3, max_iter=2000, random_state=SEED)
                .fit(both, self.gold[at] == answer) for answer in answers]
        weights = np.stack([one.coef_[0] for one in fits], axis=1)
        small, scale = stored.quantise(weights[: facts.BUCKETS])
        known, bias = weights[facts.BUCKETS:].astype(np.float32), np.array([one.intercept_[0] for one in fits])
        return stack.Part(answers, small, scale, known, bias, NEVER)

    def ask(self, part: stack.Part, rows: Bools) -> stack.Settled:
        """Return what rules and model answer on the posts `rows` (a mask)."""
        words = np.asarray(self.words[rows] @ part.weights.astype(np.float64)) * facts.WEIGHT * part.scale
        return part.settle(words, self.facts[rows], [answer for answer, row in zip(self.ruled, rows, strict=True) if row])


def groups(files: npt.NDArray[np.str_], but: Sequence[str]) -> list[Bools]:
    """Return FOLDS masks of posts: the files, except those in `but`, are dealt out in turn."""
    names = sorted({*files.tolist()} - {*but})
    return [np.isin(files, names[i::FOLDS]) for i in range(FOLDS)]


def train(files: npt.NDArray[np.str_], posts: Sequence[Post], codes: Sequence[frozenset[str]],
          test: Sequence[str]) -> stack.Stack:
    """Return the model over the rules.

    `files`: the file of each post; `codes`: the refusal reasons found in it by a model not trained on it; `test`: files never trained on.
    """
    hits = read(fold([post.title for post in posts], [post.body for post in posts]))
    characters, cues = facts.bags(hits)
    whole = sp.csr_matrix(sp.diags_array(1 / np.sqrt(np.asarray((characters + cues).sum(axis=1)).ravel())) @ (characters + cues))
    targets = [post.target for post in posts]
    scales, weighed, told = gate.scale(hits, targets), scope.weigh(hits, targets), outcome.hear(hits, ["complaint"] * len(posts))
    types = [one.post_type for one in gate.decide(scales, targets)]
    products = [product or scope.UNNAMED for product in scope.best_products(weighed)]
    endings = outcome.ends(told, ["complaint"] * len(posts), codes)
    rows = {"post_type": (facts.of_type(scales, types), types), "product": (facts.of_product(weighed, products), products),
            "outcome": (facts.of_outcome(told, endings), endings)}
    complaint = np.array([post.post_type == "complaint" for post in posts])
    tasks = {name: Task(whole, known, ruled, np.array([getattr(post, name) for post in posts]), complaint | (name not in COMPLAINTS))
             for name, (known, ruled) in rows.items()}
    parts, meta = {}, {}
    for name, task in tasks.items():
        parts[name], meta[name] = _trained(name, task, files, test)
    return stack.Stack(parts, {"posts": int((~np.isin(files, test)).sum()), "seed": SEED, "strength": STRENGTH, "held_out": meta})


def _trained(name: str, task: Task, files: npt.NDArray[np.str_], test: Sequence[str]) -> tuple[stack.Part, dict[str, Any]]:
    # The model of a task with its limit, and how many answers were right; `right`: by limit, of the posts judged group by group.
    learned = ~np.isin(files, test)
    folds = [(task.fit(learned & ~group), task.use & group) for group in groups(files, test)]
    right = {limit: np.concatenate([_right(task, part, rows, limit) for part, rows in folds]) for limit in LIMITS}
    limit, n, ruled = _limit(right), int((task.use & learned).sum()), int(right[NEVER].sum())
    part = replace(task.fit(learned), limit=limit)
    tried = [(file, task.use & (files == file)) for file in test]
    tests = "; ".join(f"{file} ({rows.sum()}): " + ", ".join(f"{_right(task, part, rows, at).mean():.3f}" for at in (NEVER, limit))
                     for file, rows in tried)
    print(f"{name}: limit {limit}; of {n} posts of files not learned from rules {ruled / n:.3f}, with the model "
          f"{right[limit].mean():.3f}; {tests}", flush=True)
    return part, {"n": n, "rules": ruled, "stack": int(right[limit].sum())}


def _limit(right: dict[float, Bools]) -> float:
    """Return the highest limit no more than a standard error worse than the best (Breiman et al. 1984): in doubt the rules stand."""
    best = max(right.values(), key=np.count_nonzero)
    return next(limit for limit, mine in right.items() if best.sum() - mine.sum() <= np.sqrt((best != mine).sum()))


def _right(task: Task, part: stack.Part, rows: Bools, limit: float) -> Bools:
    # Which of the posts `rows` get the coded answer.
    right: Bools = np.array(task.ask(replace(part, limit=limit), rows).answers) == task.gold[rows]
    return right
