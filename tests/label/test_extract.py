"""Extraction: amounts, payment path, evidence, channels and remedies, with spans into the text as given."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kamen_analysis.codebook import coding
from kamen_analysis.label._lexicon import Lexicon, expand
from kamen_analysis.label.extract import chinese_number, extract, worded

AMOUNTS = [
    ("花了五百块", "五百块", "500"), ("转了1.2k过去", "1.2k", "1200"), ("68+30都没到", "68+30", "98"), ("¥398的年卡", "¥398", "398"),
    ("花了一千二", "一千二", "1200"), ("充500话费", "500", "500"), ("两千多块没了", "两千多块", "2000"),
    ("付款１,２９９元", "１,２９９元", "1299"),
    ("一百零五元", "一百零五元", "105"), ("三块五的卡", "三块五", "3.5"), ("投了3万元", "3万元", "30000"),
    ("只退我110", "110", "110"), ("400蚊點數卡", "400蚊", "400"),
]
FACTS = [
    ("payment", "transfer", "他发个人收款码让我扫"), ("payment", "red_packet", "发了350的红包"),
    ("payment", "guarded", "用支付宝收银台付的"),
    ("payment", "coin", "让我转了100个usdt"), ("payment", "card", "拿京东卡抵给他"),
    ("evidence", "screenshot", "截图都在"), ("evidence", "chat", "我有聊天记录"), ("evidence", "recording", "录屏录了三遍"),
    ("channel", "hotline_12315", "打了12315"), ("channel", "heimao", "来黑猫投诉"), ("channel", "association", "找了消协"),
    ("channel", "police", "已经报警"),
    ("channel", "court", "去法院起诉了"), ("channel", "platform", "申请平台介入"),
    ("remedy", "refund", "要求全额退款"), ("remedy", "redeliver", "请尽快补发"),
    ("remedy", "compensate", "要求赔偿损失"), ("remedy", "explain", "希望给个解释"),
]


@pytest.mark.parametrize(("text", "span", "yuan"), AMOUNTS)
def test_extract_reads_amounts(text: str, span: str, yuan: str) -> None:
    """An amount is read in yuan however it is written, and its span is what the text says."""
    found = [fact for fact in extract(text) if fact.kind == "amount"]
    assert [(text[fact.start:fact.end], fact.value) for fact in found] == [(span, yuan)]


@pytest.mark.parametrize("text", ["4月12日等了72小时", "打12315没用", "问了七次", "买了两张", "工号31742"])
def test_extract_leaves_other_numbers(text: str) -> None:
    """Dates, hours, hotlines and counts are no money."""
    assert not [fact for fact in extract(text) if fact.kind == "amount"]


@pytest.mark.parametrize(("kind", "value", "text"), FACTS)
def test_extract_finds_facts(kind: str, value: str, text: str) -> None:
    """Each value of the codebook's kinds is found where it is told."""
    assert (kind, value) in {(fact.kind, fact.value) for fact in extract(text)}


@pytest.mark.parametrize("text", ["没有截图", "准备起诉", "再不退就报警", "没走私下转账"])
def test_extract_leaves_denied_and_planned(text: str) -> None:
    """Evidence not kept and channels not yet tried are left out."""
    assert not [fact for fact in extract(text) if fact.kind in coding.extraction().denied]


@settings(deadline=None)  # The first text waits for what is compiled.
@given(st.text(alphabet="我没退款元块500¥一千二百转账截图，。 12315k+", max_size=60))
def test_extract_spans_lie_in_the_text(text: str) -> None:
    """Whatever the text, every span lies in it, in order, and is not empty."""
    facts = extract(text)
    assert all(0 <= fact.start < fact.end <= len(text) for fact in facts)
    assert [fact.start for fact in facts] == sorted(fact.start for fact in facts)


@pytest.mark.parametrize(("text", "number"), [
    ("十五", 15), ("二十", 20), ("一百零五", 105), ("一千二", 1200), ("一万二", 12000), ("三千六百", 3600)])
def test_chinese_number(text: str, number: int) -> None:
    """Numbers in characters are read, a last digit one place down."""
    assert chinese_number(text) == number


def test_cues_read_braces_gaps_and_masks() -> None:
    """A cue's alternatives expand, its gap stays inside a clause, and a hit inside a masking word does not count."""
    assert expand("{没,未}退{款,}") == ["没退款", "没退", "未退款", "未退"]
    lexicon = Lexicon({"late": ["没…到账"], "code": ["码"], "code!": ["密码"]})
    assert lexicon.find("钱没给我到账").get("late") == [(1, 6, 0)]
    assert "late" not in lexicon.find("钱没给，已到账")
    assert lexicon.find("密码和码").get("code") == [(3, 4, 0)]


def test_many_texts_tell_what_each_tells_alone() -> None:
    """Texts read together, more than one walk takes, give the facts and places each gives when it is read by itself."""
    texts = ["微信付款，留了截图。已打12315", "", "没有截图；支付宝付的，要求退款", "找客服，客服叫我找平台，也报过警"] * 150
    alone = [[fact for fact in extract(text) if fact.kind != "amount"] for text in texts]
    assert [sorted(facts, key=lambda fact: (fact.start, fact.end, fact.kind)) for facts in worded(texts)] == alone
    assert any(alone)
