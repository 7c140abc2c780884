"""Comparison, sensitivity, what posts state, advice and right to reply."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import smallworld
from lxml import etree

import kamen_analysis.metrics as metrics
from kamen_analysis.data import load
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, home
from kamen_analysis.report import reply
from kamen_analysis.report.advice import advice, rules
from kamen_analysis.report.build import ReportResult, report
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.period import before, parse, select
from kamen_analysis.report.sections import beyond, comparison, courses, panel, signals, trend
from kamen_analysis.report.stated import facts, shares


@pytest.fixture(scope="module")
def measures(small: Home) -> Measures:
    """The measures of the small world."""
    return Measures(load(small), "virtual")


@pytest.mark.parametrize(("text", "start", "end"), [("2025-Q1", "2024-10-01", "2025-01-01"), ("2025", "2024-01-01", "2025-01-01"),
                                                    ("2025-03", "2025-02-01", "2025-03-01"), ("2025-H2", "2025-01-01", "2025-07-01")])
def test_the_period_before(text: str, start: str, end: str) -> None:
    """The period before is as long and ends where the period starts; everything has none."""
    earlier = before(parse(text))
    assert earlier is not None and (str(earlier.start)[:10], str(earlier.end)[:10]) == (start, end)
    assert before(parse(None)) is None


def test_a_period_is_compared_with_the_one_before(small: Home) -> None:
    """The comparison's shares are those of the two periods measured apart, and the verdict follows the interval."""
    data = load(small)
    now, earlier = parse("2025-Q3"), before(parse("2025-Q3"))
    assert earlier is not None
    table = comparison.tables(Measures(select(data, now), "virtual", ("上季", select(data, earlier))))[0].frame
    old = metrics.reasons(select(data, earlier).posts, data.labels).set_index("code")["share"]
    assert len(table) >= 5 and (table["before"] == table["code"].map(old)).all()
    assert (table["gap"] == table["share"] - table["before"]).all()
    assert ((table["verdict"] == "无法区分") == ((table["low"] <= 0) & (table["high"] >= 0))).all()


def test_the_sensitivity_panel_keeps_its_own_row(measures: Measures) -> None:
    """The first row is the report's own figure; each source left out and duplicates kept change the count."""
    shown = panel.tables(measures)[0].frame
    assert shown["n"].iloc[0] == len(measures.counted) and shown["share"].iloc[0] == measures.reasons["share"].iloc[0]
    assert shown["n"].iloc[1] > shown["n"].iloc[0] and sum(shown["variant"].str.startswith("去掉来源")) == 2


def test_signals_come_from_the_metrics(measures: Measures) -> None:
    """环比 and 同比 show what the metric could compare; a planted burst raises an alert; none of under five posts is listed."""
    shown = signals.tables(measures)[0].frame
    made = metrics.changes(measures.posts, measures.labels)
    assert len(shown) == made["value"].notna().sum() > 0
    data = load(measures.home)
    burst = data.posts[data.posts["is_used"] & data.posts["in_scope"] & data.posts["posted_at"].notna()].head(40).copy()
    burst["post_id"], burst["platform"] = burst["post_id"] + "-b", "爆发平台"
    burst["posted_at"] = pd.Timestamp("2025-07-02 10:00", tz="Asia/Shanghai")
    posts = pd.concat([data.posts, burst], ignore_index=True)
    bursting = type(data)(posts, data.events, data.labels, data.rejected, data.manifest, data.home)
    listed = signals.tables(Measures(bursting, "virtual"))[1].frame
    assert ("2025-W27", "爆发平台") in set(zip(listed["period_zh"], listed["platform"], strict=True)) and (listed["n"] >= 5).all()


def test_gaps_are_spans(small: Home) -> None:
    """Months in which a source was not captured come out as spans with their first and last month."""
    data = load(small)
    month = data.posts["posted_at"].dt.strftime("%Y-%m")
    hole = (data.posts["source"] == "board") & month.isin(["2025-03", "2025-04", "2025-06"])
    posts = data.posts[~hole]
    holed = type(data)(posts, data.events, data.labels, data.rejected, data.manifest, data.home)
    gaps = next(table for table in trend.tables(Measures(holed, "virtual")) if table.key == "gaps").frame.head(2)
    assert gaps[["first", "last", "months"]].to_numpy().tolist() == [["2025-03", "2025-04", 2], ["2025-06", "2025-06", 1]]


def test_what_posts_state_is_counted_once_a_post() -> None:
    """Payment, evidence and channel are read from the words, once a post each, at their place; a denied one is not counted."""
    used = pd.DataFrame({
        "post_id": ["a:1", "a:2", "a:3"], "title": ["标题"] * 3, "outcome": ["resolved", "unresolved", "unresolved"],
        "body": ["我保留了截图，截图都在，已经打了12315。", "他让我扫个人收款码，我报警了。", "当时没有截图。"]})
    found = facts(used)
    n = shares(found, 3).set_index(["kind", "value"])["n"]
    assert n["evidence", "screenshot"] == 1 and n["payment", "transfer"] == 1 and n["channel", "police"] == 1
    police = found.set_index("value").loc["police"]
    assert "报警" in f"标题。{used['body'][1]}"[police["start"]: police["start"] + 5]


def test_advice_needs_its_figure(measures: Measures) -> None:
    """Every recommendation printed names a figure whose lower limit reaches its rule; with no labels none about reasons is printed."""
    printed = advice(measures)
    assert printed and all("95% 区间" in item.figure for item in printed)
    lows = measures.reasons.set_index("code")["low"]
    due = {rule.text for rule in rules() if rule.measure.startswith("reason:") and lows[rule.measure[7:]] >= rule.at_least}
    assert {item.text for item in printed if item.table == "reasons"} == due
    data = load(measures.home)
    bare = Measures(type(data)(data.posts, data.events, data.labels.head(0), data.rejected, data.manifest, data.home), "virtual")
    assert not [item for item in advice(bare) if item.table == "reasons"]


