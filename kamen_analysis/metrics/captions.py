"""Captions for notebooks and the report, read from four lines that every metric has in its docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

LINES = {"Counts": "数什么", "Out of": "分母", "Leaves out": "不计", "Read with care": "读法"}  # As docstrings have them, as shown.
_LINE = re.compile(rf"^({'|'.join(LINES)}):\s*(.*)$")


def caption(metric: Callable[..., Any]) -> dict[str, str]:
    """Return what `metric` counts, out of what, what it leaves out and how to read it (Chinese), keyed by LINES.

    A caption may continue on the following lines, up to the next blank line or caption.
    """
    found: dict[str, str] = {}
    key = ""
    for line in (inspect.getdoc(metric) or "").splitlines():
        match = _LINE.match(line)
        if match:
            key = match[1]
            found[key] = match[2].strip()
        elif key and line.strip():
            found[key] += line.strip()
        else:
            key = ""
    return found


def definition(metric: Callable[..., Any]) -> str:
    """Return the caption of `metric` as lines of Chinese, for a notebook."""
    return "\n".join(f"{LINES[key]}：{text}" for key, text in caption(metric).items())
