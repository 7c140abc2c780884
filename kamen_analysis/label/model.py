"""The linear model beside the rules: one logistic regression a reason over hashed features, stored as numbers with their digest."""

from __future__ import annotations

import functools
import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.codebook.loader import FOLDER
from kamen_analysis.errors import KamenError
from kamen_analysis.label.cues import Span
from kamen_analysis.label.features import BUCKETS, Ints, features, units
from kamen_analysis.label.reasons import Heard

Floats = npt.NDArray[np.float64]


class Opinion(NamedTuple):
    """What the model thinks of a post: its stretches (offsets into the text), and the probabilities (stretches, codes)."""

    spans: list[Span]
    table: Floats
    codes: tuple[str, ...]

    def near(self, code: str, start: int, end: int) -> float:
        """Return the highest probability of `code` in the stretches that touch [start, end); NaN for a code the model was not taught."""
        if code not in self.codes:
            return float("nan")
        column = self.table[:, self.codes.index(code)]
        return max(float(p) for (low, high), p in zip(self.spans, column, strict=True) if low < end and start < high)


@dataclass(frozen=True, eq=False)
class Model:
    """Weights as small integers, (BUCKETS, codes), times `scale` (codes,), plus `bias` (codes,); `meta` tells how it came about."""

    codes: tuple[str, ...]
    weights: npt.NDArray[np.int8]
    scale: Floats
    bias: Floats
    meta: dict[str, Any]

    @property
    def veto(self) -> float:
        """The probability below which a rule is not believed."""
        return float(self.meta["veto"])

    def ask(self, heard: Heard) -> Opinion:
        """Return the model's opinion on a post as heard; its text must not be empty."""
        spans = units(heard.doc)
        return Opinion(spans, self.probabilities(*features(heard), spans), self.codes)

    def probabilities(self, at: Ints, bucket: Ints, spans: list[Span]) -> Floats:
        """Return the probabilities (spans, codes) of stretches of a post, from the features that begin in each."""
        sums = np.zeros((len(at) + 1, len(self.codes)), np.int32)
        np.cumsum(self.weights[bucket], axis=0, dtype=np.int32, out=sums[1:])
        low, high = np.searchsorted(at, np.array(spans).T)
        length = np.sqrt(np.maximum(high - low, 1))[:, None]
        logits: Floats = (sums[high] - sums[low]) * self.scale / length + self.bias
        return 1 / (1 + np.exp(-logits))


def quantised(codes: tuple[str, ...], weights: Floats, bias: Floats, meta: dict[str, Any]) -> Model:
    """Return a model from real weights (BUCKETS, codes): each code's are rounded to 127 steps of its own."""
    scale = np.maximum(np.abs(weights).max(axis=0), 1e-9) / 127
    return Model(codes, np.rint(weights / scale).astype(np.int8), scale, bias, meta)


def save(model: Model, folder: Path = FOLDER) -> None:
    """Write model.npz and model.json (codes, digest of the numbers, meta) into `folder`."""
    out = io.BytesIO()
    np.savez_compressed(out, weights=model.weights, scale=model.scale, bias=model.bias)
    (folder / "model.npz").write_bytes(out.getvalue())
    about = {"codes": model.codes, "sha256": hashlib.sha256(out.getvalue()).hexdigest(), **model.meta}
    (folder / "model.json").write_text(json.dumps(about, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


@functools.cache
def load(folder: Path = FOLDER) -> Model:
    """Return the model in `folder`; KamenError when its numbers are missing, damaged or of another shape."""
    try:
        about, data = json.loads((folder / "model.json").read_text(encoding="utf-8")), (folder / "model.npz").read_bytes()
    except (OSError, ValueError):
        raise KamenError("编码模型 model.npz 或 model.json 缺失或无法读取，请重新安装") from None
    if hashlib.sha256(data).hexdigest() != about.pop("sha256", None):
        raise KamenError("编码模型 model.npz 与 model.json 的摘要不符，文件已损坏，请重新安装")
    codes = tuple(about.pop("codes"))
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        model = Model(codes, arrays["weights"], arrays["scale"], arrays["bias"], about)
    if model.weights.shape != (BUCKETS, len(codes)):
        raise KamenError(f"编码模型的形状 {model.weights.shape} 与程序不符，请重新训练")
    return model
