"""The report folder as readers get it: every format whole, marked, safe and in step with the others."""

from __future__ import annotations

import csv
import html
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pypdf
import pytest
import smallworld
from lxml import etree

from kamen_analysis import records
from kamen_analysis.charts import numbers
from kamen_analysis.data import load
from kamen_analysis.errors import KamenError
from kamen_analysis.metrics import reasons
from kamen_analysis.paths import Home, home, sha256
from kamen_analysis.report.build import ReportResult, report
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.sections import sources

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@pytest.fixture(scope="module")
def pdf_pages(made: ReportResult) -> list[str]:
    """The words of each page of the PDF."""
    return [page.extract_text() for page in pypdf.PdfReader(made.folder / "report.pdf").pages]


def test_the_folder_is_whole(made: ReportResult) -> None:
    """Every promised file is there, named in the result, and nothing temporary is left beside the folder."""
    names = {path.relative_to(made.folder).as_posix() for path in made.files}
    assert {"report.html", "report.pdf", "report.docx", "tables.xlsx", "datapackage.json", "provenance.json", "tables/reasons.csv",
            "figures/reasons.svg"} <= names
    assert [path.name for path in made.folder.parent.iterdir()] == ["all"]


def test_one_figure_reads_the_same_everywhere(made: ReportResult, small: Home, pdf_pages: list[str]) -> None:
    """The share of the first reason is the same in the metric, the HTML, the PDF, the Word file, the Excel sheet and the CSV."""
    data = load(small)
    top = reasons(data.posts, data.labels).iloc[0]
    text = numbers.percent(top["share"])
    assert text in (made.folder / "report.html").read_text(encoding="utf-8")
    assert text in "".join(pdf_pages)
    assert text in "".join(etree.fromstring(zipfile.ZipFile(made.folder / "report.docx").read("word/document.xml")).itertext())
    book = openpyxl.load_workbook(made.folder / "tables.xlsx", read_only=True)
    sheet = next(book[name] for name in book.sheetnames if name.endswith("投诉反映的拒退理由"))
    assert any(row[0] == top["name_zh"] and row[3] == pytest.approx(top["share"]) for row in sheet.iter_rows(values_only=True))
    with (made.folder / "tables" / "reasons.csv").open(encoding="utf-8-sig", newline="") as file:
        assert float(next(csv.DictReader(file))["比例"]) == pytest.approx(top["share"])


def test_synthetic_data_is_marked_everywhere(made: ReportResult, pdf_pages: list[str]) -> None:
    """演示数据 stands on every PDF page, in the Word header, on every Excel sheet, in the HTML banner and in the descriptions."""
    assert all("演示数据" in page for page in pdf_pages)
    assert "演示数据" in zipfile.ZipFile(made.folder / "report.docx").read("word/header1.xml").decode()
    book = openpyxl.load_workbook(made.folder / "tables.xlsx")
    assert all("演示数据" in str(sheet["A1"].value) for sheet in book)
    assert 'aria-label="数据说明">演示数据' in (made.folder / "report.html").read_text(encoding="utf-8")
    assert "演示数据" in json.loads((made.folder / "datapackage.json").read_text(encoding="utf-8"))["description"]


def test_html_is_one_closed_file(page: Path) -> None:
    """The HTML is under 10 MB, asks for nothing outside itself, and its policy allows only the script and styles it was built with."""
    text = page.read_text(encoding="utf-8")
    assert page.stat().st_size < 10_000_000
    assert re.findall(r"default-src '([^']+)'", text) == ["none"] and "unsafe" not in text
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)[^\"]*\"", text)
    assert not re.findall(r"<[^>]+\s(?:style|on\w+)=", re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL))
    assert '<html lang="zh-CN">' in text and text.count("<img") == text.count("<img loading") == text.count(' alt="')


