"""`kamen report --compare A B`: two reports or builds side by side, and for each headline why it changed."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from kamen_analysis.data import Data, load
from kamen_analysis.errors import KamenError
from kamen_analysis.metrics.diagnostics import drift
from kamen_analysis.paths import Home, atomic_folder
from kamen_analysis.records import ZONE
from kamen_analysis.report import excel, html, pdf, provenance, text, why, word
from kamen_analysis.report.facts import facts
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.period import parse
from kamen_analysis.report.record import FILE, figures, read
from kamen_analysis.report.tables import Column, Table

TITLE = "两份报告的比较：头条数字为什么变了"
DRIFT_SHOWN = 60


@dataclass(frozen=True)
class Side:
    """One side of a comparison: its figures (as in figures.json) and, if it is a build and not a report folder, its tables."""

    figures: dict[str, Any]
    data: Data | None = None


@dataclass(frozen=True)
class Compared:
    """The folder of a comparison, and one line per headline."""

    folder: Path
    lines: list[str]


def compare(where: Home, first: str, second: str, out: Path | None = None) -> Compared:
    """Write the comparison of `first` (the older) with `second`, by default to reports/compare-<first>-<second>.

    Each is a report folder (its path, or its name under reports/) or a working folder with data/processed (a build).
    """
    before, after = (side(where, name) for name in (first, second))
    tables = _tables(before, after)
    target = out or where.reports / f"compare-{before.figures['key']}-{after.figures['key']}"
    with atomic_folder(target) as folder, tempfile.TemporaryDirectory() as scratch:
        _write(folder, Path(scratch), before.figures, after.figures, tables)
    moves = tables[1].frame
    return Compared(target, [f"{row['name']}：{row['old']} → {row['new']}；{row['why']}" for row in moves.to_dict("records")])


def side(where: Home, name: str) -> Side:
    """Return the side named `name`: a report folder if there is one, else a working folder. Raises KamenError if it is neither."""
    for path in (where.reports / name, Path(name)):
        if (path / FILE).is_file():
            if (found := read(path)) is None:
                raise KamenError(f"读不了 {path / FILE}：文件损坏或是旧版，请重新生成该报告")
            return Side(found)
    home = Home(Path(name).resolve())
    if not (home.processed / "manifest.json").is_file():
        raise KamenError(f"{name!r} 既不是报告文件夹（其中没有 {FILE}，旧版报告请重新生成），也不是有 data/processed 的工作目录")
    data = load(home)
    measures = Measures(data, "virtual")
    known = facts(data, measures, parse(None).name_zh, pd.Timestamp.now(ZONE))
    return Side(figures(measures, known, Path(name).resolve().name), data)


def _tables(before: Side, after: Side) -> list[Table]:
    old, new = before.figures, after.figures
    builds = [why.steps(before.data, after.data), _drift(before.data, after.data)] if before.data and after.data else []
    return [_identity(old, new), why.headlines(old, new), why.months(old, new), why.stages(old, new), why.mix(old, new), *builds]


def _identity(old: dict[str, Any], new: dict[str, Any]) -> Table:
    rows = [("名称", "key"), ("期间", "period"), ("范围", "scope"), ("投诉发布于", None), ("最近一次抓取", "last_capture"),
            ("程序版本", "version")]
    lines = [{"what": what, "old": str(old[key]) if key else _span(old), "new": str(new[key]) if key else _span(new)} for what, key in rows]
    lines += [{"what": "编码手册", "old": _book(old), "new": _book(new)},
              {"what": "来源", "old": "、".join(sorted(old["sources"])), "new": "、".join(sorted(new["sources"]))}]
    columns = (Column("what", "事项"), Column("old", "前一份"), Column("new", "后一份"))
    return Table("identity", "比的是哪两份", pd.DataFrame(lines), columns)


def _span(one: dict[str, Any]) -> str:
    return f"{one['first']} 至 {one['last']}"


def _book(one: dict[str, Any]) -> str:
    return f"{one['codebook']['version']}（摘要 {one['codebook']['digest'][:12]}）"


def _drift(before: Data, after: Data) -> Table:
    ids = before.posts["post_id"]
    moved = drift(before.labels, after.labels, ids[ids.isin(after.posts["post_id"])])
    frame = moved.assign(rule_before=why.named(moved["rule_before"]), rule_after=why.named(moved["rule_after"]))
    columns = (Column("post_id", "帖子"), Column("name_zh", "拒退理由"), Column("change", "变化"), Column("why", "原因"),
               Column("rule_before", "原规则"), Column("rule_after", "新规则"))
    return Table("drift", "两次处理都有的帖子里，哪些改了编码、为什么", frame, columns, limit=DRIFT_SHOWN)


def _write(folder: Path, scratch: Path, old: dict[str, Any], new: dict[str, Any], tables: list[Table]) -> None:
    named = {table.key: table for table in tables}
    mark = "演示数据" if old["is_synthetic"] or new["is_synthetic"] else ""
    subtitle = f"前一份：{old['key']}（{old['period']}）　后一份：{new['key']}（{new['period']}）"
    source = text.page("compare", named, old=old, new=new)
    (folder / "tables").mkdir()
    for table in tables:
        excel.write_csv(table, folder / "tables" / f"{table.key}.csv")
    banner = f"{mark}：合成帖子，不反映任何真实平台，不得引用" if mark else ""
    words = {"title": TITLE, "subtitle": subtitle, "mark": mark, "banner": banner}
    html.write(source, folder, words, lambda: {"cells": {}, "posts": {}, "rules": {}})
    pdf.write(source, folder, TITLE, subtitle, mark)
    word.write(source, folder / "report.docx", scratch, TITLE, subtitle, mark)
    excel.write_workbook(tables, folder / "tables.xlsx", [TITLE, subtitle], mark)
    provenance.write_record(folder, {"compared": [one["key"] for one in (old, new)], "is_synthetic": bool(mark)})
