"""The linear model beside the rules: one logistic regression for each reason over hashed features, stored with a digest."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.codebook.loader import FOLDER
from kamen_analysis.codebook.loader import load as load_codebook
from kamen_analysis.errors import KamenError
from kamen_analysis.kernels import compiled
from kamen_analysis.label import lanes, stored
from kamen_analysis.label.features import BUCKETS, placed, summed
from kamen_analysis.label.reasons import Heard
from kamen_analysis.label.text import Bools, Indexes, Ints
from kamen_analysis.label.units import units

Floats = npt.NDArray[np.float64]


class Opinion(NamedTuple):
    """What the model thinks of stretches of text (by start, then end, ascending): the log odds of each code (stretches, codes)."""

    start: Ints
    end: Ints
    table: Floats
    codes: tuple[str, ...]

    def touched(self, code: Ints, start: Ints, end: Ints) -> Bools:
        """Return (stretches, codes): where a stretch touches one of [start, end), for the `code` that goes with it."""
        touched, column = np.zeros(self.table.shape, np.bool_), self.columns()[code]
        known = column >= 0
        _touch(start[known], end[known], column[known], *self._places(), touched)
        return touched

    def near(self, code: Ints, start: Ints, end: Ints) -> Floats:
        """Return the highest probability of each `code` (its number in the codebook) in the stretches that touch [start, end).

        NaN for a code the model was not trained on.
        """
        column = self.columns()[code]
        best = np.full(len(code), -np.inf)
        _highest(start, end, column, *self._places(), self.table, best)
        return np.where(column < 0, np.nan, 1 / (1 + np.exp(-best)))

    def _places(self) -> tuple[Ints, Ints, Ints]:
        # Of each stretch its start, its end, and the last end so far: ends do not ascend, starts do.
        return self.start, self.end, np.maximum.accumulate(self.end)

    def columns(self) -> Indexes:
        """Return the column of each code of the codebook, -1 for a code the model was not trained on."""
        return np.array([self.codes.index(name) if name in self.codes else -1 for name in load_codebook().reasons])


@dataclass(frozen=True, eq=False)
class Model:
    """Weights as small integers, (BUCKETS, codes), times `scale` (codes,), plus `bias` (codes,); `meta` tells how it came about."""

    codes: tuple[str, ...]
    weights: npt.NDArray[np.int8]
    scale: Floats
    bias: Floats
    meta: dict[str, Any]

    @property
    def veto(self) -> Floats:
        """The probability of each code below which a rule's finding is dropped (codes,)."""
        return np.array(self.meta["veto"])

    @property
    def add(self) -> Floats:
        """The probability of each code from which the model gives it where no rule finds it (codes,)."""
        return np.array(self.meta["add"])

    @functools.cached_property
    def _tables(self) -> tuple[lanes.Packed, ...]:
        # The weights, and a column of ones that counts the features; those of kinds of words apart, for they take more room.
        every = summed(np.hstack([self.weights, np.ones((BUCKETS, 1), np.int8)]))
        single = lanes.pack(every[:BUCKETS + 1])
        return single, lanes.pack(every), single

    def ask(self, heard: Heard, posts: Ints) -> Opinion:
        """Return the model's opinion on `posts` (numbers in the batch, ascending)."""
        (first, last), clauses = units(heard.texts, posts), heard.texts.clauses
        table = np.empty((len(first), len(self.codes)))
        _add_odds(lanes.totals(placed(heard), clauses.starts, self._tables), first, last + 1, self.scale, self.bias, table)
        return Opinion(clauses.starts[first], clauses.ends[last], table, self.codes)


@compiled
def _highest(start: Ints, end: Ints, column: Indexes, starts: Ints, ends: Ints, reach: Ints, table: Floats, best: Floats) -> None:
    # Raises `best` to the highest odds in `column` of the stretches that touch each [start, end); `reach`: the last end so far.
    for i in range(len(start)):
        row = np.searchsorted(reach, start[i], "right")
        while row < len(starts) and starts[row] < end[i]:
            if ends[row] > start[i]:
                best[i] = max(best[i], table[row, column[i]])
            row += 1


@compiled
def _touch(start: Ints, end: Ints, column: Indexes, starts: Ints, ends: Ints, reach: Ints, touched: Bools) -> None:
    # Sets `touched` for `column` at the stretches that touch each [start, end); `reach` as above.
    for i in range(len(start)):
        row = np.searchsorted(reach, start[i], "right")
        while row < len(starts) and starts[row] < end[i]:
            touched[row, column[i]] |= ends[row] > start[i]
            row += 1


@compiled
def _add_odds(each: Ints, first: Indexes, last: Indexes, scale: Floats, bias: Floats, out: Floats) -> None:
    # Fills `out` with the log odds of stretches, each of the clauses from `first` to before `last`; `each` (clauses, columns): the sums of
    # weights of a clause, code by code, and behind them the number of its features.
    sums = np.zeros((len(each) + 1, len(scale) + 1), np.int64)  # Whole numbers: exact however they are added up.
    for i in range(len(each)):
        for k in range(len(scale) + 1):
            sums[i + 1, k] = sums[i, k] + each[i, k]
    for i in range(len(first)):
        length = np.sqrt(max(sums[last[i], len(scale)] - sums[first[i], len(scale)], 1))
        for k in range(len(scale)):
            out[i, k] = (sums[last[i], k] - sums[first[i], k]) * scale[k] / length + bias[k]


def quantised(codes: tuple[str, ...], weights: Floats, bias: Floats, meta: dict[str, Any]) -> Model:
    """Return a model of real weights (BUCKETS, codes), rounded as `stored.quantise` does."""
    small, scale = stored.quantise(weights)
    return Model(codes, small, scale, bias, meta)


def save(model: Model, folder: Path = FOLDER) -> None:
    """Write model.npz and model.json (codes, digest of the numbers, meta) into `folder`."""
    arrays: dict[str, npt.NDArray[Any]] = {"weights": model.weights, "scale": model.scale, "bias": model.bias}
    stored.save(folder, "model", arrays, {"codes": model.codes, **model.meta})


@functools.cache
def load(folder: Path = FOLDER) -> Model:
    """Return the model in `folder`; KamenError when its numbers are missing, damaged or of another shape."""
    about, arrays = stored.load(folder, "model")
    model = Model(tuple(about.pop("codes")), arrays["weights"], arrays["scale"], arrays["bias"], about)
    if model.weights.shape != (BUCKETS, len(model.codes)) or not model.veto.shape == model.add.shape == model.bias.shape:
        raise KamenError(f"编码模型的形状 {model.weights.shape} 或限度与程序不符，请重新训练")
    return model
