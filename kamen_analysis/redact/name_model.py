"""Names that no rule sees: what is left of a text is asked for a surname and a given name by a linear model, stored with a digest."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kamen_analysis.errors import KamenError
from kamen_analysis.redact.name_candidates import candidates
from kamen_analysis.redact.name_clues import BUCKETS, Buckets, clues
from kamen_analysis.redact.name_tables import settings
from kamen_analysis.redact.reading import Reading
from kamen_analysis.redact.rules import is_nobody
from kamen_analysis.redact.starts import places
from kamen_analysis.redact.tables import Ints

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Model:
    """The weight of each bucket in steps (8-bit integers), the size of a step, and what is added: together a logarithm of odds."""

    weights: npt.NDArray[np.int8]
    step: float
    bias: float

    @classmethod
    def of(cls, weights: npt.NDArray[np.float64], bias: float) -> Model:
        """Return a model of real weights, rounded: the largest is 127 steps."""
        step = float(np.abs(weights).max()) / 127
        return cls(np.rint(weights / step).astype(np.int8), step, bias)

    def scores(self, buckets: Buckets) -> npt.NDArray[np.float64]:
        """Return the score of each candidate, given its buckets (n, CLUES)."""
        scores: npt.NDArray[np.float64] = self.weights[buckets].sum(axis=1, dtype=np.int64) * self.step + self.bias
        return scores


class Names:
    """The stored model and its threshold, asked for the names in readings."""

    def __init__(self) -> None:
        self._model, self._least = load(), settings().threshold

    def find(self, reading: Reading, texts: Ints) -> list[tuple[int, int]]:
        """Return where names stand in some of the texts of a reading, in order: of those that overlap the likeliest."""
        at, within = places(reading.codes), np.stack([reading.starts[texts], reading.ends[texts]], axis=1)
        names = candidates(at, within)
        scores = self._model.scores(clues(at, within, names))
        likely, taken = np.flatnonzero(scores >= self._least), np.zeros(len(at), np.bool_)
        found = list[tuple[int, int]]()
        for start, end, *_ in names[likely[np.argsort(-scores[likely], kind="stable")]].tolist():
            if not taken[start:end].any() and not is_nobody(reading.words, start):
                taken[start:end] = True
                found.append((start, end))
        return sorted(found)


def save(model: Model, about: Mapping[str, Any], folder: Path = FOLDER) -> None:
    """Write names.npz and names.json (about, digest of the numbers) into `folder`."""
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=False, weights=model.weights, numbers=np.array([model.step, model.bias]))
    (folder / "names.npz").write_bytes(out.getvalue())
    text = json.dumps({**about, "sha256": hashlib.sha256(out.getvalue()).hexdigest()}, ensure_ascii=False, indent=1)
    (folder / "names.json").write_text(text + "\n", encoding="utf-8")


def load(folder: Path = FOLDER) -> Model:
    """Return the model stored in `folder`; KamenError when a file is missing, garbled, not what its digest says, or of another shape."""
    try:
        about, data = json.loads((folder / "names.json").read_text(encoding="utf-8")), (folder / "names.npz").read_bytes()
    except (OSError, ValueError):
        raise KamenError("脱敏模型 names.npz 或 names.json 缺失或无法读取，请重新安装") from None
    if hashlib.sha256(data).hexdigest() != about["sha256"]:
        raise KamenError("脱敏模型 names.npz 与 names.json 的摘要不符，文件已损坏，请重新安装")
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        weights, numbers = arrays["weights"], arrays["numbers"]
    if weights.shape != (BUCKETS,):
        raise KamenError("脱敏模型 names.npz 的形状与程序不符，请重新训练")
    return Model(weights, *map(float, numbers))
