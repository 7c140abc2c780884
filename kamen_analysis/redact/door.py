"""The gate at the door: a table about to be published holds no personal data, or it is not published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import pandas as pd

from kamen_analysis.errors import PublishRefused
from kamen_analysis.redact.engine import find_many
from kamen_analysis.redact.rules import book

# Columns that hold what people wrote. The others (identifiers, digests, offsets, addresses of public pages, codes) are ours or the
# source's, look like personal data by nature, and are held to their form by the schema instead.
FREE_TEXT = frozenset({"title", "body", "target", "platform", "appeal", "status", "detail"})


def refuse_if_personal(table: str, data: pd.DataFrame | Mapping[str, Iterable[str]], place: Path | str = "") -> None:
    """Raise PublishRefused if a free text column of `data` still holds personal data: file, table, column, kind and count told, never a
    value.

    `place`: the file the data is of, or the processed folder whose files of `table` are looked through for it.
    """
    names = {kind.kind: kind.name_zh for kind in book().kinds}
    left = {column: found for column, values in data.items() if column in FREE_TEXT and (found := _found(values))}
    if left:
        counts = {column: sum(found.values(), Counter[str]()) for column, found in left.items()}
        places = [f"{column} 列：" + "、".join(f"{names[kind]} {n} 处" for kind, n in sorted(kinds.items()))
                  for column, kinds in counts.items()]
        at = files_with(place, table, left) if isinstance(place, Path) else place
        raise PublishRefused(f"表 {table}{at and f'（{at}）'} 仍有个人信息，不予发布。" + "；".join(places)
                             + "。表若是照以前的脱敏规则建的，请先重新运行 kamen build")


def _found(column: Iterable[str]) -> dict[str, Counter[str]]:
    """Return the values of a column in which something is found, and how often what is; each distinct value is read once."""
    values = Counter(column.dropna().astype(str) if isinstance(column, pd.Series) else column)
    read = zip(values.items(), find_many(values), strict=True)
    return {value: Counter({kind: n * times for kind, times in Counter(span.kind for span in spans).items()})
            for (value, n), spans in read if spans}


def files_with(processed: Path, table: str, values: Mapping[str, Collection[str]]) -> str:
    """Return which files of a table, named from the home on, hold one of some values of a column; at most three are named."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    held = list[str]()
    for path in sorted((processed / table).glob("*.parquet")):
        data = pq.ParquetFile(path).read(list(values))
        if any(pc.any(pc.is_in(data[name].cast(pa.string()), pa.array(list(some), pa.string()))).as_py() for name, some in values.items()):
            held.append(path.relative_to(processed.parent.parent).as_posix())
    return "、".join(held[:3]) + (f" 等 {len(held)} 个文件" if held[3:] else "")
