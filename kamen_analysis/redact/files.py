"""`kamen redact IN OUT`: any table of posts in, JSONL with placeholders and the spans replaced out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kamen_analysis.errors import KamenError
from kamen_analysis.redact.engine import Redacted, redact_rows
from kamen_analysis.tabular import read_records, write_records

Record = dict[str, Any]

FIELDS = ("title", "body", "target", "appeal")  # what people write in their own words; title or body must be there
APART = "target"  # A shop is named as it trades: what a post calls its keeper hides nothing here, or the complaint would lose its platform.
_AT_ONCE = 2000  # records


def redact_file(source: str | Path, out: str | Path) -> int:
    """Write the records of `source` ('-': standard input) to `out` ('-': standard output) redacted, in order; return how many.

    Each record gains `redactions`: [{"field", "start", "end", "kind"}], offsets in characters of the field as given.
    Raises KamenError, in one line and without any value, for a file or row that cannot be read; an earlier `out` then stays.
    """
    return write_records(_redacted(str(source)), out)


def _redacted(source: str) -> Iterator[Record]:
    records = _checked(source)
    while block := list(itertools.islice(records, _AT_ONCE)):
        yield from redact_records(block)


def _checked(source: str) -> Iterator[Record]:
    for number, record in enumerate(read_records(source), 1):
        if "title" not in record and "body" not in record:
            raise KamenError(f"{'标准输入' if source == '-' else source}：第 {number} 条记录没有 title 列，也没有 body 列")
        yield record


def redact_records(records: Sequence[Record]) -> Iterator[Record]:
    """Yield the records with their free text redacted and `redactions` added; a value that is no text is read as its text."""
    told = _redacted_fields(records, [name for name in FIELDS if name != APART])
    for record, one, other in zip(records, told, _redacted_fields(records, [APART]), strict=True):
        done = {name: both[name] for name in FIELDS if name in (both := one | other)}
        spans = [{"field": name, "start": span.start, "end": span.end, "kind": span.kind}
                 for name, text in done.items() for span in text.spans]
        yield record | {name: text.text for name, text in done.items()} | {"redactions": spans}


def _redacted_fields(records: Sequence[Record], fields: Sequence[str]) -> Iterator[dict[str, Redacted]]:
    written = [{name: str(record[name]) for name in fields if record.get(name) is not None} for record in records]
    found = redact_rows([list(one.values()) for one in written])
    return (dict(zip(one, texts, strict=True)) for one, texts in zip(written, found, strict=True))
