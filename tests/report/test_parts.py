"""Periods, tables, cases, quotations, findings and the legal table, each by itself."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import smallworld

from kamen_analysis.charts import numbers
from kamen_analysis.codebook import load as load_codebook
from kamen_analysis.data import load
from kamen_analysis.errors import KamenError, PublishRefused
from kamen_analysis.metrics.timeline import TERMINAL, are_followed
from kamen_analysis.paths import Home, home
from kamen_analysis.records import ZONE
from kamen_analysis.report import reply, tables
from kamen_analysis.report.benchmark import halves
from kamen_analysis.report.build import report
from kamen_analysis.report.cases import Cases
from kamen_analysis.report.excel import heads
from kamen_analysis.report.facts import facts, working_days
from kamen_analysis.report.findings import findings
from kamen_analysis.report.legal import MOST, applied, law
from kamen_analysis.report.marks import plain
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.pdf import checked
from kamen_analysis.report.period import parse, select
from kamen_analysis.report.quotes import quotes
from kamen_analysis.tabular.guard import guarded


@pytest.fixture(scope="module")
def measures(small: Home) -> Measures:
    """The measures of the small world."""
    return Measures(load(small), "virtual")


@pytest.mark.parametrize(("text", "start", "end", "name"), [
    ("2025", "2025-01-01", "2026-01-01", "2025 年"), ("2025-H2", "2025-07-01", "2026-01-01", "2025 年 下半年"),
    ("2025-Q3", "2025-07-01", "2025-10-01", "2025 年第 3 季度"), ("2025-12", "2025-12-01", "2026-01-01", "2025 年 12 月")])
def test_periods(text: str, start: str, end: str, name: str) -> None:
    """A period is the half-open span of posting time its name says, in Beijing time."""
    period = parse(text)
    assert (str(period.start)[:10], str(period.end)[:10], period.name_zh) == (start, end, name)
    assert period.start is not None and str(period.start.tz) == "Asia/Shanghai"


@pytest.mark.parametrize("text", ["2025-13", "25", "2025-Q5", "去年", "2025-1", ""])
def test_a_period_nobody_can_read_is_refused(text: str) -> None:
    """An unknown form of period is one clear error."""
    with pytest.raises(KamenError, match="看不懂期间"):
        parse(text)


def test_a_period_takes_its_posts_and_theirs(small: Home) -> None:
    """A dated period keeps the posts of its days with their events and labels, and no undated post."""
    data = load(small)
    chosen = select(data, parse("2025-Q2"))
    assert chosen.posts["posted_at"].dt.strftime("%Y-%m").isin(["2025-04", "2025-05", "2025-06"]).all() and len(chosen.posts) > 0
    assert set(chosen.labels["post_id"]) <= set(chosen.posts["post_id"]) and set(chosen.events["post_id"]) <= set(chosen.posts["post_id"])
    assert select(data, parse(None)) is data


def test_a_table_is_escaped_numbered_and_cut() -> None:
    """A pipe in a cell stays in its cell, the caption carries the number, rows past the limit are announced."""
    frame = pd.DataFrame({"name": ["a|b", "=1+1", "c"], "share": [0.5, float("nan"), 0.1], "low": 0.4, "high": 0.6})
    columns = (tables.Column("name", "名"), tables.Column("share", "比例", "share"), tables.Column("low", "区间", "share", high="high"))
    text = tables.markdown(tables.Table("t", "题", frame, columns, limit=2), "表 1", lambda wanted, count: None)
    assert r"| a\|b | 50\.0\% | 40\.0–60\.0 |" in text and ": 表 1 题 {#tbl-t" in text and "共 3 行" in text and "| c |" not in text


def test_an_empty_table_says_so() -> None:
    """A table without rows becomes a sentence, not an empty grid."""
    empty = tables.Table("t", "题", pd.DataFrame({"n": []}), (tables.Column("n", "数"),))
    assert "没有可列的数据" in tables.markdown(empty, "", lambda wanted, count: None)


def test_export_names_both_ends_of_an_interval() -> None:
    """In Excel and CSV an interval is two columns named after the share before it; other bounds are not called an interval."""
    columns = (tables.Column("share", "回复率", "share"), tables.Column("low", "95% 区间（%）", "share", high="high"),
               tables.Column("least", "敏感性上下限（%）", "share", high="most"))
    named = [(key, head) for _, key, head in heads(tables.Table("t", "题", pd.DataFrame(), columns))]
    assert named == [("share", "回复率"), ("low", "回复率 95% 下限"), ("high", "回复率 95% 上限"),
                     ("least", "敏感性下限"), ("most", "敏感性上限")]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+2", "@SUM(A1)", " =1", "\t=1"])
def test_formulas_are_guarded(text: str) -> None:
    """Text a spreadsheet would run as a formula is written so that it is words; other text is left alone."""
    assert guarded(text).startswith("'") and guarded("已激活=不退") == "已激活=不退"


def test_cases_are_the_posts_behind_the_number(measures: Measures) -> None:
    """The complaints a cell opens are as many as the cell says, for every reason and every goods of the reason."""
    cases = Cases(measures)
    for row in measures.reasons.itertuples():
        assert len(cases.select({"code": row.code})) == row.n
    grouped = measures.reasons_by_product.dropna(subset=["n"])
    assert all(len(cases.select({"code": r.code, "product": r.product})) == r.n for r in grouped.itertuples())
    assert cases.key({"platform": "没有这个平台"}) is None


def test_cases_carry_evidence_and_digest(measures: Measures) -> None:
    """An embedded case shows the deciding words at its offsets, and names its capture."""
    cases = Cases(measures)
    key = cases.key({"code": "stalling"})
    payload = cases.payload()
    for post_id in payload["cells"][key]["ids"]:
        case = payload["posts"][post_id]
        marked = {words: rule for words, rule in case["body"] if rule}
        assert smallworld.PHRASES["stalling"] in marked and "stalling" in [code for code, _, _ in case["rules"]]
        assert len(case["digest"]) == 64


def test_quotations_show_their_evidence(measures: Measures) -> None:
    """Each reason has one to three quotations of used posts, each marking the phrase that decided."""
    found = quotes(measures)
    assert set(found) == set(smallworld.PHRASES)
    for code, picked in found.items():
        assert 1 <= len(picked) <= 3 and all(f"[{smallworld.PHRASES[code]}]{{.mark}}" in quote.text for quote in picked)
        assert {quote.post_id for quote in picked} <= set(measures.whole.loc[measures.is_used, "id"])


def test_findings_are_ordered_by_evidence(measures: Measures) -> None:
    """At most five findings, clear before unclear, strong before weak, the leading reason among the first three; unclear says 无法区分."""
    found = findings(measures)
    assert 3 <= len(found) <= 5
    assert "reasons" in [f.table for f in found[:3]]
    others = [f for f in found if f.table != "reasons"]
    assert others == sorted(others, key=lambda f: (not f.is_clear, -f.strength))
    assert all("无法区分" in f.text for f in found if not f.is_clear) and all("n=" in f.text for f in found)


def test_a_platform_with_withheld_replies_counts(small: Home) -> None:
    """A platform whose few replies are withheld stays among the platforms compared, and under its verdict; the sentence says so."""
    measures = Measures(load(small), "virtual")
    frame = measures.platforms
    large = frame["note"] == ""
    measures.platforms = frame.assign(verdict=frame["verdict"].mask(large, "低于其余"), replied=frame["replied"].mask(frame.index == 0))
    text = next(f.text for f in findings(measures) if f.table == "platforms")
    assert f"{large.sum()} 个平台中" in text and f"低于其余的 {large.sum()} 个" in text and "其中 1 个件数过少，不列比例" in text


def test_no_reply_seen_is_no_finding_without_events(small: Home) -> None:
    """Where no source tells what came after the posting, nothing is said of replies or outcomes."""
    data = load(small)
    silent = type(data)(data.posts, data.events[data.events["kind"] == "posted"], data.labels, data.rejected, data.manifest, data.home)
    assert not {f.table for f in findings(Measures(silent, "virtual"))} & {"replies", "resolved", "clocks", "platforms"}


def test_a_status_alone_counts_as_a_record_of_what_came_after(small: Home) -> None:
    """The number of complaints with a status or a step is the base of the replies, also where all that a source gives is a status."""
    data = load(small)
    posts = data.posts.assign(status=data.posts["status"].mask(data.posts.index % 3 == 0))
    silent = data.events[data.events["kind"] == "posted"]
    for events in (data.events, silent):
        m = Measures(type(data)(posts, events, data.labels, data.rejected, data.manifest, data.home), "virtual")
        assert m.followed == m.replies["of"].iloc[0]
    assert 0 < m.followed == m.counted["status"].notna().sum() < len(m.counted)


def test_every_share_of_a_platform_is_printed_with_its_own_base(small: Home) -> None:
    """In the sheet for a platform, the table and the finding, replies and resolutions have the base they were computed from."""
    data = load(small)
    events = data.events[data.events["kind"] != "assigned"]
    m = Measures(type(data)(data.posts.assign(status=None), events, data.labels, data.rejected, data.manifest, data.home), "virtual")
    sheets, seen = reply.sheets(m, facts(data, m, "全部", pd.Timestamp.now(ZONE)), {}), 0
    for row in reply.named(m).to_dict("records"):
        known, timed = (m.filed[m.filed["platform"].eq(row["platform"]) & keep]
                        for keep in (are_followed(m.filed, m.events), m.durations(tuple(TERMINAL))["is_timed"]))
        assert len(timed) <= len(known) < row["n"]
        lines = {line.split("|")[1].strip(): line for line in sheets[row["platform"]].splitlines() if line.startswith("| ")}
        for name, of in (("已见公开回复", len(known)), ("30 日内消费者确认解决", len(timed))):
            assert next(line for key, line in lines.items() if key.startswith(name)).count(f"n\\={of}）") == 1
            seen += 1
    m.platforms = m.platforms.assign(verdict=m.platforms["verdict"].mask(m.platforms["replied"].notna(), "低于其余"))
    base = m.platforms.loc[m.platforms["verdict"] == "低于其余", "of_replied"].sum()
    assert seen >= 4 and f"n={numbers.count(base)}" in next(f.text for f in findings(m) if f.table == "platforms")


def test_what_the_fonts_lack_is_told_in_words() -> None:
    """An emoji becomes 〔表情〕 in every format, however many stand together; nothing else of the text changes."""
    assert plain("退款😡😡！ | 「卡密」 | ①　x❤️") == "退款〔表情〕！ | 「卡密」 | ① x〔表情〕"


def test_a_pdf_with_an_empty_box_is_refused() -> None:
    """A character the fonts lack that came past the words stops the PDF instead of being set as a box."""
    assert checked("退款！\n| 「卡密」 |") == "退款！\n| 「卡密」 |"
    with pytest.raises(PublishRefused, match="U\\+1F621"):
        checked("退款😡")


def test_every_reason_has_its_provisions() -> None:
    """The legal table covers every reason of the codebook with one to five provisions; what was not read is marked."""
    table = {code: [law().provisions[key] for key in keys] for code, keys in law().reasons.items()}
    assert set(table) == set(load_codebook().reasons)
    assert all(1 <= len(provisions) <= MOST for provisions in table.values())
    assert any(not p.is_verified for ps in table.values() for p in ps) and all(p.gist_zh for ps in table.values() for p in ps)


def test_provisions_follow_the_date_of_the_complaint() -> None:
    """The repealed rules are cited for complaints of their time only, the new ones from 2026-04-15 on, both where both bound some."""
    old, new = pd.Timestamp("2026-04-14"), pd.Timestamp("2026-04-15")
    for dates, articles in (([old], ["第十四条"]), ([new], ["第十五条"]), ([old, new], ["第十五条", "第十四条"]), ([], ["第十五条"])):
        found = applied(law(), {"stalling": pd.Series(dates, dtype="datetime64[us]")})["stalling"]
        assert len(found) <= MOST
        rules = [one for line in found for one in (line, line.former) if one and "投诉举报处理" in one.provision.law]
        assert [line.provision.article for line in rules] == articles
        assert all(bool(line.reach) == (line.n < line.of) for line in rules)


def test_the_national_rate_is_told_with_its_denominator() -> None:
    """The associations' rate is resolved out of accepted, and stands with date and source."""
    half = halves()[0]
    assert round(100 * half.rate, 2) == 80.79 and half.period == "2023 年上半年" and "中国消费者协会" in half.source


