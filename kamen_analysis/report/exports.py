"""Appendix of notebook exports: reports/_exports/<notebook>/<name>.json with <name>.csv, <name>.svg and <name>.png.

The JSON has title, n, source, period and made_from (digest of the manifest that the notebook read). The table or the chart may be
missing; a chart needs both pictures, because Word takes no SVG. Exports that contain personal data are refused.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from kamen_analysis.charts import numbers
from kamen_analysis.errors import KamenError, PublishRefused
from kamen_analysis.paths import Home, sha256
from kamen_analysis.redact import checks
from kamen_analysis.redact.engine import find_many
from kamen_analysis.redact.rules import book
from kamen_analysis.report.figures import Figure
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.tables import Column, Kind, Table

FOLDER = "_exports"
WORDS = ("title", "n", "source", "period", "made_from")
SAID = ("title", "alt", "note", "source", "period")  # what of `told` a reader sees
KINDS: dict[str, Kind] = {"n": "count", "of": "count", "share": "share", "median": "yuan", "total": "yuan"}
LIMIT = 40
_WRITTEN = re.compile(r"<!--(.*?)-->|>([^<>]+)(?=<)", re.S)  # in an SVG: a text drawn as outlines stands beside them as a comment


@dataclass(frozen=True)
class Export:
    """One export: number in the report, notebook, content of its JSON (`told`), table, path of its pictures without suffix, and whether
    the data has changed since."""

    number: int
    notebook: str
    told: dict[str, Any]
    frame: pd.DataFrame
    stem: Path
    is_old: bool

    @property
    def key(self) -> str:
        """The key of its table and figure; letters only, as the output formats require."""
        return "export_" + "".join(chr(ord("a") + int(digit)) for digit in str(self.number))

    @property
    def pictures(self) -> tuple[Path, Path]:
        """The paths of its chart as SVG and as PNG."""
        return self.stem.with_name(f"{self.stem.name}.svg"), self.stem.with_name(f"{self.stem.name}.png")

    @property
    def is_drawn(self) -> bool:
        """Whether it has a chart, in both forms."""
        return all(picture.exists() for picture in self.pictures)

    @property
    def note(self) -> str:
        """Its origin, in one Chinese sentence."""
        old = "；此后数据已更新，请重跑该笔记本" if self.is_old else ""
        more = f"；{self.told['note']}" if self.told.get("note") else ""
        n, source, period = numbers.count(self.told["n"]), self.told["source"], self.told["period"]
        return f"由笔记本 {self.notebook} 导出；n={n}；来源：{source}；期间：{period}{more}{old}。"


def read(home: Home) -> tuple[Export, ...]:
    """Return the exports in a home, sorted by notebook and name.

    Raises KamenError if one cannot be read, PublishRefused if one contains personal data.
    """
    current = sha256(home.processed / "manifest.json")
    paths = sorted((home.reports / FOLDER).glob("*/*.json"))
    return tuple(_read_export(number, path, current) for number, path in enumerate(paths, 1))


def _read_export(number: int, path: Path, current: str) -> Export:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        table = path.with_suffix(".csv")
        frame = pd.read_csv(table, encoding="utf-8-sig") if table.exists() else pd.DataFrame()
        missing = [word for word in WORDS if word not in told]
    except (ValueError, OSError) as error:
        raise KamenError(f"读不了笔记本导出 {path}：{type(error).__name__}；请重新导出或删去") from None
    if missing:
        raise KamenError(f"笔记本导出 {path} 缺少：{'、'.join(missing)}；请重新导出或删去")
    if not isinstance(told["n"], int):
        raise KamenError(f"笔记本导出 {path} 的 n 不是件数；请重新导出或删去")
    export = Export(number, path.parent.name, told, frame, path.with_suffix(""), told["made_from"] != current)
    refuse_if_personal(frame, path.stem)
    _refuse(path.stem, "题目或说明", [export.notebook, *(str(told.get(word) or "") for word in SAID)])
    if export.is_drawn:
        svg = export.pictures[0].read_text(encoding="utf-8", errors="replace")
        _refuse(path.stem, "图", {comment or text for comment, text in _WRITTEN.findall(svg)})
    return export


def refuse_if_personal(frame: pd.DataFrame, name: str) -> None:
    """Raise PublishRefused if `frame`, names of columns included, holds personal data: export, column and kind are told, never a value."""
    _refuse(name, "列名", map(str, frame.columns))
    for column in frame:
        _refuse(name, f" {column} 列", _texts(frame[column]))


def _texts(column: pd.Series) -> Iterable[str]:
    """Return the texts of a column, and of its numbers those that are by themselves somebody's."""
    values = column.dropna().unique()
    if pd.api.types.is_numeric_dtype(column):
        return filter(checks.identifies, (format(value, ".0f") for value in values))
    return map(str, values)


def _refuse(name: str, place: str, texts: Iterable[str]) -> None:
    found = {span.kind for spans in find_many(texts) for span in spans}
    if found:
        kinds = "、".join(kind.name_zh for kind in book().kinds if kind.kind in found)
        raise PublishRefused(f"导出 {name} 的{place}仍有个人信息（{kinds}），不予发布")


def tables(m: Measures) -> list[Table]:
    """Return the table of each export that has one."""
    given = [one for one in read(m.home) if not one.frame.empty]
    titles = [f"上图的数据（{one.notebook}）" if one.is_drawn else one.told["title"] for one in given]
    return [Table(one.key, title, one.frame, _columns(one.frame), one.note, limit=LIMIT) for one, title in zip(given, titles, strict=True)]


def _columns(frame: pd.DataFrame) -> tuple[Column, ...]:
    heads = {"name_zh": "名称", "platform": "平台", "n": "件数", "of": "分母", "share": "比例", "low": "95% 区间（%）", "note": "说明"}
    numeric = {str(key) for key in frame if pd.api.types.is_numeric_dtype(frame[key])}
    spans = {"low": "high"} if {"share", "low", "high"} <= numeric else {}
    skipped = {*spans.values(), *(("code",) if "name_zh" in frame else ())}
    kinds: dict[str, Kind] = {key: kind for key, kind in KINDS.items() if key in numeric}
    kinds |= {key: "share" for key in spans}
    return tuple(Column(key, heads.get(key, key), kinds.get(key, "text"), high=spans.get(key))
                 for key in map(str, frame.columns) if key not in skipped)


def figures(m: Measures, folder: Path, png: Path | None) -> dict[str, Figure]:
    """Copy the chart of each export that has one to `folder` (SVG) and `png` (PNG); return the figures by key."""
    copied = {}
    for one in read(m.home):
        if one.is_drawn:
            for picture, target in zip(one.pictures, (folder, png), strict=True):
                if target:
                    shutil.copyfile(picture, target / f"{one.key}{picture.suffix}")
            copied[one.key] = Figure(one.key, one.told["title"], one.told.get("alt", one.told["title"]))
    return copied
