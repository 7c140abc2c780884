"""Columns of users' tables: guessed from known headers, shown in words, overridden by a mapping file."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import onepost
import pytest

from kamen_analysis import sources
from kamen_analysis.captures.page import Page
from kamen_analysis.errors import KamenError
from kamen_analysis.sources import base, columns, table

TABLE = sources.registry()["table"]
MAPPING = """
columns: {id: 流水, title: 事由, body: [经过, 说明], posted: 何时, status: 结果}
times: {closed: 结案日}
ignored: [报案人]
statuses: {已退款: closed, 不予立案: null}
"""
OWN = "流水,事由,经过,何时,结果,结案日,报案人\nAB-2025-0001,演示数据事由,演示数据经过,2025-10-01,已退款,2025-10-09 10:00:00,某\n"


def page(text: str, name: str = "t.csv", encoding: str = "utf-8") -> Page:
    """A table as a page."""
    body = text.encode(encoding)
    return Page(f"file:///{name}", datetime(2025, 11, 1, tzinfo=UTC), 200, "", body, "table/x", 0, hashlib.sha256(body).hexdigest())


@pytest.mark.parametrize(("header", "key"), [
    ("编号,标题,投诉对象,投诉要求,涉诉金额,投诉进度,发布时间,正文", "heimao_export"),
    ("sn,title,cotitle,summary,timestamp,status,cost", "heimao_api"), ("id,title,body,target", "generic"),
    ("登记编号,登记时间,被投诉人,投诉内容,办理结果,投诉人电话", "orders_12315"), ("标题,内容,时间", "generic"),
])
def test_known_headers_are_recognised(header: str, key: str) -> None:
    """Each known header gets the mapping written for it."""
    assert columns.guess(header.split(",")).mapping.key == key


@pytest.mark.parametrize("mapping", columns.known(), ids=lambda mapping: mapping.key)
def test_every_mapping_recognises_its_own_headers(mapping: columns.Mapping) -> None:
    """A table with the first name of each column of a mapping is guessed as that mapping, with every column used."""
    first = [names[0] for names in (*mapping.columns.values(), *mapping.times.values())]
    found = columns.guess(first)
    assert (found.mapping.key, found.unused, {*found.fields, *found.times}) == (mapping.key, (), {*first})


def test_headers_are_read_past_width_case_blanks_and_units() -> None:
    """Full width letters, capitals, blanks, colons and units in a header do not hide it."""
    found = columns.guess(["ＩＤ", " Title ", "正文：", "金额（元）"])
    assert found.fields == {"ＩＤ": "id", " Title ": "title", "正文：": "body", "金额（元）": "amount"}


def test_the_layout_is_told_in_words(tmp_path: Path) -> None:
    """What is shown names each column's reading, what is left out on purpose, what is not known and what the table lacks."""
    path = tmp_path / "a.csv"
    path.write_text("编号,标题,正文,昵称,备注\n1,演示数据,演示数据,某,无\n", encoding="utf-8")
    shown = table.layout_of(path).describe()
    assert "标题 → 标题" in shown and "正文 → 正文" in shown
    assert "按约定不取：昵称" in shown and "不认识、未取：备注" in shown
    assert "表中没有：投诉对象、投诉要求、涉诉金额、发布时间、状态" in shown


def test_a_users_mapping_takes_the_place_of_the_guess() -> None:
    """With a mapping file the columns, the times and the statuses mean what the user says."""
    mapping = columns.of_page(replace(page(MAPPING), url="mapping:///m.yaml"))
    result = base.read_page(TABLE, page(OWN), mapping)
    cleaned = onepost.cleaned(result.posts[0], page(OWN), TABLE)
    assert (cleaned.post["post_id"], cleaned.post["title"], cleaned.post["status"]) == ("table:AB-2025-0001", "演示数据事由", "已退款")
    assert [(e["kind"], e["at"] is not None) for e in cleaned.events] == [("posted", True), ("closed", True)]
    assert not result.warnings.counts
    assert (base.read_page(TABLE, page(OWN)).unreadable or ("",))[0] == "unknown_columns"


