"""Outcome: how a complaint ended by its own account."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kamen_analysis.label.outcome import outcome
from kamen_analysis.records import OUTCOMES

OWN = [json.loads(line) for line in (Path(__file__).parent / "own_posts.jsonl").read_text(encoding="utf-8").splitlines()]

CASES = [
    ("resolved", "上周充的话费没到账，客服一直拖。更新：今天钱退回来了"),
    ("resolved", "一开始店家不退，投诉后原路退回了"),
    ("resolved", "码用不了，店家给我换了新的，能用了"),
    ("resolved", "以为跑路了，是误会，撤诉"),
    ("partial", "押金200，扣掉120，退回80"),
    ("partial", "买了100的卡，只退了一半"),
    ("partial", "年卡198，扣了手续费到账138.6"),
    ("unresolved", "要求退款，客服说不符合条件"),
    ("unresolved", "充了三天没到账"),
    ("unresolved", "客服说可以退一半，我不同意，到现在没退"),
    ("unresolved", "他说已经退了，可我至今没收到"),
    ("unresolved", "找平台，平台让我找卖家，卖家拉黑我"),
    ("unclear", "买的激活码用不了"),
    ("unclear", "刚提交退款申请，三天内到账，先记一笔"),
    ("unclear", "今天又扣了15块，麻烦查一下"),
    ("unclear", "耳机左边没声音了，还没联系商家，想问问怎么退"),
    ("unclear", "多扣了我两次，请把多收的60元退给我"),
    ("unclear", "多扣了我99，请退30"),
    ("resolved", "点的套餐取消了，五分钟钱就回来了"),
]


@pytest.mark.parametrize(("expected", "body"), CASES)
def test_outcome_reads_the_last_asserted_state(expected: str, body: str) -> None:
    """What was refused first and paid later is resolved, what was promised or feared has not happened."""
    assert outcome("", body, "complaint") == expected


def test_outcome_reads_the_refusals_found() -> None:
    """A refusal reason no settlement follows leaves a post unresolved; part of the money taken in the end is partial."""
    assert outcome("", "买的码，页面写着已用", "complaint") == "unclear"
    assert outcome("", "买的码，页面写着已用", "complaint", ["already_activated"]) == "unresolved"
    assert outcome("", "店里只肯赔三十，我收了", "complaint", ["partial_refund"]) == "partial"
    assert outcome("", "店里只肯赔三十，我没同意", "complaint", ["partial_refund"]) == "unresolved"


@pytest.mark.parametrize("post_type", ["article", "ad", "merchant", "question", "other"])
def test_outcome_of_what_is_no_complaint_is_unclear(post_type: str) -> None:
    """Only complaints have an outcome."""
    assert outcome("", "钱已经退回来了", post_type) == "unclear"


def test_outcome_on_own_posts() -> None:
    """On the posts coded for these tests the outcome is right in 90 of 100."""
    pairs = [(p["gold"]["outcome"], outcome(p["title"], p["body"], p["gold"]["post_type"])) for p in OWN]
    assert sum(gold == said for gold, said in pairs) / len(pairs) >= 0.90
    assert {said for _, said in pairs} == set(OUTCOMES)
