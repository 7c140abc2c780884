"""The tables that tell how the categoriser works, on small cases counted by hand."""

from __future__ import annotations

import factory
import pandas as pd
import pytest

from kamen_analysis.metrics import diagnostics

GOLD = pd.DataFrame({"item": ["a", "b", "b", "c", "d"], "code": ["stalling", "stalling", "deny_fault", None, "deny_fault"]})
SAID = pd.DataFrame({"item": ["a", "b", "c", "d", "elsewhere"], "code": ["stalling", "stalling", "stalling", "unreachable", "stalling"]})


def test_scores_are_counted_by_code_and_together() -> None:
    """Precision, recall and F1 are the hand-made ones; a text nobody coded does not count; the last row is the micro-average."""
    table = diagnostics.code_scores(SAID, GOLD).set_index("code")
    assert table.loc["stalling", ["human", "machine", "both"]].tolist() == [2, 3, 2]
    assert table.loc["stalling", ["precision", "recall", "f1"]].tolist() == pytest.approx([2 / 3, 1.0, 0.8])
    assert table.loc["all", ["human", "machine", "both"]].tolist() == [4, 4, 2] and table.loc["all", "f1"] == 0.5
    assert ((table["f1_low"] <= table["f1"]) & (table["f1"] <= table["f1_high"]) | table["f1"].isna()).all()


def test_a_rule_is_right_where_people_say_so() -> None:
    """A rule's precision counts the texts it was kept on, not those its context put aside."""
    hits = pd.DataFrame({"item": ["a", "b", "c", "d", "a"], "code": "stalling", "rule": ["s.one"] * 4 + ["s.two"],
                         "dropped": ["", "", "", "否定", "假设"]})
    table = diagnostics.rule_precision(hits, GOLD).set_index("rule")
    assert table.loc["s.one", ["found", "dropped", "n", "right"]].tolist() == [4, 1, 3, 2]
    assert table.loc["s.one", "precision"] == pytest.approx(2 / 3) and pd.isna(table.loc["s.two", "precision"])


def test_mistakes_name_both_kinds() -> None:
    """Each wrong code stands once as 误判 and each missed one as 漏判, with what people and machine said."""
    texts = {"a": "一", "b": "二二", "c": "三", "d": "四四四四"}
    table = diagnostics.mistakes(SAID, GOLD, texts)
    assert set(zip(table["code"], table["kind"], table["text"], strict=True)) == {
        ("stalling", "误判", "三"), ("unreachable", "误判", "四四四四"), ("deny_fault", "漏判", "二二"), ("deny_fault", "漏判", "四四四四")}
    assert len(diagnostics.mistakes(SAID, GOLD, texts, most=1)) == 3


def test_coverage_overlap_and_conflict() -> None:
    """A rule's coverage is its share of the complaints counted; overlap and conflict are shares of its own posts."""
    posts = factory.posts(400)
    used = posts.loc[posts["is_used"] & posts["in_scope"], "post_id"].tolist()
    base = {"rule_version": "1", "field": "body", "start": 0, "end": 1, "score": 1.0}
    rows = [{"post_id": i, "code": "stalling", "rule": "s.one", "decided_by": "rule" if k < 10 else "vote", **base}
            for k, i in enumerate(used[:40])]
    rows += [{"post_id": i, "code": "deny_fault", "rule": "d.one", "decided_by": "vote", **base} for i in used[:20]]
    rows += [{"post_id": used[50], "code": "stalling", "rule": "human", "decided_by": "human", **base}]
    table = diagnostics.rule_use(posts, pd.DataFrame(rows)).set_index("rule")
    assert set(table.index) == {"s.one", "d.one"} and table.loc["s.one", "n"] == 40 and table.loc["s.one", "of"] == len(used)
    assert table.loc["s.one", ["overlap", "conflict"]].tolist() == [0.5, 0.25] and pd.isna(table.loc["d.one", "overlap"])


def test_drift_tells_which_labels_moved_and_why() -> None:
    """A label that came by a new rule, one gone with its rule, and one a person gave are told apart; unchanged ones are not listed."""
    columns = ["post_id", "code", "rule", "decided_by"]
    before = pd.DataFrame([("p:1", "stalling", "s.one", "rule"), ("p:2", "stalling", "s.old", "rule"),
                           ("p:3", "deny_fault", "d.one", "vote")], columns=columns)
    after = pd.DataFrame([("p:1", "stalling", "s.one", "rule"), ("p:2", "deny_fault", "d.new", "rule"),
                          ("p:4", "stalling", "s.one", "rule"), ("p:3", "unreachable", "human", "human")], columns=columns)
    table = diagnostics.drift(before, after, pd.Series(["p:1", "p:2", "p:3"]))
    assert set(zip(table["post_id"], table["code"], table["change"], table["why"], strict=True)) == {
        ("p:2", "stalling", "消失", "规则已删去"), ("p:2", "deny_fault", "新增", "新规则"), ("p:3", "unreachable", "新增", "人工编码"),
        ("p:3", "deny_fault", "消失", "规则已删去")}
