"""The four lines every metric carries in its docstring, read back as captions for notebooks and the report."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

LINES = ("Counts", "Out of", "Leaves out", "Read with care")
_LINE = re.compile(rf"^({'|'.join(LINES)}):\s*(.*)$")


def caption(metric: Callable[..., Any]) -> dict[str, str]:
    """Return what `metric` counts, out of what, what it leaves out and how to read it (Chinese), keyed by LINES.

    A line may run on over following indented lines, up to the next blank line.
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