def test_hostile_posts_stay_words(made: ReportResult, page: Path) -> None:
    """A post's script tag reaches no format as a tag: HTML shows it as text, the Word file as text, the data block escapes it."""
    text = page.read_text(encoding="utf-8")
    assert "<script>alert" not in text and "\\u003cscript>alert(1)" in text
    assert text.count("<script") == 2
    assert len(re.findall(r"@@\w+@@", text)) == text.count("@@body@@")
    assert not [name for name in zipfile.ZipFile(made.folder / "report.docx").namelist() if "e.example" in name]


def test_tables_have_heads_and_captions(page: Path) -> None:
    """Every table has a caption with its number and a row of column heads; the numbers run from 1 without a gap."""
    text = page.read_text(encoding="utf-8")
    captions = re.findall(r"<caption>表 (\d+) ", text)
    assert captions == [str(i + 1) for i in range(text.count("<table"))] and text.count("<thead>") == len(captions)


def test_every_heading_of_the_contents_is_linked(page: Path) -> None:
    """Each entry of the HTML contents links to a heading that is there."""
    text = page.read_text(encoding="utf-8")
    contents = re.findall(r"<nav.*?</nav>", text, re.DOTALL)[0]
    links = re.findall(r'href="#([^"]+)"', contents)
    assert contents.count("<li>") == len(links) == len(set(links)) and all(f' id="{link}"' in text for link in links)


def test_pdf_has_bookmarks_and_its_own_fonts(made: ReportResult) -> None:
    """The PDF has an outline of its sections, A4 pages, and embeds nothing but the two Noto fonts."""
    reader = pypdf.PdfReader(made.folder / "report.pdf")
    titles = [entry.title for entry in reader.outline if not isinstance(entry, list)]
    assert titles[:3] == ["1 读前必看", "2 摘要", "3 数据与方法"]
    assert {(round(page.mediabox.width), round(page.mediabox.height)) for page in reader.pages} == {(595, 842)}
    fonts = {str(font.get_object()["/BaseFont"]) for page in reader.pages for font in page["/Resources"].get("/Font", {}).values()}
    assert {name.split("+")[1].split("-")[0] for name in fonts} == {"NotoSansCJKsc", "NotoSerifCJKsc"}


def test_word_is_editable(made: ReportResult) -> None:
    """The Word file has heading styles, real tables with repeated heads, captions, and a contents list already filled in."""
    tree = etree.fromstring(zipfile.ZipFile(made.folder / "report.docx").read("word/document.xml"))
    styles = [style.get(f"{W}val") for style in tree.iter(f"{W}pStyle")]
    tables = list(tree.iter(f"{W}tbl"))
    assert {"Heading1", "Heading2", "Heading3", "TableCaption", "ImageCaption", "TOC1", "TOC2", "TableNote", "Warning"} <= set(styles)
    assert len(tables) >= 15 and all(table.find(f".//{W}tblHeader") is not None for table in tables)
    marks = {mark.get(f"{W}name") for mark in tree.iter(f"{W}bookmarkStart")}
    links = [link.get(f"{W}anchor") for link in tree.find(f".//{W}sdtContent").iter(f"{W}hyperlink")]
    assert set(links) <= marks and len(links) == len(set(links)) == styles.count("Heading1") + styles.count("Heading2")


def test_excel_is_typed_and_runs_nothing(made: ReportResult) -> None:
    """Numbers are numbers, heads are frozen, the first sheet explains, and no cell of the workbook is a formula."""
    book = openpyxl.load_workbook(made.folder / "tables.xlsx")
    assert book.sheetnames[0] == "说明"
    assert all(len(name) < 31 and name.count("（") == name.count("）") for name in book.sheetnames)
    assert all(sheet.freeze_panes == "B4" for sheet in book.worksheets[1:])
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f"]
    amount = next(sheet for sheet in book if sheet.title.endswith("涉诉金额"))
    assert isinstance(amount["D4"].value, int | float) and "元" in amount["D4"].number_format


