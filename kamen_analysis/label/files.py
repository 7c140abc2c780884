"""Label a file of posts (`kamen label IN OUT`): reads any table, writes one JSON object a line in the order of the input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from kamen_analysis.errors import KamenError
from kamen_analysis.label.explain import explain
from kamen_analysis.label.posts import label_post, labelled
from kamen_analysis.tabular import read_records, write_records

Record = dict[str, Any]


def label_file(source: str | Path, out: str | Path) -> int:
    """Label the posts in `source` ('-': standard input), write them to `out` ('-': standard output) and return how many there were.

    The columns are id, title, body and target; only title or body must be there.
    """
    return write_records((found.as_dict() for found in labelled(posts(read_records(source), str(source)))), out)


def explain_file(source: str | Path, out: str | Path) -> int:
    """Write the labels of the posts in `source` to `out`, each with `trace`, the decision in words; return how many there were."""
    rows = posts(read_records(source), str(source))
    return write_records(({**label_post(post).as_dict(), "trace": explain(post).split("\n")} for post in rows), out)


def posts(records: Iterable[Record], name: str) -> Iterator[Record]:
    """Yield the records as posts, numbered from 1 where they have no id; KamenError without a column title or body."""
    rows = iter(records)
    first = next(rows, None)
    if first is None:
        return
    if not {"title", "body"} & set(first):
        raise KamenError(f"{name}：没有 title 或 body 列，只有 {'、'.join(map(str, list(first)[:8])) or '空行'}")
    for number, record in enumerate(chain([first], rows), start=1):
        yield {**record, "id": number if record.get("id") is None else record["id"]}
