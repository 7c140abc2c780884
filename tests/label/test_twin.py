"""The fast categoriser against its slow and plain twin: the same labels, spans and traces, whatever the posts and the batch."""

from __future__ import annotations

import csv
from typing import Any

import pytest
import twin.explain
import twin.posts
from hypothesis import given, settings
from hypothesis import strategies as st

from kamen_analysis.codebook import load
from kamen_analysis.codebook.loader import FOLDER
from kamen_analysis.label.explain import explain
from kamen_analysis.label.posts import label_post, label_posts
from kamen_analysis.world import draw

Post = dict[str, Any]
PIECES = [
    "客服说", "不能退", "已激活", "我", "他们", "听说", "要是", "没有", "拉黑", "加微信", "威信", "转账", "等三天",
    "是我搞错了", "店家让我", "“", "”", "：", "，", "。", "？？", "\n", " ", "  ", "...", "2.5", "..", "v信", "虛擬商品",
    "ＡＢ", "ΣΑΣ", "İ", "🙂", "\ud800", "\0", "买了会员", "花了50元", "退了30", "到账了", "一直", "拖", "怎么办", "请问",
    "您", "第一", "1、", "卡盟", "平台", "说是", "以平台规定为由", "拒绝退款", "昨天", "自动回复", "不理",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)
TARGETS = st.sampled_from([None, "卡盟", "平台会员", " "])
POSTS = st.fixed_dictionaries({"id": st.just("1"), "title": TEXTS, "body": TEXTS, "target": TARGETS})


def _sentences() -> list[str]:
    found = []
    for path in sorted((FOLDER / "sentences").glob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as lines:
            found += [row["text"] for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]
    return found + [text for rule in load().reasons.values() for text in (*rule.examples.is_, *rule.examples.is_not)]


def _same(posts: list[Post]) -> None:
    for post, fast, slow in zip(posts, label_posts(posts), twin.posts.label_posts(posts), strict=True):
        assert (fast.as_dict(), fast.gate_rule, fast.decided_by) == (slow.as_dict(), slow.gate_rule, slow.decided_by), post["id"]


def test_codebook_sentences() -> None:
    """Every sentence of the corpus and every example of the rules, alone and as the title and body of one post, is labelled alike."""
    texts = _sentences()
    _same([{"id": str(i), "title": "", "body": text} for i, text in enumerate(texts)])
    pairs = zip(texts[::9], texts[4::9], texts[7::9], strict=False)
    _same([{"id": str(i), "title": a, "body": f"{b}\n{c}", "target": "卡盟"} for i, (a, b, c) in enumerate(pairs)])


def test_world_posts() -> None:
    """Generated posts of every type, long ones among them, are labelled alike."""
    table = draw.tables(draw.world(posts=600))["posts"][["post_id", "title", "body", "target"]]
    _same(table.rename(columns={"post_id": "id"}).to_dict("records"))


@settings(max_examples=150, deadline=None)
@given(st.lists(POSTS, min_size=1, max_size=4))
def test_made_up_posts(posts: list[Post]) -> None:
    """Posts put together from words the rules look for, odd characters among them, are labelled alike, in a batch and alone."""
    _same(posts)
    assert [label_post(post) for post in posts] == label_posts(posts)


@pytest.mark.parametrize("step", range(3))
def test_traces(step: int) -> None:
    """The trace of `--explain` is the twin's word for word."""
    texts = _sentences()[step::60]
    for title, body in zip(texts, texts[1:], strict=False):
        post = {"id": "1", "title": title, "body": f"我在卡盟买的会员，{body}。{title}"}
        assert explain(post) == twin.explain.explain(post)
