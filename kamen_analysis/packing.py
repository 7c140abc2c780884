"""Serialise plain values, arrays, and objects of classes named in advance. Unlike pickle, reading never runs code named in the data."""

from __future__ import annotations

import json
import math
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = list[npt.NDArray[Any]]


def pack(value: Any) -> bytes:
    """Return a value as bytes: None, bool, numbers, str, date, arrays, and lists, tuples, dicts and objects of such values."""
    arrays: Arrays = []
    encoded = _encoded(value, arrays)
    kinds = [[array.dtype.str, array.shape] for array in arrays]
    head = json.dumps([encoded, kinds], ensure_ascii=False).encode("utf-8", "surrogatepass")
    return head + b"\n" + b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)


def unpack(data: bytes, *classes: type) -> Any:
    """Return the value `pack` made the bytes from; raise KeyError if it holds an object of a class not among `classes`."""
    head, body = data.split(b"\n", 1)
    encoded, kinds = json.loads(head.decode("utf-8", "surrogatepass"))
    arrays, at = Arrays(), 0
    for kind, shape in kinds:
        # Copied, because a read-only array would be another type to a compiled kernel.
        arrays.append(np.frombuffer(body, kind, math.prod(shape), at).reshape(shape).copy())
        at += arrays[-1].nbytes
    return _decoded(encoded, arrays, {cls.__qualname__: cls for cls in classes})


def _encoded(value: Any, arrays: Arrays) -> Any:
    """Return a value in JSON's types, appending its arrays to `arrays`.

    A value that JSON has no form for becomes an object whose first key names its type.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        arrays.append(value)
        return {"array": len(arrays) - 1}
    if type(value) is date:
        return {"date": value.isoformat()}
    if isinstance(value, list):
        return [_encoded(item, arrays) for item in value]
    if isinstance(value, dict):
        return {"dict": [[_encoded(key, arrays), _encoded(item, arrays)] for key, item in value.items()]}
    if type(value) is tuple:
        return {"tuple": [_encoded(item, arrays) for item in value]}
    if isinstance(value, tuple):  # a named tuple
        return {"named": type(value).__qualname__, "of": [_encoded(item, arrays) for item in value]}
    if hasattr(value, "__dict__"):
        return {"object": type(value).__qualname__, "of": _encoded(vars(value), arrays)}
    raise TypeError(f"cannot be packed: {type(value).__qualname__}")


def _decoded(encoded: Any, arrays: Arrays, classes: dict[str, type]) -> Any:
    if isinstance(encoded, list):
        return [_decoded(item, arrays, classes) for item in encoded]
    if not isinstance(encoded, dict):
        return encoded
    if "array" in encoded:
        return arrays[encoded["array"]]
    if "date" in encoded:
        return date.fromisoformat(encoded["date"])
    if "dict" in encoded:
        return {_decoded(key, arrays, classes): _decoded(item, arrays, classes) for key, item in encoded["dict"]}
    if "tuple" in encoded:
        return tuple(_decoded(item, arrays, classes) for item in encoded["tuple"])
    content = _decoded(encoded["of"], arrays, classes)
    if "named" in encoded:
        return classes[encoded["named"]](*content)
    instance: Any = object.__new__(classes[encoded["object"]])
    vars(instance).update(content)
    return instance