def test_a_bad_rule_is_one_clear_error(tmp_path: Path) -> None:
    """A recommendation with an unknown key is refused with the file's name."""
    path = tmp_path / "advice.yaml"
    path.write_text('- {measure: "reason:stalling", from: 0.1, title: 甲, text: 乙, extra: 1}', encoding="utf-8")
    with pytest.raises(KamenError, match=r"advice\.yaml"):
        rules(path)


def test_every_named_platform_gets_a_sheet(made: ReportResult, measures: Measures) -> None:
    """There is a sheet for each platform with at least 30 complaints and for no other, with its figures, cases and the mark."""
    names = reply.named(measures)["platform"].tolist()
    folder = made.folder / "right_to_reply"
    assert {path.stem for path in folder.iterdir()} == {reply.file_name(name) for name in names} and names
    archive = zipfile.ZipFile(folder / f"{reply.file_name(names[0])}.docx")
    text = "".join(etree.fromstring(archive.read("word/document.xml")).itertext())
    assert names[0] in text and "请答复" in text and "n=" in text and "演示数据" in archive.read("word/header1.xml").decode()


def test_a_reply_is_printed_as_it_came(tmp_path: Path) -> None:
    """A reply is quoted in the next report, escaped and redacted; platforms that did not answer are named, a reply of none is told."""
    where = home(smallworld.write(tmp_path, smallworld.frames(200)))
    (tmp_path / "replies").mkdir()
    words = "我们已退款。\n\n<b>更正</b>：回复率有误，请打 13812345678 联系。"
    (tmp_path / "replies" / "平台01.txt").write_text(words, encoding="utf-8-sig")
    (tmp_path / "replies" / "没有这个平台.txt").write_text("无关", encoding="utf-8")
    text = (report(where, formats=("html",)).folder / "report.html").read_text(encoding="utf-8")
    assert "我们已退款。" in text and "&lt;b&gt;更正&lt;/b&gt;：回复率有误" in text and "尚未收到答复：" in text
    assert "13812345678" not in text
    assert "另有 1 份答复未刊登" in text and "无关</p>" not in text


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "甲 乙", "x" * 100, "=1"])
def test_a_platform_name_is_no_path(name: str) -> None:
    """Whatever a platform is called, its sheet stays one plain file name, and two names never share one."""
    safe = reply.file_name(name)
    assert Path(safe).name == safe and len(safe) <= 70 and not safe.startswith(".") and safe != reply.file_name(name + "!")


def test_every_number_in_the_summary_is_in_a_table(made: ReportResult) -> None:
    """Each percentage of the findings stands, as written, in some table of the report."""
    text = (made.folder / "report.html").read_text(encoding="utf-8")
    cells = set(re.findall(r">([\d.,]+%)<", text))
    said = {number for line in made.headlines for number in re.findall(r"(?<![\d.–])\d+\.\d%", line)}
    assert said and said <= cells


def test_the_readme_is_plain_and_headings_differ(made: ReportResult) -> None:
    """The folder's README holds no backslash; no two recommendations share a heading; provisions stand in the order of the reasons."""
    readme = (made.folder / "README.md").read_text(encoding="utf-8")
    assert "\\" not in readme and "right_to_reply/" in readme
    titles = [rule.title for rule in rules()]
    assert len(titles) == len(set(titles))
    page = (made.folder / "report.html").read_text(encoding="utf-8")
    codes = pd.read_csv(made.folder / "tables" / "reasons.csv")["拒退理由"]
    places = [page.index(f">{name}</h3>", page.index('id="law"')) for name in codes]
    assert places == sorted(places)


def test_the_finer_measures_are_the_metrics_own(measures: Measures) -> None:
    """Coverage, festivals, waits and contrasts stand in the report as the metrics give them, with no count of 1–4 among them."""
    shown = {table.key: table.frame for section in (beyond, courses) for table in section.tables(measures)}
    waits = metrics.waiting(measures.posts, measures.events)
    assert shown["waiting"]["value"].tolist() == waits["value"].tolist() and len(waits) == 2
    assert shown["coverage"]["captured"].sum() == len(measures.posts)
    assert len(shown["holidays"]) == len(metrics.holidays(measures.posts))
    assert set(shown["contrasts"]["verdict"]) <= {"高于其余", "低于其余", "平台之间有差异", "无法区分", "样本不足"}
    for frame in shown.values():
        assert "n" not in frame or not frame["n"].between(1, 4).any()


def test_a_stricter_gate_counts_no_more(measures: Measures) -> None:
    """The panel begins with the report's own count, and a stricter gate counts at most as many (rounded to 5)."""
    shown = panel.tables(measures)[1].frame
    assert shown["used"].iloc[0] == len(measures.counted) and shown["used"].iloc[1] <= shown["used"].iloc[0] + 2


def test_a_weekday_is_a_share_of_all_days(measures: Measures) -> None:
    """Where the numbers of two weekdays are withheld, the others are still shares of all dated complaints."""
    days = [("周一", 0, 60), ("周二", 1, 12), ("周三", 2, 4)]
    calendar = pd.DataFrame([{"weekday": day, "weekday_zh": name, "n": n} for name, day, n in days])
    one = Measures(load(measures.home), "virtual")
    vars(one)["calendar"] = calendar
    frame = {table.key: table for table in trend.tables(one)}["weekdays"].frame
    assert frame["n"].tolist() == [60, pd.NA, pd.NA] and frame["share"].iloc[0] == pytest.approx(60 / 76)
