"""Models as data files: arrays in an .npz and a description in a .json beside it, which holds the digest of the numbers."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kamen_analysis.errors import KamenError


def quantise(weights: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float64]]:
    """Return weights (rows, columns) rounded to 8-bit integers, and the step of each column: its largest weight is 127 steps."""
    scale = np.maximum(np.abs(weights).max(axis=0), 1e-9) / 127
    return np.rint(weights / scale).astype(np.int8), scale


def save(folder: Path, name: str, arrays: Mapping[str, npt.NDArray[Any]], about: Mapping[str, Any]) -> None:
    """Write the arrays into <name>.npz and `about` with their digest into <name>.json."""
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=False, **arrays)
    (folder / f"{name}.npz").write_bytes(out.getvalue())
    text = json.dumps({**about, "sha256": hashlib.sha256(out.getvalue()).hexdigest()}, ensure_ascii=False, indent=1)
    (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def load(folder: Path, name: str) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Return (about, arrays) of a model in `folder`; KamenError when a file is missing, garbled, or not what its digest says."""
    try:
        about, data = json.loads((folder / f"{name}.json").read_text(encoding="utf-8")), (folder / f"{name}.npz").read_bytes()
    except (OSError, ValueError):
        raise KamenError(f"编码模型 {name}.npz 或 {name}.json 缺失或无法读取，请重新安装") from None
    if hashlib.sha256(data).hexdigest() != about.pop("sha256", None):
        raise KamenError(f"编码模型 {name}.npz 与 {name}.json 的摘要不符，文件已损坏，请重新安装")
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return about, dict(arrays)
