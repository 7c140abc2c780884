"""Read our own files of JSON lines, which somebody may have edited."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kamen_analysis.errors import KamenError


def read(path: Path, is_whole: Callable[[dict[str, Any]], bool], damaged: str) -> list[dict[str, Any]]:
    """Return the records of a JSONL file, none if it does not exist; raise KamenError, `damaged`, unless each is one and `is_whole`."""
    if not path.exists():
        return []
    try:
        with path.open(encoding="utf-8") as lines:
            found = [json.loads(line) for line in lines]
        if not all(map(is_whole, found)):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError):
        raise KamenError(damaged) from None
    return found
