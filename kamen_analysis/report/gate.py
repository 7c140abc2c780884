"""What a report takes from the tables besides texts: keys, numbers and codes changed by hand are refused, since they would be printed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

import pandas as pd

from kamen_analysis import records
from kamen_analysis.data import Data
from kamen_analysis.errors import PublishRefused
from kamen_analysis.metrics import reason_names
from kamen_analysis.paths import Home
from kamen_analysis.redact.door import files_with
from kamen_analysis.redact.engine import find_many

_SOURCE = re.compile(r"[a-z0-9_]{1,40}")
_CAPTURE = re.compile(r"[a-z0-9_]{1,40}/[^\\/<>\"'`&\x00-\x1f]{1,200}\.warc\.gz")
_POST_ID = re.compile(r"[a-z0-9_]{1,40}:[^\s<>\"'`&\\]{1,200}")
_AN_ID_ITSELF = frozenset({"ORDER", "NUMBER"})  # 工单20240305001234567: what looks like a number is what an id is
_PLAIN_ID = r"^[a-z0-9_]{1,40}:[A-Za-z0-9_.:/#-]{1,200}$"


def refuse_unfit(whole: Data) -> None:
    """Raise PublishRefused, in one line without a value, if keys or codes of the tables are not what the build writes there."""
    ids = whole.posts["post_id"].astype("str")
    odd = ids[~ids.str.contains(_PLAIN_ID, regex=True)].tolist()
    personal = [value for value, spans in zip(odd, find_many(odd), strict=True) if {span.kind for span in spans} - _AN_ID_ITSELF]
    _refuse("posts", "post_id", {*personal, *_unlike(odd, _POST_ID)}, whole.home)
    _refuse("posts", "source", _unlike(whole.posts["source"].unique(), _SOURCE), whole.home)
    _refuse("labels", "code", {str(code) for code in whole.labels["code"].unique()} - reason_names().keys(), whole.home)
    for table, data in (("posts", whole.posts), ("labels", whole.labels)):
        for column in records.TABLES[table]:
            if column.one_of and column.name in data:
                given = {str(value) for value in data[column.name].dropna().unique()}
                _refuse(table, column.name, given - {*column.one_of}, whole.home)


def refuse_unfit_captures(posts: pd.DataFrame, home: Home) -> None:
    """Raise PublishRefused if the capture some posts are said to be from cannot be the name of one."""
    _refuse("posts", "capture_file", _unlike(posts["capture_file"].unique(), _CAPTURE), home)


def _unlike(values: Iterable[object], form: re.Pattern[str]) -> set[str]:
    return {str(value) for value in values if not form.fullmatch(str(value))}


def _refuse(table: str, column: str, unfit: Collection[str], home: Home) -> None:
    if unfit:
        at = files_with(home.processed, table, {column: unfit})
        raise PublishRefused(f"表 {table}{at and f'（{at}）'} 的 {column} 列有 {len(unfit)} 个不合规的值，不予发布。"
                             "表在建好之后被改过，请重新运行 kamen build")
