"""What people wrote, column by column: redacted, and looked at once more before it is kept."""

from __future__ import annotations

from typing import Any

from kamen_analysis.redact import redact_many
from kamen_analysis.redact.door import refuse_if_personal
from kamen_analysis.redact.engine import settled

COLUMNS = ("title", "body", "target", "appeal", "status", "detail")

Columns = dict[str, list[Any]]


def redact(columns: Columns) -> set[str]:
    """Redact the free texts among `columns` in place; return those in which, as they now stand, a search found nothing."""
    searched: set[str] = set()
    for name in _among(columns):
        texts = list(dict.fromkeys(filter(None, columns[name])))
        found = dict(zip(texts, redact_many(texts), strict=True))
        columns[name] = [found[text].text if text else text for text in columns[name]]
        searched |= {text for text, redacted in found.items() if not redacted.spans}
        harmed = [redacted for redacted in found.values() if redacted.spans]
        searched |= {redacted.text for redacted, is_settled in zip(harmed, settled(harmed), strict=True) if is_settled}
    return searched


def refuse(name: str, columns: Columns, searched: set[str]) -> None:
    """Refuse columns in which personal data is left. What was searched in vain, to the letter as it now stands, is not searched again."""
    refuse_if_personal(name, {column: {text for text in columns[column] if text} - searched for column in _among(columns)})


def _among(columns: Columns) -> list[str]:
    return [name for name in COLUMNS if name in columns]
