"""Redact the free-text columns of a part, and search the result once more for personal data before it is written."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress
from typing import Any

from kamen_analysis.redact import Redacted, redact_many
from kamen_analysis.redact.door import refuse_if_personal
from kamen_analysis.redact.engine import redact_rows, settled, words
from kamen_analysis.redact.files import APART

COLUMNS = ("title", "body", "target", "appeal", "status", "detail")

Columns = dict[str, list[Any]]


def redact(columns: Columns) -> set[str]:
    """Redact the free texts among `columns` in place; return the resulting texts already known to be clean, in which nothing is found."""
    clean: set[str] = set()
    given = {name: columns[name] for name in _free_text(columns)}
    found = dict[str, dict[str, Redacted]]()
    for name, column in given.items():
        texts = list(dict.fromkeys(filter(None, column)))
        changed = {text: result for text, result in zip(texts, redact_many(texts), strict=True) if result.spans}
        columns[name] = [changed[text].text if text in changed else text for text in column]
        found[name] = changed
        clean |= set(texts) - changed.keys()
        clean |= set(compress((result.text for result in changed.values()), settled(list(changed.values()))))
    given.pop(APART, None)
    _redact_rows(columns, given, sorted(set(_told_elsewhere(columns, given, found))))
    return clean


def _redact_rows(columns: Columns, given: Columns, rows: list[int]) -> None:
    """Redact the texts of some rows once more, those of each together."""
    done = redact_rows([[column[row] or "" for column in given.values()] for row in rows])
    for row, texts in zip(rows, done, strict=True):
        for name, result in zip(given, texts, strict=True):
            if result.spans:
                columns[name][row] = result.text


def _told_elsewhere(columns: Columns, given: Columns, found: dict[str, dict[str, Redacted]]) -> Iterator[int]:
    """Yield the rows in which another redacted text still has the characters of a value found in one."""
    for name in given:
        changed, others = found[name], [columns[other] for other in given if other != name]
        rows = [row for row, text in enumerate(given[name]) if text in changed] if changed and others else []
        for row, rest in zip(rows, words(["\n".join([column[row] or "" for column in others]) for row in rows]), strict=True):
            for value in changed[given[name][row]].values:
                if value in rest:
                    yield row


def refuse(name: str, columns: Columns, clean: set[str], capture: str) -> None:
    """Raise PublishRefused, naming the capture, if personal data is left in a table's free texts; those known to be `clean` are not
    searched again."""
    refuse_if_personal(name, {column: {text for text in columns[column] if text} - clean for column in _free_text(columns)}, capture)


def _free_text(columns: Columns) -> list[str]:
    return [name for name in COLUMNS if name in columns]
