"""The texts say what the truth says, differ from each other, and hold the personal data they are said to hold."""

from __future__ import annotations

import re
from random import Random

import pandas as pd
import pytest

from kamen_analysis import dedupe, redact
from kamen_analysis.world import draw, grammar, people
from kamen_analysis.world.written import Planted, Written, redacted


def test_every_tactic_has_a_million_tellings() -> None:
    """Every tactic can be told in far more than a million ways: the connecting, buying and problem phrases around it counted in."""
    story, goods = grammar.family("story.yaml"), grammar.family("goods.yaml")

    def ways(pool: list[grammar.Template]) -> int:
        return sum(grammar.choices(template) for template in pool)

    around = ways(story["bought"]) * ways(story["colours"]) * min(ways(g["problems"]) for g in goods.values() if len(g["problems"]) > 1)
    for code, told in grammar.family("tactics.yaml").items():
        assert ways(told["any"]) >= 40, code
        assert ways(told["any"]) * around > 10**6, code


def test_every_tactic_of_the_distributions_can_be_told(world: draw.World) -> None:
    """The codes in the distributions and in the phrases are the same thirteen."""
    assert set(grammar.family("tactics.yaml")) == {*world.spec.tactics.first, "private_transfer"}
    assert len(grammar.family("tactics.yaml")) == 13


def test_independent_posts_are_not_taken_for_copies(tables: dict[str, pd.DataFrame]) -> None:
    """The project's own duplicate search finds every planted copy and joins no two independent posts."""
    posts = tables["posts"]
    found = dedupe.duplicates(posts)
    assert (found["dup_group"] == posts["dup_group"]).all()
    assert (found["dup_kind"] == posts["dup_kind"]).all()
    assert (found["dup_size"] == posts["dup_size"]).all()


def test_personal_data_stands_where_it_is_said_to(world: draw.World) -> None:
    """Every planted value stands at its place in its post, and every kind is planted."""
    planted = world.personal
    assert set(planted["kind"]) == set(people.KINDS)
    for row in planted.itertuples():
        assert getattr(world.texts[row.row], row.field)[row.start : row.end] == row.value
    assert {"title", "body"} == set(planted["field"])


def test_truth_tables_hold_no_personal_data(world: draw.World, tables: dict[str, pd.DataFrame]) -> None:
    """No planted value is left in the text of the truth tables."""
    shown = world.posts.index[world.posts["shown"]]
    text = dict(zip(shown, tables["posts"]["title"] + "\n" + tables["posts"]["body"], strict=True))
    assert not [row.kind for row in world.personal.itertuples() if row.row in text and row.value in text[row.row]]


def test_spans_fit_the_redacted_text(tables: dict[str, pd.DataFrame]) -> None:
    """A label's span in the redacted text is the phrase that tells the tactic: it is never empty and never cuts a placeholder."""
    body = tables["posts"].set_index("post_id")["body"]
    for label in tables["labels"].itertuples():
        phrase = body[label.post_id][label.start : label.end]
        assert len(phrase) >= 8 and "[" not in phrase and not re.match(r"[，。！；\s]|.*[。！；]$", phrase)


def test_redaction_moves_spans_with_the_text() -> None:
    """A span behind a planted value moves by the difference in length, one before it stays."""
    spans = {"a": ("body", 0, 2), "b": ("body", 15, 17)}
    after = redacted(Written("标题", "甲乙 13800000000 丙丁", spans, (Planted("body", 3, 14, "PHONE", "13800000000"),)))
    assert after.body == "甲乙 [手机号] 丙丁"
    assert [after.body[s:e] for _, s, e in after.spans.values()] == ["甲乙", "丙丁"]


def test_placeholders_are_those_of_the_redactor() -> None:
    """The placeholder of every kind is the one the redactor puts in."""
    sentences = {"PHONE": "我的手机号是13812345678", "EMAIL": "邮箱：ab123@mail.example", "QQ": "我的QQ：87654321", "NAME": "姓名：王小敏",
                 "ORDER": "订单号20250102030405060708", "PAYURL": "付款页网址：wxp://f2f0abcdefghijklmnop1234"}
    places = people.read("people.yaml")["placeholders"]
    for kind, sentence in sentences.items():
        assert places[kind] in redact.redact(sentence).text, kind


@pytest.mark.parametrize("kind", ["IDCARD", "BANKCARD"])
def test_check_digits_are_right(kind: str) -> None:
    """Identity and card numbers carry right check digits by the standard's own weights, and one wrong digit breaks them."""
    def holds(number: str) -> bool:
        if kind == "IDCARD":
            weights = [2 ** (17 - k) % 11 for k in range(18)]
            return sum(w * (10 if c == "X" else int(c)) for w, c in zip(weights, number, strict=True)) % 11 == 1
        doubled = [sum(divmod(int(d) * (1 + k % 2), 10)) for k, d in enumerate(reversed(number))]
        return sum(doubled) % 10 == 0

    random = Random(5)
    for _ in range(200):
        number = people.KINDS[kind](random).replace(" ", "").upper()
        assert holds(number)
        assert not holds(str((int(number[0]) + 1) % 10) + number[1:])


def test_hostile_posts_are_there(world: draw.World) -> None:
    """Script, formula, direction marks, invisible characters, a very long line and emoji each stand in some post."""
    text = "\n".join(w.body for w in world.texts)
    for needle in ("<script>", "\n=cmd|", "\u202e", "\u200b", "退钱" * 5000, "😡", "]]>", "javascript:"):
        assert needle in text
    assert (world.posts["hostile"] != "").sum() == world.spec.hostile


def test_names_are_invented() -> None:
    """Every shop has its own name, and every domain ends with .example."""
    shops = draw.world(1, platforms=500, seed=2).platforms
    assert len(set(shops.names)) == 500
    assert all(domain.endswith(".example") for domain in shops.domains)
