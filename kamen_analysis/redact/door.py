"""The gate at the door: a table about to be published holds no personal data, or it is not published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import pandas as pd

from kamen_analysis.errors import PublishRefused
from kamen_analysis.redact.engine import find_many
from kamen_analysis.redact.rules import book

# Columns that hold what people wrote. The others (identifiers, digests, offsets, addresses of public pages, codes) are ours or the
# source's, look like personal data by nature, and are held to their form by the schema instead.
FREE_TEXT = frozenset({"title", "body", "target", "platform", "appeal", "status", "detail"})


def refuse_if_personal(table: str, data: pd.DataFrame | Mapping[str, Iterable[str]]) -> None:
    """Raise PublishRefused if a free text column of `data` still holds personal data: table, column, kind and count told, never a value."""
    names = {kind.kind: kind.name_zh for kind in book().kinds}
    left = {column: counts for column, values in data.items() if column in FREE_TEXT and (counts := _kinds(values))}
    if left:
        places = [f"{column} 列：" + "、".join(f"{names[kind]} {n} 处" for kind, n in sorted(counts.items()))
                  for column, counts in left.items()]
        raise PublishRefused(f"表 {table} 仍有个人信息，不予发布。" + "；".join(places)
                             + "。表若是照以前的脱敏规则建的，请先重新运行 kamen build")


def _kinds(column: Iterable[str]) -> Counter[str]:
    """Count what is found in the values of a column, each distinct value read once."""
    counts: Counter[str] = Counter()
    values = Counter(column.dropna().astype(str) if isinstance(column, pd.Series) else column)
    for spans, n in zip(find_many(values), values.values(), strict=True):
        for span in spans:
            counts[span.kind] += n
    return counts
