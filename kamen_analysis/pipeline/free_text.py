"""Redact the free-text columns of a part, and search the result once more for personal data before it is written."""

from __future__ import annotations

from itertools import compress
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
        changed = {text: result for text, result in zip(texts, redact_many(texts), strict=True) if result.spans}
        columns[name] = [changed[text].text if text in changed else text for text in columns[name]]
        clean |= set(texts) - changed.keys()
        clean |= set(compress((result.text for result in changed.values()), settled(list(changed.values()))))
    return clean


def refuse(name: str, columns: Columns, clean: set[str], capture: str) -> None:
    """Raise PublishRefused, naming the capture, if personal data is left in a table's free texts; those known to be `clean` are not
    searched again."""
    refuse_if_personal(name, {column: {text for text in columns[column] if text} - clean for column in _free_text(columns)}, capture)


def _free_text(columns: Columns) -> list[str]:
    return [name for name in COLUMNS if name in columns]
