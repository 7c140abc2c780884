"""How right the categoriser is, told by loops over sets: the tables of accuracy, rules, mistakes and drift are the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import slow
import slowcodes

from kamen_analysis import metrics
from kamen_analysis.metrics import accuracy as right
from kamen_analysis.metrics import diagnostics

CODES = sorted(metrics.reason_names())


def drawn(seed: int, items: int = 120, share: float = 0.15) -> pd.DataFrame:
    """Return item and code of invented texts; a text without any has one row without a code."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for item in range(items):
        codes = [code for code in CODES[:6] if rng.random() < share]
        rows += [{"item": f"t{item}", "code": code} for code in codes or [None]]
    return pd.DataFrame(rows)


def held(table: pd.DataFrame, twin: dict[str, tuple[int, int, int]]) -> None:
    """Hold human, machine, both and the three rates of each code against the twin's; each rate lies in its interval."""
    for row in table.to_dict("records"):
        counts = twin[row["code"]]
        assert (row["human"], row["machine"], row["both"]) == counts
        for name, rate in zip(("precision", "recall", "f1"), slowcodes.rates(*counts), strict=True):
            assert pd.isna(row[name]) if rate is None else row[name] == pytest.approx(rate)
            assert rate is None or row[f"{name}_low"] <= rate <= row[f"{name}_high"]


def test_code_scores_are_their_twin() -> None:
    """Human, machine and both of every code and of all together, over 120 texts of which the machine saw 20 nobody coded."""
    said, gold = drawn(1, 140).dropna(subset="code"), drawn(2)
    held(diagnostics.code_scores(said, gold), slowcodes.scores(slowcodes.sets(said), slowcodes.sets(gold), CODES))


def test_accuracy_is_its_twin(posts: pd.DataFrame, labels: pd.DataFrame) -> None:
    """The same on the posts of a sample that count; coded posts that do not count are left out."""
    sample = posts["post_id"].sample(400, random_state=3)
    coded = sample.to_frame().merge(labels[labels.index % 5 > 0][["post_id", "code"]].drop_duplicates(), how="left")
    counted = {post["post_id"] for post in slow.used(posts)}
    true = {item: codes for item, codes in slowcodes.sets(coded, "post_id").items() if item in counted}
    twin = slowcodes.scores(slow.codes_of(labels), true, CODES)
    held(right.accuracy(posts, labels, coded), twin)
    assert twin["all"][2] > 50


def test_rule_use_is_its_twin(posts: pd.DataFrame, labels: pd.DataFrame) -> None:
    """Posts, overlap and conflict of each rule, counted label by label, where there are thirty; fewer than five are withheld."""
    ruled = labels.drop_duplicates(["post_id", "code"]).reset_index(drop=True)
    ruled = ruled.assign(rule=ruled["code"] + np.where(ruled.index % 3 > 0, ".one", ".two"),
                         decided_by=np.where(ruled.index % 4 > 0, "vote", "rule"))
    twin = slowcodes.rule_use(posts, ruled)
    table = diagnostics.rule_use(posts, ruled)
    assert {(row.rule, row.code) for row in table.itertuples()} == set(twin)
    for row in table.to_dict("records"):
        n, overlap, conflict = twin[row["rule"], row["code"]]
        assert pd.isna(row["n"]) if n < 5 else row["n"] == n
        if n >= 30:
            assert (row["overlap"], row["conflict"]) == pytest.approx((overlap, conflict))


def test_rule_precision_is_its_twin() -> None:
    """Found, kept and right of each rule, text by text."""
    gold, hits = drawn(4), drawn(5).dropna(subset="code").reset_index(drop=True)
    hits = hits.assign(rule=hits["code"] + ".r", dropped=np.where(hits.index % 4 == 0, "否定", ""))
    twin = slowcodes.rules_right(hits, slowcodes.sets(gold))
    table = diagnostics.rule_precision(hits, gold)
    assert {row.rule: (row.found, row.n, row.right) for row in table.itertuples()} == twin


def test_mistakes_are_their_twin() -> None:
    """With room for all, every wrong and every missed code is listed once with its text."""
    said, gold = drawn(6).dropna(subset="code"), drawn(7)
    texts = {item: f"{item}的话" for item in gold["item"]}
    table = diagnostics.mistakes(said, gold, texts, most=1000)
    twin = slowcodes.mistaken(slowcodes.sets(said), slowcodes.sets(gold))
    assert {(row.text.removesuffix("的话"), row.code, row.kind) for row in table.itertuples()} == twin
    assert len(table) == len(twin)


def test_drift_is_its_twin() -> None:
    """Labels that came and went on posts of both builds, by sets."""
    before, after = (drawn(seed).dropna(subset="code").rename(columns={"item": "post_id"}).assign(rule="r.one", decided_by="rule")
                     for seed in (8, 9))
    posts = {f"t{i}" for i in range(0, 120, 2)}
    table = diagnostics.drift(before, after, pd.Series(sorted(posts)))
    assert {(row.post_id, row.code): row.change for row in table.itertuples()} == slowcodes.moved(before, after, posts)
