"""Provenance of a report: datapackage.json describes its tables (Frictionless), provenance.json names its inputs and outputs."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kamen_analysis.paths import sha256
from kamen_analysis.records import TABLES
from kamen_analysis.report.excel import heads
from kamen_analysis.report.facts import Facts
from kamen_analysis.report.publication import LICENCE
from kamen_analysis.report.tables import Table

TYPES = {"count": "integer", "share": "number", "points": "number", "yuan": "number", "days": "number", "ratio": "number", "date": "date"}
UNITS = {"count": "件", "share": "比例（0–1）", "points": "百分点", "yuan": "元", "days": "日"}


def write_datapackage(tables: Iterable[Table], folder: Path, title: str, facts: Facts) -> Path:
    """Write `folder`/datapackage.json for the CSV files in `folder`/tables."""
    package = {
        "profile": "tabular-data-package", "name": "kamen-report", "title": title, "version": facts.version, "licenses": [LICENCE],
        "description": ("演示数据（合成），不得引用。" if facts.is_synthetic else "")
        + "公开投诉的汇总表；公开投诉不是统计样本，未经核实。",
        "resources": [_resource(table, folder) for table in tables],
    }
    return _write(folder / "datapackage.json", package)


def _resource(table: Table, folder: Path) -> dict[str, Any]:
    path = folder / "tables" / f"{table.key}.csv"
    fields = [{"name": head, "type": TYPES.get(column.kind, "string"), **({"unit": UNITS[column.kind]} if column.kind in UNITS else {})}
              for column, _, head in heads(table)]
    return {
        "profile": "tabular-data-resource", "name": table.key.replace("_", "-"), "title": table.title, "path": f"tables/{table.key}.csv",
        "format": "csv", "mediatype": "text/csv", "encoding": "utf-8-sig",
        "dialect": {"delimiter": ","}, "bytes": path.stat().st_size, "hash": f"sha256:{sha256(path)}",
        "description": "".join(f"{text}。" for text in table.definition.values()), "schema": {"fields": fields, "missingValues": [""]},
    }


def write_dictionary(folder: Path) -> Path:
    """Write `folder`/data_dictionary.csv: every column of the processed tables with its type and meaning."""
    path = folder / "data_dictionary.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow(["表", "列", "类型", "可缺失", "含义", "取值"])
        out.writerows([table, c.name, c.type, "是" if c.nullable else "否", c.about, "、".join(c.one_of)]
                      for table, columns in TABLES.items() for c in columns)
    return path


def write_provenance(folder: Path, facts: Facts, given: dict[str, Any]) -> Path:
    """Write `folder`/provenance.json: `given`, versions, and the SHA-256 of every other file in `folder`."""
    return write_record(folder, {**given, "version": facts.version, "is_synthetic": facts.is_synthetic,
                                 "codebook": {"version": facts.codebook_version, "digest": facts.codebook_digest}})


def write_record(folder: Path, given: dict[str, Any]) -> Path:
    """Write `folder`/provenance.json: `given` and the SHA-256 of every other file in `folder`."""
    outputs = {path.relative_to(folder).as_posix(): sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()}
    return _write(folder / "provenance.json", {**given, "outputs": outputs})


def _write(path: Path, content: dict[str, Any]) -> Path:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return path
