"""Redact the free-text columns of a part, and search the result once more for personal data before it is written."""

from __future__ import annotations

from typing import Any

from kamen_analysis.redact import redact_many
from kamen_analysis.redact.door import refuse_if_personal
from kamen_analysis.redact.engine import settled

COLUMNS = ("title", "body", "target", "appeal", "status", "detail")

Columns = dict[str, list[Any]]


def redact(columns: Columns) -> set[str]:
    """Redact the free texts among `columns` in place; return the resulting texts already known to be clean, in which nothing is found."""
    clean: set[str] = set()
    for name in _free_text(columns):
        texts = list(dict.fromkeys(filter(None, columns[name])))
        redacted = dict(zip(texts, redact_many(texts), strict=True))
        columns[name] = [redacted[text].text if text else text for text in columns[name]]
        clean |= {text for text, result in redacted.items() if not result.spans}
        changed = [result for result in redacted.values() if result.spans]
        clean |= {result.text for result, is_settled in zip(changed, settled(changed), strict=True) if is_settled}
    return clean


def refuse(name: str, columns: Columns, clean: set[str], capture: str) -> None:
    """Raise PublishRefused, naming the capture, if personal data is left in a table's free texts; those known to be `clean` are not
    searched again."""
    refuse_if_personal(name, {column: {text for text in columns[column] if text} - clean for column in _free_text(columns)}, capture)


def _free_text(columns: Columns) -> list[str]:
    return [name for name in COLUMNS if name in columns]