@pytest.mark.parametrize(("since", "now", "days"), [
    ("2026-09-30 23:00", "2026-10-08 09:00", 1), ("2026-11-16 08:00", "2026-11-23 08:00", 5), ("2026-11-16 08:00", "2026-11-16 20:00", 0)])
def test_working_days_follow_the_calendar(since: str, now: str, days: int) -> None:
    """National Day does not age a capture; ordinary weeks do."""
    assert working_days(pd.Timestamp(since, tz="Asia/Shanghai"), pd.Timestamp(now, tz="Asia/Shanghai")) == days


@pytest.mark.parametrize("column", ["body", "platform"])
def test_a_report_of_tables_with_personal_data_is_refused(column: str, tmp_path: Path) -> None:
    """Tables into which a phone number was brought after the build give no report: table, column and kind are told, the number is not."""
    frames = smallworld.frames(200)
    frames["posts"][column] = frames["posts"][column] + "我的电话13912345678。"
    here = home(smallworld.write(tmp_path, frames))
    with pytest.raises(PublishRefused, match=f"{column} 列：电话号码") as refused:
        report(here, formats=("html",))
    assert refused.value.exit_code == 3 and "13912345678" not in str(refused.value)
    assert "表 posts（data/processed/posts/00000.parquet）" in str(refused.value)
    assert not list(here.reports.glob("*/report.html"))


def test_a_complaint_of_two_platforms_opens_under_both(tmp_path: Path) -> None:
    """Words filed against two platforms are one complaint of the report, one of each platform's figures, and are opened by both."""
    tables = smallworld.frames(300)
    posts = tables["posts"].copy()
    first = posts.index[posts["is_used"] & posts["in_scope"] & (posts["platform"] == "平台01")][:20]
    more = posts.loc[first].assign(post_id="demo:9" + posts.loc[first, "post_id"].str[5:].str.zfill(4), platform="平台02", is_used=False,
                                   dup_kind="two_targets", dup_group=posts.loc[first, "post_id"])
    both = pd.concat([posts, more], ignore_index=True)
    where = home(smallworld.write(tmp_path, tables | {"posts": both}))
    m = Measures(load(where), "virtual")
    before = Measures(load(home(smallworld.write(tmp_path / "one", tables))), "virtual")
    n, was = (one.platforms.set_index("platform")["n"] for one in (m, before))
    assert len(m.counted) == len(before.counted)
    assert n["平台02"] == was["平台02"] + 20 and n["平台01"] == was["平台01"]
    assert len(Cases(m).select({"platform": "平台02"})) == n["平台02"]