def test_sheets_go_by_the_numbers_of_the_report(made: ReportResult, page: Path) -> None:
    """A sheet is called by its table's number in the report, in that order; empty tables come last and say that they are empty."""
    book = openpyxl.load_workbook(made.folder / "tables.xlsx")
    captions = re.findall(r"<caption>(表 \d+) ([^<]+)</caption>", page.read_text(encoding="utf-8"))
    numbered = [sheet for sheet in book.worksheets[1:] if sheet.title.startswith("表")]
    assert [sheet.title.split(" ")[0] for sheet in numbered] == [number.replace(" ", "") for number, _ in captions]
    assert [sheet["A1"].value.rpartition("　")[2] for sheet in numbered] == [html.unescape(title) for _, title in captions]
    others = [sheet for sheet in book.worksheets[1 + len(numbered):] if sheet["A4"].value == "本期没有可列的数据。"]
    assert others and all(sheet.title.startswith("附表") for sheet in others)
    assert book.worksheets[0]["A8"].hyperlink.location.startswith("'表")


def test_datapackage_describes_the_tables(made: ReportResult) -> None:
    """Every resource's file is there with the digest, the size and the columns the package states."""
    package = json.loads((made.folder / "datapackage.json").read_text(encoding="utf-8"))
    assert {resource["path"] for resource in package["resources"]} == {f"tables/{path.name}" for path in (made.folder / "tables").iterdir()}
    for resource in package["resources"]:
        path = made.folder / resource["path"]
        assert resource["hash"] == f"sha256:{sha256(path)}" and resource["bytes"] == path.stat().st_size
        assert list(pd.read_csv(path, encoding="utf-8-sig").columns) == [field["name"] for field in resource["schema"]["fields"]]


def test_provenance_names_every_output(made: ReportResult, small: Home) -> None:
    """provenance.json holds the digest of every other file and of the manifest the report was made from."""
    record = json.loads((made.folder / "provenance.json").read_text(encoding="utf-8"))
    assert record["outputs"] == {p.relative_to(made.folder).as_posix(): sha256(p) for p in made.files if p.name != "provenance.json"}
    assert record["manifest"] == sha256(small.processed / "manifest.json") and record["is_synthetic"] is True


def test_the_same_data_gives_the_same_files(made: ReportResult, small: Home, tmp_path: Path) -> None:
    """A second report of the same data differs in nothing but the time it was made, and its README in the formats it lists."""
    again = report(small, formats=("html", "pdf", "xlsx"), out=tmp_path / "again")
    first, second = (json.loads((folder / "provenance.json").read_text(encoding="utf-8")) for folder in (made.folder, again.folder))
    of_first, of_second = (one["outputs"].items() - {("README.md", one["outputs"]["README.md"])} for one in (first, second))
    assert of_second <= of_first
    assert {**first, "created": 0, "outputs": 0} == {**second, "created": 0, "outputs": 0}


@pytest.mark.parametrize("count", [0, 12])
def test_little_data_gives_a_calm_report(tmp_path: Path, count: int) -> None:
    """No posts, or too few: a report in every format that says 样本不足 and gives no rate."""
    tables = smallworld.frames(60) if count else {name: records.empty(name) for name in records.TABLES}
    posts = tables["posts"].head(count)
    mine = {name: table[table["post_id"].isin(posts["post_id"])] for name, table in tables.items()}
    result = report(home(smallworld.write(tmp_path, mine)))
    assert result.headlines == [] and len([path for path in result.files if path.suffix in (".html", ".pdf", ".docx", ".xlsx")]) == 4
    text = (result.folder / "report.html").read_text(encoding="utf-8")
    # The scores on the codebook's own sentences and the national rate do not depend on the posts.
    scores = r'<table[^>]*id="tbl-(?:code_scores|rule_precision|national)".*?</table>'
    shown = re.sub(rf"<script.*?</script>|<nav.*?</nav>|怎样读数字.*?</p>|{scores}", "", text, flags=re.DOTALL)
    assert "样本不足" in shown and not re.findall(r">\d+\.\d%<", shown)


