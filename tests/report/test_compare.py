"""Two reports side by side: why each headline moved."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import smallworld
from pypdf import PdfReader

from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, home
from kamen_analysis.report import runs, why
from kamen_analysis.report.build import report
from kamen_analysis.report.compare import compare
from kamen_analysis.report.period import key_before, parse
from kamen_analysis.report.record import read


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with the reports of two quarters."""
    where = home(smallworld.write(tmp_path_factory.mktemp("two"), smallworld.frames(600)))
    for period in ("2025-Q2", "2025-Q3"):
        report(where, period, formats=("html",))
    return where


def test_two_periods_are_compared(two: Home) -> None:
    """Every headline of both stands with its change and a reason; the page is offline, and each file is in the record."""
    done = compare(two, "2025-Q2", "2025-Q3")
    names = {path.name for path in done.folder.iterdir()}
    assert {"report.html", "report.pdf", "report.docx", "tables.xlsx", "tables", "provenance.json"} <= names
    assert len(done.lines) == 19 and all("；" in line and " → " in line for line in done.lines)
    text = (done.folder / "report.html").read_text(encoding="utf-8")
    assert "2025 年第 2 季度" in text and "演示数据" in text and not re.findall(r"(?:src|href)=\"(?!data:|#)[^\"]*\"", text)


def test_the_report_of_a_period_stands_beside_the_one_before(two: Home) -> None:
    """The third quarter's report holds the table against the second's; the second's, which has none before it, says so."""
    assert "与2025 年第 2 季度的报告相比" in (two.reports / "2025-Q3" / "report.html").read_text(encoding="utf-8")
    assert "没有可比的上一份报告" in (two.reports / "2025-Q2" / "report.html").read_text(encoding="utf-8")


def test_two_builds_tell_which_posts_changed_label(tmp_path: Path) -> None:
    """Of two working folders the posts whose label changed are listed with the rule that changed it."""
    tables = smallworld.frames(200)
    first = smallworld.write(tmp_path / "a", tables)
    labels = tables["labels"].copy()
    gone = labels.iloc[0]
    second = smallworld.write(tmp_path / "b", tables | {"labels": labels.iloc[1:].reset_index(drop=True)})
    done = compare(home(tmp_path), str(first), str(second), tmp_path / "out")
    listed = pd.read_csv(done.folder / "tables" / "drift.csv")
    assert listed["帖子"].tolist() == [gone["post_id"]] and listed["变化"].tolist() == ["消失"]
    steps = pd.read_csv(done.folder / "tables" / "steps.csv", dtype=str).set_index("头条数字")
    assert (steps.loc["计入的投诉"].drop("说明") == "0").all()
    moved = steps.filter(like="占比", axis=0)["规则改动（同文改编）"]
    assert (moved != "0").sum() <= 1
    assert "各步相加正好等于变动" in (done.folder / "report.html").read_text(encoding="utf-8")


def test_what_is_no_report_is_one_clear_error(two: Home) -> None:
    """A name that is neither a report nor a build is refused in one line."""
    with pytest.raises(KamenError, match="既不是报告文件夹"):
        compare(two, "2025-Q2", "2019-Q1")


def cell(group: str, n: int, k: int) -> dict[str, object]:
    """Return one cell of a make-up."""
    return {"group": group, "n": n, "codes": {"stalling": k}}


def test_a_share_moves_by_make_up_or_within_groups() -> None:
    """Kitagawa: same shares in groups of other sizes move by make-up alone, other shares in groups of the same size within alone."""
    old = [cell("a", 100, 50), cell("b", 100, 10)]
    within, across = why.kitagawa(old, [cell("a", 150, 75), cell("b", 50, 5)], "stalling")
    assert within == pytest.approx(0) and across == pytest.approx(0.1)
    within, across = why.kitagawa(old, [cell("a", 100, 60), cell("b", 100, 10)], "stalling")
    assert within == pytest.approx(0.05) and across == pytest.approx(0)
    assert why.kitagawa(old, [cell("c", 100, 60)], "stalling") == (None, None)


def test_late_and_fresh_complaints_are_told_apart() -> None:
    """Counts that grew in months the older report knew are late, those of later months new, those that shrank no longer counted."""
    old, new = {"months": {"2025-01": 10, "2025-02": 20}}, {"months": {"2025-01": 8, "2025-02": 25, "2025-03": 7, "2024-12": None}}
    assert why.arrivals(old, new) == (5, 7, 2)


def test_the_same_tables_are_not_compared_with_themselves(two: Home) -> None:
    """Making the same report again compares nothing; with other data it would say what moved."""
    now = json.loads((two.reports / "2025-Q2" / "figures.json").read_text(encoding="utf-8"))
    assert runs.tables(now, [now])["moves_run"].frame.empty
    assert len(runs.tables(now, [now | {"manifest": "other"}])["moves_run"].frame) == len(now["headlines"])


@pytest.mark.parametrize(("key", "before"), [
    ("2026", "2025"), ("2026-H1", "2025-H2"), ("2026-Q1", "2025-Q4"), ("2026-Q3", "2026-Q2"), ("2026-01", "2025-12"), (None, None)])
def test_the_period_before_has_its_folder(key: str | None, before: str | None) -> None:
    """The report of the period before is looked for under the name it was written with."""
    assert key_before(parse(key)) == before


def test_the_report_before_is_that_of_the_same_scope(two: Home) -> None:
    """With everything counted, too, a quarter's report stands beside that of the quarter before."""
    for period in ("2025-Q2", "2025-Q3"):
        done = report(two, period, formats=("xlsx",), scope="all")
    assert "与2025 年第 2 季度的报告相比" in (done.folder / "datapackage.json").read_text(encoding="utf-8")
    assert len(pd.read_csv(done.folder / "tables" / "moves_period.csv")) > 10


@pytest.mark.parametrize("content", ["{}", "[]", '{"key": "all"', '{"key": "all", "headlines": []}'])
def test_figures_that_are_none_are_one_clear_error(content: str, two: Home) -> None:
    """A figures.json that is damaged, or of a version that wrote less, is refused by name; a new report leaves it aside."""
    old = two.reports / "old"
    old.mkdir(exist_ok=True)
    (old / "figures.json").write_text(content, encoding="utf-8")
    with pytest.raises(KamenError, match="old/figures.json：文件损坏或是旧版"):
        compare(two, "old", "2025-Q3")
    assert read(old) is None


def test_a_folder_may_be_called_what_typst_acts_on(two: Home, tmp_path: Path) -> None:
    """The names of the two sides stand in the PDF as they are."""
    name = 'a#b_$c*"d'
    shutil.copytree(two.reports / "2025-Q2", tmp_path / name)
    told = json.loads((tmp_path / name / "figures.json").read_text(encoding="utf-8"))
    (tmp_path / name / "figures.json").write_text(json.dumps(told | {"key": name}, ensure_ascii=False), encoding="utf-8")
    done = compare(two, str(tmp_path / name), "2025-Q3", tmp_path / "out")
    assert name in PdfReader(done.folder / "report.pdf").pages[0].extract_text().replace("\n", "")
