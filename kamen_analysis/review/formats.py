"""The files coders work on: written as CSV, XLSX, Label Studio and doccano; read back from any of these, also after Excel resaved them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import xlsxwriter

import kamen_analysis.codebook as codebook
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import atomic_write
from kamen_analysis.tabular import read_records, write_records
from kamen_analysis.tabular.guard import guarded

NONE, SAME = "none", "same"
MARK = "演示数据"
REASONS = tuple(f"理由{i}" for i in range(1, 6))
HEADER = ("编号", "标题", "正文", "建议", *REASONS, "备注")
_WIDTHS = (22, 30, 80, 24, 18, 18, 18, 18, 18, 30)
# Not the slash, which occurs in names (已激活/已使用).
_SEPARATORS = re.compile(r"[\s;；,，、+|]+")


@dataclass(frozen=True)
class Task:
    """One post as handed to a coder; `suggested` is empty in blind coding, and ("none",) where the machine found no reason."""

    post_id: str
    title: str
    body: str
    suggested: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """One row of a coder's file; `said`: the codes as written, empty if the coder left the post uncoded."""

    post_id: str
    said: tuple[str, ...]
    note: str = ""


def choices() -> dict[str, str]:
    """Return what a coder may choose: the codes and "none", each with its Chinese name."""
    return {**{code: rule.name_zh for code, rule in codebook.load().reasons.items()}, NONE: "没有理由"}


def row_of(task: Task) -> list[str]:
    """Return a post as a row under `HEADER`, the columns for codes empty."""
    return [task.post_id, task.title, task.body, "；".join(task.suggested), *[""] * len(REASONS), ""]


def write(tasks: Sequence[Task], out: Path, name: str, synthetic: bool) -> list[Path]:
    """Write `tasks` in all forms into the folder `out` and return the paths; the titles of synthetic posts are marked."""
    marked = [Task(t.post_id, f"【{MARK}】{t.title}", t.body, t.suggested) for t in tasks] if synthetic else list(tasks)
    paths = [out / f"{name}{end}" for end in (".csv", ".xlsx", ".labelstudio.json", ".labelstudio.xml", ".doccano.jsonl")]
    out.mkdir(parents=True, exist_ok=True)
    write_csv(paths[0], HEADER, [row_of(task) for task in marked])
    _write_workbook(paths[1], marked)
    with atomic_write(paths[2]) as file:
        json.dump([_label_studio(task) for task in marked], file, ensure_ascii=False, indent=1)
    with atomic_write(paths[3]) as file:
        file.write(config())
    write_records(({"text": f"{t.title}\n{t.body}", "label": [], "post_id": t.post_id, "suggested": list(t.suggested)} for t in marked),
                  paths[4])
    return paths


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write rows as CSV with the byte-order mark that Excel needs, and with cells guarded against being read as formulas."""
    with atomic_write(path) as file:
        file.write("\ufeff")
        out = csv.writer(file)
        out.writerow(header)
        out.writerows([guarded(cell) for cell in row] for row in rows)


def _write_workbook(path: Path, tasks: Sequence[Task]) -> None:
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with atomic_write(path, "wb") as file, xlsxwriter.Workbook(file, options) as book:
        sheet, codes, rules = (book.add_worksheet(title) for title in ("编码", "编码表", "定义"))
        wrap = book.add_format({"text_wrap": True, "valign": "top"})
        for column, width in enumerate(_WIDTHS):
            sheet.set_column(column, column, width, wrap)
        _fill(sheet, [HEADER, *map(row_of, tasks)])
        menu = [f"{code} {name}" for code, name in choices().items()] + [f"{SAME} 同建议"] * any(task.suggested for task in tasks)
        _fill(codes, [[line] for line in menu])
        first, last = HEADER.index(REASONS[0]), HEADER.index(REASONS[-1])
        sheet.data_validation(1, first, max(len(tasks), 1), last, {
            "validate": "list", "source": f"=编码表!$A$1:$A${len(menu)}", "error_title": "没有这个编码", "error_message": "请从下拉表选择"})
        sheet.freeze_panes(1, 1)
        rules.set_column(0, 4, 40, wrap)
        definitions = [(r.code, r.name_zh, r.definition, r.counts_when, r.not_when) for r in codebook.load().reasons.values()]
        _fill(rules, [("编码", "名称", "定义", "编", "不编"), *definitions])


def _fill(sheet: Any, rows: Sequence[Sequence[str]]) -> None:
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            sheet.write_string(i, j, cell)


def config() -> str:
    """Return the labelling interface for Label Studio (XML)."""
    lines = "\n".join(f"    <Choice value={quoteattr(name)} alias={quoteattr(code)}/>" for code, name in choices().items())
    return ('<View>\n  <Header value="$title"/>\n  <Text name="text" value="$body"/>\n'
            f'  <Choices name="reasons" toName="text" choice="multiple" required="true">\n{lines}\n  </Choices>\n'
            '  <TextArea name="note" toName="text" placeholder="备注" rows="2"/>\n</View>\n')


def _label_studio(task: Task) -> dict[str, Any]:
    result = [{"from_name": "reasons", "to_name": "text", "type": "choices", "value": {"choices": list(task.suggested)}}]
    data = {"post_id": task.post_id, "title": task.title, "body": task.body}
    return {"data": data, "predictions": [{"model_version": "kamen_analysis", "result": result}] if task.suggested else []}


def read(path: Path) -> Iterator[Answer]:
    """Yield the answers in a coder's file, whichever of the four forms it has. Raises KamenError for any other file."""
    for number, row in enumerate(read_records(path), 1):
        if not any(map(_text, row.values())):  # Excel saves rows that were only clicked into
            continue
        if "annotations" in row:
            yield _from_label_studio(row, f"{path.name}：第 {number} 项")
        elif HEADER[0] in row:
            yield Answer(_text(row[HEADER[0]]), tuple(word for key in REASONS for word in _split(row.get(key))), _text(row.get("备注")))
        elif "post_id" in row:  # doccano, or Label Studio's JSON-MIN
            yield Answer(_text(row["post_id"]), tuple(_split(row.get("label", row.get("reasons")))), _text(row.get("note")))
        else:
            raise KamenError(f"{path.name}：第 {number} 行没有“编号”或 post_id，不是 kamen review sample 写出的编码文件")


def _from_label_studio(row: dict[str, Any], where: str) -> Answer:
    annotations = [annotation for annotation in row["annotations"] if not annotation.get("was_cancelled")]
    if len(annotations) > 1:
        raise KamenError(f"{where}有 {len(annotations)} 份标注，请按编码员分别导出")
    entered: dict[str, list[str]] = {"choices": [], "text": []}
    for value in (result.get("value", {}) for annotation in annotations for result in annotation.get("result", [])):
        for key in entered.keys() & value.keys():
            entered[key] += _split(value[key]) if key == "choices" else [_text(value[key])]
    return Answer(_text(row.get("data", {}).get("post_id")), tuple(entered["choices"]), "；".join(entered["text"]))


def _split(cell: Any) -> list[str]:
    if isinstance(cell, dict):  # JSON-MIN's form of several choices
        cell = cell.get("choices")
    cells = cell if isinstance(cell, list) else [cell]
    return [word for one in cells for word in _SEPARATORS.split(_text(one)) if word]


def _text(cell: Any) -> str:
    return "；".join(map(_text, cell)) if isinstance(cell, list) else "" if cell is None else str(cell).strip()