@pytest.mark.parametrize(("text", "said"), [
    ("columns: {titel: 标题}", "不认识 titel"), ("columns: {title: 标题}\nextra: 1", "extra"), ("columns: [", "第"),
    ("columns: {title: 标题}\nstatuses: {完: done}", "不认识 done"), ("columns: {title: 标题}\ntimes: {soon: 某}", "不认识 soon"),
    ("title: 标题", "columns"), ("[]", "m.yaml"),
])
def test_a_wrong_mapping_is_one_clear_line(text: str, said: str) -> None:
    """A mapping file that cannot be meant is refused with its name and what is wrong, in one line."""
    with pytest.raises(KamenError) as refused:
        columns.load(text, "m.yaml")
    assert said in str(refused.value) and "m.yaml" in str(refused.value) and "\n" not in str(refused.value)


def _ids(text: str) -> list[str]:
    return [str(raw["id"]) for raw in base.read_page(TABLE, page(text)).posts]


def test_a_row_without_a_number_keeps_its_id_when_other_columns_change() -> None:
    """The id comes from the words: a later status or another row order leaves it, twins are told apart, other words change it."""
    one, two = "演示一,正文一", "演示二,正文二"
    first = _ids(f"标题,正文,状态\n{one},处理中\n{two},\n{one},\n")
    again = _ids(f"标题,正文,状态\n{two},已回复\n{one},已完成\n{one},\n")
    assert len(set(first)) == 3 and sorted(first) == sorted(again)
    assert _ids("标题,正文\n演示一,正文三\n")[0] not in first


def test_short_numbers_of_two_files_do_not_meet() -> None:
    """Row 1 of one file is not row 1 of another, and a number that Excel rounded names nothing."""
    a, b = _ids("编号,标题\n1,演示甲\n"), _ids("编号,标题\n1,演示乙\n")
    assert a != b and a[0].startswith("1-")
    rounded = base.read_page(TABLE, page("编号,标题\n1.73511E+10,演示甲\n1.73511E+10,演示乙\n"))
    assert len({str(raw["id"]) for raw in rounded.posts}) == 2 and ("damaged_id", "编号") in rounded.warnings.counts


@pytest.mark.parametrize("number", ["13912345678", "8613912345678", "11010519491231002X", "6222022792820102762"])
def test_a_number_of_a_person_never_becomes_a_posts_number(number: str) -> None:
    """A phone, ID or card number in the column of numbers is replaced by one made from the text; the number itself is no part of it."""
    with_it, without = _ids(f"编号,标题\n{number},演示甲\n"), _ids("编号,标题\n,演示甲\n")
    assert with_it == without and number not in with_it[0]
    assert _ids("编号,标题\n17351050542,演示甲\n") == ["17351050542"]
    assert _ids(f"编号,标题,网址\n{number},演示甲,https://tousu.example/c/{number}\n") == [number]


def test_a_bad_row_is_one_reject_and_the_rest_is_read() -> None:
    """A CSV row with a cell too many and a JSONL line cut short are each one rejected row, named by line; the others are posts."""
    ragged = base.read_page(TABLE, page("标题,正文\n演示一,甲\n演示二,乙,多出一格\n演示三,丙\n"))
    cut = base.read_page(TABLE, page('{"title": "演示一"}\n{"title": "演\n[1]\n{"title": "演示二"}\n', "t.jsonl"))
    assert [len(found.posts) for found in (ragged, cut)] == [2, 2] and ragged.unreadable is cut.unreadable is None
    assert [reason for reason, _ in (*ragged.rejected, *cut.rejected)] == ["damaged_row"] * 3
    assert "第 3 行" in ragged.rejected[0][1] and "第 2 行" in cut.rejected[0][1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_every_encoding_gives_the_same_rows(encoding: str) -> None:
    """UTF-8 with and without BOM, GBK, GB18030 and UTF-16 read alike, with title rows above the header."""
    text = "某平台导出,,\n导出时间,2025-10-01,\n标题,正文,投诉对象\n演示数据,演示正文,示例卡盟\n"
    posts = base.read_page(TABLE, page(text, encoding=encoding)).posts
    assert [(p["title"], p["body"], p["target"]) for p in posts] == [("演示数据", "演示正文", "示例卡盟")]