def test_bad_arguments_leave_the_old_report(made: ReportResult, small: Home) -> None:
    """Unknown formats, scopes and periods are one clear error each, and the report there stays as it was."""
    before = sha256(made.folder / "report.html")
    bad = (({"formats": ("odt",)}, "没有这种格式"), ({"formats": ()}, "没有这种格式"), ({"scope": "x"}, "scope"),
           ({"period": "x"}, "看不懂期间"))
    for given, words in bad:
        with pytest.raises(KamenError, match=words):
            report(small, **given)  # type: ignore[arg-type]
    assert sha256(made.folder / "report.html") == before


def test_real_data_carries_no_mark_and_tells_its_age(tmp_path: Path) -> None:
    """Data that is not synthetic is nowhere called 演示数据; captures more than five working days old raise the banner."""
    tables = smallworld.frames(80)
    tables["posts"]["is_synthetic"] = False
    result = report(home(smallworld.write(tmp_path, tables)), formats=("html",))
    assert "演示数据" not in (result.folder / "report.html").read_text(encoding="utf-8").replace("data-mark", "")
    assert "数据已旧" in (result.folder / "report.html").read_text(encoding="utf-8")
    readme = (result.folder / "README.md").read_text(encoding="utf-8")
    assert "report.html" in readme and not any(name in readme for name in ("report.pdf", "docx", "xlsx", "PNG", "right_to_reply"))
    assert not any("演示数据" in path.read_text(encoding="utf-8") for path in result.files if path.suffix in (".svg", ".json", ".md"))


def test_the_folder_explains_itself(made: ReportResult) -> None:
    """The README names every file and folder, and the data dictionary every column of every table."""
    readme = (made.folder / "README.md").read_text(encoding="utf-8").replace("\\", "")
    assert all(path.name in readme for path in made.folder.iterdir() if path.name != "README.md")
    with (made.folder / "data_dictionary.csv").open(encoding="utf-8-sig", newline="") as file:
        listed = {(row["表"], row["列"]) for row in csv.DictReader(file)}
    assert listed == {(name, column.name) for name, columns in records.TABLES.items() for column in columns}


def test_a_damaged_capture_is_no_zero(small: Home) -> None:
    """A damaged capture stands beside the withheld runs, under a title that names both; how many posts it held is not known, not nought."""
    gap = {"source": "board", "capture": "x.warc.gz", "posts": 0, "bytes": 512, "reason": "存档损坏", "since": None,
           "until": "2026-08-09T01:00:00+00:00"}
    data = load(small)
    shown = sources.tables(Measures(replace(data, manifest=data.manifest | {"gaps": [gap]}), "all"))
    table = next(table for table in shown if table.key == "withheld")
    assert "损坏的存档" in table.title and "未发布的抓取" in table.title and "无从知道" in table.note
    assert [column.write(table.rows()[0]) for column in table.columns][1:4] == ["最初", "2026-08-09", "—"]


def test_a_withheld_run_is_shown(small: Home) -> None:
    """A withheld run stands in the report with its source, its dates in Beijing time and why; without one there is no such row."""
    gap = {"source": "board", "capture": "x.warc.gz", "posts": 3, "reason": "只得 3 帖，少于下限 100",
           "since": "2026-08-01T20:00:00+00:00", "until": "2026-08-09T01:00:00+00:00"}
    data = load(small)
    with_gap = sources.tables(Measures(replace(data, manifest=data.manifest | {"gaps": [gap]}), "all"))
    shown = next(table for table in with_gap if table.key == "withheld").frame
    assert shown[["since", "until", "posts", "reason"]].to_numpy().tolist() == [["2026-08-02", "2026-08-09", 3, gap["reason"]]]
    assert next(table for table in sources.tables(Measures(data, "all")) if table.key == "withheld").frame.empty
