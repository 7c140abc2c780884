"""The model over the rules: a linear model is given each post together with the rules' answers, and may overrule them.

Stacked generalisation (Wolpert 1992), for the post type, and a complaint's product and outcome. The rules stand unless the model's log
odds of another answer exceed those of theirs by a limit. `benchmarks/train.py` chooses the limits on posts of files not trained on.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.codebook.loader import FOLDER
from kamen_analysis.errors import KamenError
from kamen_analysis.kernels import compiled
from kamen_analysis.label import stored
from kamen_analysis.label._hits import Hits
from kamen_analysis.label.facts import BUCKETS, STEP, Floats, bag

TASKS = ("post_type", "product", "outcome")
RULE, MODEL, VOTE = "rule", "model", "vote"


class Settled(NamedTuple):
    """The answer for each post, and who decided: vote (rules and model agree), model (overrules the rules), rule (is not overruled)."""

    answers: list[str]
    decided_by: list[str]


@dataclass(frozen=True, eq=False)
class Part:
    """The model of one task.

    The weights of the bag are small integers (BUCKETS, answers), to be multiplied by `scale` (answers,); those of the facts are `facts`
    (facts, answers); then `bias` (answers,). `limit`: the least by which the log odds of another answer exceed those of the rules'.
    """

    answers: tuple[str, ...]
    weights: npt.NDArray[np.int8]
    scale: Floats
    facts: npt.NDArray[np.float32]
    bias: Floats
    limit: float

    def settle(self, words: Floats, facts: Floats, ruled: Sequence[str]) -> Settled:
        """Return the answers for posts, given what their `words` (posts, answers: `Stack.read`) and facts say, and the rules' answers."""
        # Not by `@`: its threads spin on every core for a product as small as this one, and its sums depend on the batch.
        known = np.zeros_like(words)
        _multiply(facts, self.facts, known)
        odds = words + known + self.bias
        number = {answer: i for i, answer in enumerate(self.answers)}
        mine = np.array([number.get(answer, -1) for answer in ruled], int)
        best, row = odds.argmax(axis=1), np.arange(len(odds))
        # An answer the model was never trained on is not overruled.
        over = (mine >= 0) & (best != mine) & (odds[row, best] - odds[row, mine] >= self.limit)
        answers = list(ruled)
        for post in np.flatnonzero(over).tolist():
            answers[post] = self.answers[best[post]]
        who = np.array([RULE, VOTE, MODEL], object)[(best == mine) + 2 * over].tolist()
        return Settled(answers, who)


@dataclass(frozen=True, eq=False)
class Stack:
    """The models of all tasks; `meta` tells how they came about."""

    parts: dict[str, Part]
    meta: dict[str, Any]

    @functools.cached_property
    def _columns(self) -> npt.NDArray[np.int8]:
        # Padded with zeros to a multiple of STEP columns.
        rows = np.hstack([self.parts[task].weights for task in TASKS])
        return np.ascontiguousarray(np.pad(rows, ((0, 0), (0, -rows.shape[1] % STEP))))

    def read(self, hits: Hits) -> dict[str, Floats]:
        """Return for each task what the words of each post say (posts, answers)."""
        words = bag(hits, self._columns)
        ends = np.cumsum([len(self.parts[task].answers) for task in TASKS])
        return {task: rows * self.parts[task].scale for task, rows in zip(TASKS, np.split(words, ends, axis=1), strict=False)}


@compiled
def _multiply(facts: Floats, weights: npt.NDArray[np.float32], out: Floats) -> None:
    # Adds the product of two matrices to a third.
    for row in range(len(facts)):
        for i in range(len(weights)):
            fact = facts[row, i]
            if fact != 0:
                for column in range(weights.shape[1]):
                    out[row, column] += fact * weights[i, column]


def save(stack: Stack, folder: Path = FOLDER) -> None:
    """Write stack.npz and stack.json (answers, limits, digest of the numbers, meta) into `folder`."""
    arrays = {f"{task}_{name}": getattr(part, name) for task, part in stack.parts.items() for name in ("weights", "scale", "facts", "bias")}
    about = {"tasks": {task: {"answers": part.answers, "limit": part.limit} for task, part in stack.parts.items()}, **stack.meta}
    stored.save(folder, "stack", arrays, about)


@functools.cache
def load(folder: Path = FOLDER) -> Stack:
    """Return the model in `folder`; KamenError when its numbers are missing, damaged or of another shape."""
    about, arrays = stored.load(folder, "stack")
    parts = {task: Part(tuple(one["answers"]), arrays[f"{task}_weights"], arrays[f"{task}_scale"], arrays[f"{task}_facts"],
                        arrays[f"{task}_bias"], float(one["limit"])) for task, one in about.pop("tasks").items()}
    if tuple(parts) != TASKS or any(part.weights.shape != (BUCKETS, len(part.answers)) for part in parts.values()):
        raise KamenError("编码模型 stack.npz 的形状与程序不符，请重新训练")
    return Stack(parts, about)
