"""Values to bytes and back: plain values, arrays, and objects of classes named beforehand, so that reading runs no code but theirs.

Not pickle, which runs whatever the bytes say.
"""

from __future__ import annotations

import json
import math
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = list[npt.NDArray[Any]]


def pack(value: Any) -> bytes:
    """Return a value as bytes: None, truth values, numbers, words, dates, arrays; lists, tuples, dicts and objects that hold such."""
    arrays: Arrays = []
    laid = _laid(value, arrays)
    head = [[array.dtype.str, array.shape] for array in arrays]
    told = json.dumps([laid, head], ensure_ascii=False).encode("utf-8", "surrogatepass")
    return told + b"\n" + b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)


def unpack(data: bytes, *classes: type) -> Any:
    """Return the value in bytes of `pack`; an object of a class that is not among `classes` raises KeyError."""
    head, body = data.split(b"\n", 1)
    laid, kinds = json.loads(head.decode("utf-8", "surrogatepass"))
    arrays, at = Arrays(), 0
    for kind, shape in kinds:
        # Copied, since what may not be written to is another type to a compiled kernel.
        arrays.append(np.frombuffer(body, kind, math.prod(shape), at).reshape(shape).copy())
        at += arrays[-1].nbytes
    return _taken(laid, arrays, {one.__qualname__: one for one in classes})


def _laid(value: Any, arrays: Arrays) -> Any:
    """Return a value as JSON has it: what JSON has no form for as an object of one key, which says what it is."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        arrays.append(value)
        return {"array": len(arrays) - 1}
    if type(value) is date:
        return {"date": value.isoformat()}
    if isinstance(value, list):
        return [_laid(one, arrays) for one in value]
    if isinstance(value, dict):
        return {"dict": [[_laid(key, arrays), _laid(one, arrays)] for key, one in value.items()]}
    if type(value) is tuple:
        return {"tuple": [_laid(one, arrays) for one in value]}
    if isinstance(value, tuple):  # a named one
        return {"named": type(value).__qualname__, "of": [_laid(one, arrays) for one in value]}
    if hasattr(value, "__dict__"):
        return {"object": type(value).__qualname__, "of": _laid(vars(value), arrays)}
    raise TypeError(f"cannot be packed: {type(value).__qualname__}")


def _taken(laid: Any, arrays: Arrays, classes: dict[str, type]) -> Any:
    if isinstance(laid, list):
        return [_taken(one, arrays, classes) for one in laid]
    if not isinstance(laid, dict):
        return laid
    if "array" in laid:
        return arrays[laid["array"]]
    if "date" in laid:
        return date.fromisoformat(laid["date"])
    if "dict" in laid:
        return {_taken(key, arrays, classes): _taken(one, arrays, classes) for key, one in laid["dict"]}
    if "tuple" in laid:
        return tuple(_taken(one, arrays, classes) for one in laid["tuple"])
    found = _taken(laid["of"], arrays, classes)
    if "named" in laid:
        return classes[laid["named"]](*found)
    made: Any = object.__new__(classes[laid["object"]])
    vars(made).update(found)
    return made
