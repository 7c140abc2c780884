"""The glance before the gate's patterns: what it passes over has no match."""

from __future__ import annotations

import re
from re import _parser  # type: ignore[attr-defined]

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kamen_analysis.codebook import coding
from kamen_analysis.label import glance, text

PATTERNS = [group.regex for group in coding.gate().groups.values() if group.regex]
PIECES = ["公告", "说明", "指南", "几问", "为什么", "为何", "请问", "想", "咨询", "先生", "们", "某", "王", "充了", "花", "五十",
          "50", "元", "3月5日", "😀", "\n", "，"]
LINES = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)


@pytest.mark.parametrize(("pattern", "words"), [
    ("先生(?!们)|[赵钱]某", {"先生", "赵某", "钱某"}), ("[一-龥]{2}(?:公告|条)", {"公告", "条"}), (r"(?:好|坏)?\d", {""}),
    ("某(?<=王某)", {"王某"}), ("(?:退款){2,}", {"退款"}), ("(?:退款)*", {""}), ("ＡＢc", {""}),
])
def test_words_that_matches_need(pattern: str, words: set[str]) -> None:
    """The longest words that every match must have, the rarest of several; the empty word where some match has none."""
    assert glance.needed(_parser.parse(pattern)) == words


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(LINES, LINES), min_size=1, max_size=5))
def test_every_match_is_found(posts: list[tuple[str, str]]) -> None:
    """Each pattern of the gate is found in the posts it matches, and in those asked for only."""
    texts = text.fold([title for title, _ in posts], [body for _, body in posts])
    for pattern in PATTERNS:
        slow = [re.search(pattern, whole) is not None for whole in texts.strings]
        assert glance.found(texts, np.ones(len(posts), np.bool_), pattern).tolist() == slow
        assert not glance.found(texts, np.zeros(len(posts), np.bool_), pattern).any()
