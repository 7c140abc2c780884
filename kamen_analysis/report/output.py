"""Writes all formats of a report from the same content, in parallel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kamen_analysis.charts import numbers
from kamen_analysis.report import excel, html, pdf, provenance, publication, reply, text, word
from kamen_analysis.report.aside import begin
from kamen_analysis.report.facts import Facts
from kamen_analysis.report.marks import plain
from kamen_analysis.report.tables import Table

MARK = "演示数据"
TITLE = "卡盟类平台拒绝退款投诉分析"
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Content:
    """All that the formats are written from; of the posts it contains only those shown.

    source: Markdown; numbered: the number ("表 3") of each table in the text, by key; headlines: the findings; drill: waits for the
    data of the drill-down; sheets: right-to-reply sheets (Markdown) by platform; aggregate: the anonymised data set; figures: see
    figures.json.
    """

    source: str
    tables: dict[str, Table]
    numbered: dict[str, str]
    facts: Facts
    headlines: list[str]
    drill: Callable[[], dict[str, Any]]
    sheets: dict[str, str]
    aggregate: Table
    figures: dict[str, Any]

    @property
    def mark(self) -> str:
        """The mark of synthetic data; "" for real data."""
        return MARK if self.facts.is_synthetic else ""

    @property
    def subtitle(self) -> str:
        """Period, dates of the posts and sample in one line."""
        f = self.facts
        return f"期间：{f.period_zh}（{numbers.date(f.first)} 至 {numbers.date(f.last)}）　计入投诉 {numbers.count(f.used)} 件"


def write_tables(content: Content, formats: Sequence[str], folder: Path) -> None:
    """Write the tables of `content` into `folder`: as CSV with their descriptions and terms and, if in `formats`, as Excel."""
    tables = list(content.tables.values())
    (folder / "tables").mkdir()
    for table in tables:
        excel.write_csv(table, folder / "tables" / f"{table.key}.csv")
    data_set = content.aggregate
    excel.write_csv(data_set, folder / "tables" / f"{data_set.key}.csv")
    provenance.write_datapackage([*tables, data_set], folder, TITLE, content.facts)
    publication.write_terms(folder, TITLE, content.facts)
    provenance.write_dictionary(folder)
    if "xlsx" in formats:
        caution = "公开投诉不是统计样本，未经核实，没有按平台规模调整；投诉反映不等于事实。"
        about = [TITLE, content.subtitle, content.facts.scope_zh, caution]
        excel.write_workbook(tables, folder / "tables.xlsx", about, content.mark, content.facts.last_capture, content.numbered)


def write(content: Content, formats: Sequence[str], folder: Path, tell: Progress) -> None:
    """Write the text of `content` in each of `formats` into `folder`; its tables must have been written (`write_tables`)."""
    _readme(content, formats, folder)
    mark, subtitle = content.mark, content.subtitle
    banner = f"{MARK}：合成帖子，不反映任何真实平台，不得引用" if mark else ""
    words = {"title": TITLE, "subtitle": subtitle, "mark": mark, "banner": banner}
    writers: dict[str, Callable[[], object]] = {
        "html": lambda: html.write(content.source, folder, words, content.drill),
        "pdf": lambda: pdf.write(content.source, folder, TITLE, subtitle, mark),
        "docx": lambda: _word(content, folder),
    }
    # HTML and Word are written in processes of their own while this one writes the PDF.
    started = [begin(writers[name]) for name in ("html", "docx") if name in formats]
    tasks = [*([writers["pdf"]] if "pdf" in formats else []), *started]
    for done, finish in enumerate(tasks, len(formats) - len(tasks)):
        tell("写出报告", done, len(formats))
        finish()
    tell("写出报告", len(formats), len(formats))


def _readme(content: Content, formats: Sequence[str], folder: Path) -> None:
    unescaped = text.environment().overlay(finalize=plain)
    readme = unescaped.get_template("readme.md.jinja").render(title=TITLE, subtitle=content.subtitle, facts=content.facts, formats=formats,
                                                              sheets=content.sheets)
    (folder / "README.md").write_text(readme, encoding="utf-8")


def _word(content: Content, folder: Path) -> None:
    word.write(content.source, folder / "report.docx", folder, TITLE, content.subtitle, content.mark)
    if content.sheets:
        reply.write_sheets(content.sheets, folder / "right_to_reply", content.mark)
