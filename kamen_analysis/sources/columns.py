"""What the columns of a user's table mean: YAML mappings, chosen by the table's header unless the user gives one.

A mapping lists in `columns`, for each key of a raw post, the headers it may have; in `times`, for each event, the headers of a column
with its time; in `statuses` the event that a status proves; in `ignored` columns left out on purpose, above all personal data.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from kamen_analysis.captures.page import Page
from kamen_analysis.errors import KamenError
from kamen_analysis.records import EVENT_KINDS
from kamen_analysis.sources.audit import told

NAMES_ZH = {
    "id": "编号", "title": "标题", "body": "正文", "target": "投诉对象", "appeal": "投诉要求", "amount": "涉诉金额", "posted": "发布时间",
    "status": "状态", "url": "网址", "issue": "投诉问题", "synthetic": "演示数据标记",
}
_NOT_IN_A_NAME = re.compile(r"[\s:：*＊]|\((?:元|人民币|必填|选填)\)")


class Mapping(BaseModel):
    """The content of one YAML mapping."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = "user"
    name_zh: str = "用户指定的列名对照"
    columns: dict[str, tuple[str, ...]]
    times: dict[str, tuple[str, ...]] = {}
    ignored: tuple[str, ...] = ()
    statuses: dict[str, str | None] = {}

    @field_validator("columns", "times", mode="before")
    @classmethod
    def _one_name_is_a_list_of_one(cls, value: object) -> object:
        return {k: [v] if isinstance(v, str) else v for k, v in value.items()} if isinstance(value, dict) else value

    @field_validator("columns")
    @classmethod
    def _keys_are_known(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        _refuse_unknown(value, NAMES_ZH)
        return value

    @field_validator("times")
    @classmethod
    def _events_are_known(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        _refuse_unknown(value, EVENT_KINDS)
        return value

    @field_validator("statuses")
    @classmethod
    def _statuses_are_events(cls, value: dict[str, str | None]) -> dict[str, str | None]:
        _refuse_unknown([kind for kind in value.values() if kind], EVENT_KINDS)
        return value


def _refuse_unknown(given: Iterable[str], allowed: Iterable[str]) -> None:
    unknown = sorted(set(given) - set(allowed))
    if unknown:
        raise ValueError(f"不认识 {'、'.join(unknown)}，可用：{'、'.join(allowed)}")


@dataclass(frozen=True)
class Layout:
    """A mapping applied to the columns of one table: `fields` and `times` are header → key, `unused` are headers it does not name."""

    mapping: Mapping
    fields: dict[str, str]
    times: dict[str, str]
    ignored: frozenset[str]
    unused: tuple[str, ...]

    @functools.cached_property
    def has_text(self) -> bool:
        """Whether a title or body column was found: a table without either holds no posts."""
        return not {"title", "body"}.isdisjoint(self.fields.values())

    def describe(self) -> str:
        """Return in Chinese which column is read as what, for `kamen import table` to show."""
        pairs = [f"  {_shown(header)} → {NAMES_ZH[key]}" for header, key in self.fields.items()]
        pairs += [f"  {_shown(header)} → {EVENT_KINDS[kind]}的时间" for header, kind in self.times.items()]
        missing = [name for key, name in NAMES_ZH.items() if key not in self.fields.values() and key not in ("issue", "synthetic")]
        unused = [_shown(header) for header in self.unused]
        tail = [f"  {what}：{'、'.join(names)}" for what, names in
                (("按约定不取", sorted(self.ignored)), ("不认识、未取", unused), ("表中没有", missing)) if names]
        return "\n".join([f"列名对照：{self.mapping.name_zh}（{self.mapping.key}）", *pairs, *tail])


def _shown(header: str) -> str:
    return told(header, 40)


def load(text: str, name: str) -> Mapping:
    """Return the mapping in a YAML text; raise KamenError with the file's `name` and what is wrong."""
    try:
        return Mapping.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise KamenError(f"{name}：不是合规的 YAML" + (f"（第 {mark.line + 1} 行）" if mark else "")) from None
    except ValidationError as error:
        first = error.errors()[0]
        raise KamenError(f"{name}：{'.'.join(map(str, first['loc'])) or '内容'}：{first['msg'].removeprefix('Value error, ')}") from None


def of_page(page: Page) -> Mapping | None:
    """Return the mapping if the page is one that an import stored before its tables (address mapping:…), else None."""
    return load(page.text(), page.url.rpartition("/")[2]) if page.url.startswith("mapping:") else None


@functools.cache
def known() -> tuple[Mapping, ...]:
    """Return the mappings that come with the project, in the order of their file names, which are their keys."""
    paths = sorted((p for p in files(__package__).joinpath("mappings").iterdir() if p.name.endswith(".yaml")), key=lambda p: p.name)
    mappings = tuple(load(path.read_text("utf-8"), path.name) for path in paths)
    wrong = [path.name for path, mapping in zip(paths, mappings, strict=True) if path.name != f"{mapping.key}.yaml"]
    if wrong:
        raise KamenError(f"列名对照的文件名须与 key 相同：{'、'.join(wrong)}")
    return mappings


def fit(mapping: Mapping, columns: Sequence[str]) -> Layout:
    """Return `mapping` applied to `columns`; if two columns fit the same key, the one named first in the mapping is taken."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(_bare(column), column)
    fields = _chosen(mapping.columns, by_name)
    times = _chosen(mapping.times, {name: column for name, column in by_name.items() if column not in fields})
    ignored = frozenset(by_name[_bare(name)] for name in mapping.ignored if _bare(name) in by_name) - fields.keys() - times.keys()
    unused = tuple(c for c in columns if c.strip() and c not in fields and c not in times and c not in ignored)
    return Layout(mapping, fields, times, ignored, unused)


def guess(columns: Sequence[str]) -> Layout:
    """Return the known mapping that names most of `columns`, applied to them; in a tie the more specific mapping."""
    layouts = [fit(mapping, columns) for mapping in known()]
    return max(layouts, key=lambda layout: (len(layout.fields) + len(layout.times), -len(layout.unused), -_breadth(layout.mapping)))


def _chosen(names: dict[str, tuple[str, ...]], by_name: dict[str, str]) -> dict[str, str]:
    """Return column → key for each key of `names` that has a column; `by_name`: bare header → column."""
    chosen: dict[str, str] = {}
    for key, headers in names.items():
        column = next((by_name[_bare(h)] for h in headers if _bare(h) in by_name and by_name[_bare(h)] not in chosen), None)
        if column is not None:
            chosen[column] = key
    return chosen


def _bare(header: str) -> str:
    return _NOT_IN_A_NAME.sub("", unicodedata.normalize("NFKC", header)).lower()


def _breadth(mapping: Mapping) -> int:
    return sum(map(len, mapping.columns.values()))
