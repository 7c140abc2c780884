"""Counts, shares and amounts against their slow twins."""

from __future__ import annotations

from collections import Counter

import factory
import numpy as np
import pandas as pd
import pytest
import slow

from kamen_analysis import metrics, records
from kamen_analysis.errors import TableError


@pytest.mark.parametrize("freq", ["M", "W"])
def test_volume_counts_like_its_twin(posts: pd.DataFrame, freq: str) -> None:
    """Counts by month and ISO week and source are the twin's, and no post is lost but the undated."""
    table = metrics.volume(posts, freq)
    twin = slow.volume(posts, freq)
    got = {(row.source, row.period_zh): int(row.n) for row in table.itertuples() if not row.gap and row.n}
    assert got == dict(twin)
    assert table["n"].sum() + table.attrs["undated"] == len(metrics.used(posts))


@pytest.mark.parametrize("freq", ["M", "W"])
def test_volume_by_platform_keeps_small_counts(posts: pd.DataFrame, freq: str) -> None:
    """What shows by platform is the twin's; no 1–4 shows, nor can one be had from a platform's or a period's total."""
    table, name = metrics.volume(posts, freq, by="platform"), slow.month if freq == "M" else slow.week
    twin = Counter((post["platform"], name(post["posted_at"])) for post in slow.used(posts) if post["posted_at"] and post["platform"])
    own = pd.Series([twin[row.platform, row.period_zh] for row in table.itertuples()], table.index)
    assert own.sum() == sum(twin.values())
    shown = table["n"].notna()
    assert (table.loc[shown, "n"] == own[shown]).all() and not table.loc[shown, "n"].isin(range(1, 5)).any() and shown.mean() > 0.03
    assert (table.loc[~shown, "note"] == "<5").all() and (table.loc[shown, "note"] != "<5").all()
    for line in ("platform", "period_zh"):
        open_cells = (shown & (own > 0)).groupby(table[line]).any()
        hidden = own[~shown].groupby(table[line]).agg(["sum", "size"])
        hidden = hidden[open_cells[hidden.index]]
        assert len(hidden) and (hidden["sum"] >= 5).all() and (hidden["size"] >= 2).all()


def test_sizes_of_tiny_platforms_are_withheld() -> None:
    """A platform of four posts has no denominator in any row of reasons by platform, one of five has; shares of the large stay."""
    sizes = {"甲": 60, "小": 4, "五": 5}
    posts = records.frame("posts", [factory.post(0, platform=name) for name, count in sizes.items() for _ in range(count)])
    posts["post_id"] = [f"demo:{i}" for i in range(len(posts))]
    table = metrics.reasons(posts, factory.labels(posts), by="platform").set_index("platform")
    assert table.loc["小", "of"].isna().all() and not table.loc["小", "n"].fillna(0).any()
    assert set(table.loc["五", "of"]) == {5} and set(table.loc["甲", "of"]) == {60}
    assert table.loc["甲", "share"].notna().any()


def test_volume_marks_incomplete_ends(posts: pd.DataFrame) -> None:
    """The first month (captures begin on the 6th) and the last are incomplete, those between complete."""
    table = metrics.volume(posts, by=None)
    assert table["complete"].tolist() == [False] + [True] * (len(table) - 2) + [False]
    early = metrics.volume(posts, by=None, as_of=table["period"].iloc[3])
    assert not early["complete"].iloc[3:].any()


def test_a_month_without_captures_is_a_gap_not_zero(posts: pd.DataFrame) -> None:
    """Where nothing of a source was captured n is missing and the note says so; where only others' ads were, n is a true 0."""
    month = posts["posted_at"].dt.strftime("%Y-%m")
    holed = posts[~((month == "2025-04") & (posts["source"] == "demo"))]
    table = metrics.volume(holed).set_index(["source", "period_zh"])
    assert table.loc[("demo", "2025-04"), "gap"]
    assert pd.isna(table.loc[("demo", "2025-04"), "n"])
    assert table.loc[("demo", "2025-04"), "note"].startswith("缺口")
    assert not table.loc[("board", "2025-04"), "gap"]
    unused = posts.assign(is_used=posts["is_used"] & ~((month == "2025-04") & (posts["source"] == "demo")))
    assert metrics.volume(unused).set_index(["source", "period_zh"]).loc[("demo", "2025-04"), "n"] == 0


def test_a_late_source_is_a_gap_before_it_starts(posts: pd.DataFrame) -> None:
    """A source captured only from May on has gaps, not zeros, before."""
    late = posts[(posts["source"] == "board") | (posts["posted_at"] >= pd.Timestamp("2025-05-01", tz=records.ZONE))]
    table = metrics.volume(late)
    assert table.loc[(table["source"] == "demo") & (table["period_zh"] < "2025-05"), "gap"].all()


def test_a_small_source_is_a_gap_before_it_starts_and_unsure_within() -> None:
    """Two posts a month from May on, none in July: before May a gap, in July a zero that says it cannot be told from one."""
    months = {"demo": range(1, 10), "small": (5, 6, 8, 9)}
    rows = [factory.post(0, post_id=f"{source}:{month}-{day}", source=source, posted_at=pd.Timestamp(2025, month, day, tz=records.ZONE))
            for source, own in months.items() for month in own for day in (3, 20)]
    table = metrics.volume(records.frame("posts", rows)).set_index(["source", "period_zh"]).loc["small"]
    assert table["gap"].tolist() == [True] * 4 + [False] * 5
    assert table.loc["2025-07", "n"] == 0
    assert "难分" in table.loc["2025-07", "note"]


@pytest.mark.parametrize("by", [None, "month", "product", "platform"])
def test_reasons_count_like_their_twin(posts: pd.DataFrame, labels: pd.DataFrame, by: str | None) -> None:
    """n, of and the Wilson interval are the twin's in every cell that is shown; a cell not shown holds 1 to 4 or covers one that does."""
    table = metrics.reasons(posts, labels, by=by)
    n, of = slow.reasons(posts, labels, by)
    group = {"month": "month_zh"}.get(by or "", by)
    for row in table.to_dict("records"):
        key = row[group] if group else None
        assert row["of"] == of[key] if pd.notna(row["of"]) else by == "platform" and 0 < of[key] < 5
        if pd.notna(row["n"]):
            assert row["n"] == n[key, row["code"]]
            assert row["n"] == 0 or by is None or row["n"] >= 5
        if pd.notna(row["share"]):
            assert row["share"] == pytest.approx(n[key, row["code"]] / of[key])
            assert (row["low"], row["high"]) == pytest.approx(slow.wilson(n[key, row["code"]], of[key]), abs=1e-9)
    shown = {(row[group] if group else None, row["code"]) for row in table.to_dict("records")}
    assert shown >= set(n)


def test_reasons_are_the_codebook(posts: pd.DataFrame, labels: pd.DataFrame) -> None:
    """Every reason of the codebook has a row even when nobody met it, and its Chinese name."""
    table = metrics.reasons(posts, labels[labels["code"] == "stalling"])
    assert set(table["code"]) == set(metrics.reason_names())
    assert dict(zip(table["code"], table["name_zh"], strict=True)) == metrics.reason_names()
    assert (table["n"] > 0).sum() == 1


def test_a_hidden_cell_cannot_be_had_by_subtraction(posts: pd.DataFrame, labels: pd.DataFrame) -> None:
    """Over the groups of one reason no single cell is hidden alone, and what is hidden adds to at least five where it can."""
    by_platform, whole = metrics.reasons(posts, labels, by="platform"), slow.reasons(posts, labels, "platform")[0]
    assert by_platform["n"].isna().any()
    for code, cells in by_platform.groupby("code"):
        hidden = cells[cells["n"].isna()]
        assert (hidden["note"] == "<5").all()
        assert hidden[["share", "low", "high"]].isna().all(axis=None)
        if len(hidden) and (cells["n"].fillna(0) > 0).any():
            assert len(hidden) >= 2
            assert sum(whole[name, code] for name in hidden["platform"]) >= 5


def test_cooccurrence_counts_like_its_twin(posts: pd.DataFrame, labels: pd.DataFrame) -> None:
    """Pairs shown have the twin's n, the first reason's n below, and the lift of independent chances."""
    table, twin, total = metrics.cooccurrence(posts, labels), slow.pairs(posts, labels), len(slow.used(posts))
    for row in table.to_dict("records"):
        a, b = row["code_a"], row["code_b"]
        assert row["of"] == twin[a, a]
        assert pd.isna(row["n"]) or row["n"] == twin[a, b]
        assert pd.isna(row["lift"]) or row["lift"] == pytest.approx(twin[a, b] * total / (twin[a, a] * twin[b, b]))
    assert len(table) == 13 * 12


def test_tactic_order_counts_like_its_twin(posts: pd.DataFrame, labels: pd.DataFrame) -> None:
    """Who comes first in the body is the twin's, and both orders of a pair are shown or neither."""
    table, (n, of) = metrics.tactic_order(posts, labels), slow.order(posts, labels)
    hidden = set()
    for row in table.to_dict("records"):
        pair = row["code_a"], row["code_b"]
        assert row["of"] == of[pair]
        assert pd.isna(row["n"]) or row["n"] == n[pair]
        hidden |= {pair} if pd.isna(row["n"]) else set()
    assert all((b, a) in hidden or n[b, a] == 0 for a, b in hidden)


def test_self_reported_and_products_count_every_post_once(posts: pd.DataFrame) -> None:
    """Outcomes and goods each add to all used posts."""
    total = len(slow.used(posts))
    assert metrics.self_reported(posts)["n"].sum() == total
    assert metrics.products(posts)["n"].sum() == total


def test_amounts_like_their_twin(posts: pd.DataFrame) -> None:
    """Known, unknown, total and median are the twin's; the interval holds the median."""
    row = metrics.amounts(posts).iloc[0]
    known = [post["amount_yuan"] for post in slow.used(posts) if post["amount_yuan"] is not None]
    assert (row["n"], row["n"] + row["unknown"]) == (len(known), len(slow.used(posts)))
    assert row["total"] == pytest.approx(sum(known))
    assert row["median"] == pytest.approx(slow.median(known))
    assert row["low"] <= row["median"] <= row["high"]
    assert row["q1"] < row["median"] < row["q3"]


def test_amounts_by_group_add_up(posts: pd.DataFrame) -> None:
    """The sources' totals add to the whole; none is withheld, as no count is small."""
    table = metrics.amounts(posts, by="source")
    assert table["total"].notna().all()
    assert table["total"].sum() == pytest.approx(metrics.amounts(posts)["total"].iloc[0])


def test_amounts_by_group_withhold_small_counts() -> None:
    """Three of 乙 state no amount: they cannot be had from what 乙, the other platforms or the whole show; of 丁 nothing is shown."""
    stated = {"甲": (40, 20), "乙": (50, 3), "丙": (6, 8), "丁": (1, 2)}
    rows = [{"platform": name, "amount_yuan": 10.0 if i < known else None}
            for name, (known, unknown) in stated.items() for i in range(known + unknown)]
    posts = records.frame("posts", [factory.post(i, **row) for i, row in enumerate(rows)])
    table = metrics.amounts(posts, by="platform").set_index("platform")
    counts = table[["n", "unknown", "of"]]
    assert not counts.isin([1, 2, 3, 4]).any(axis=None)
    assert counts.loc["丁"].isna().all() and pd.isna(table.loc["丁", "total"]) and table.loc["丁", "note"] == "<5"
    # A row has one relation (n + unknown = of) and a column one (its sum): what is hidden is hidden at least twice in each.
    assert not counts.isna().sum(axis=1).eq(1).any() and not counts.isna().sum().eq(1).any()
    assert counts.loc["甲"].tolist() == [40, 20, 60]
    assert metrics.amounts(posts)[["n", "unknown", "of"]].to_numpy().tolist() == [[97, 33, 130]]


def test_statuses_and_fill_count_every_post(posts: pd.DataFrame) -> None:
    """Statuses and the per-source facts cover all posts, used or not, missing as missing, however the column is held."""
    holed = posts.assign(status=posts["status"].where(np.arange(len(posts)) % 3 > 0))
    assert metrics.statuses(holed)["n"].sum() == len(posts)
    assert "（未注明）" in set(metrics.statuses(holed)["status"])
    pd.testing.assert_frame_equal(metrics.statuses(holed.astype({"status": "category"})), metrics.statuses(holed))
    facts = metrics.fill(holed).set_index("source")
    for source in ("demo", "board"):
        own = [post for post in slow.rows(holed) if post["source"] == source]
        assert facts.loc[source, "n"] == len(own)
        assert facts.loc[source, "undated"] == sum(post["posted_at"] is None for post in own)
        assert facts.loc[source, "no_status"] == sum(post["status"] is None for post in own)
        assert facts.loc[source, "amount_total"] == pytest.approx(sum(post["amount_yuan"] or 0 for post in own))
    assert metrics.fill(holed.assign(amount_yuan=np.nan))["amount_total"].isna().all()


def test_funnel_refuses_what_does_not_balance() -> None:
    """Each stage lists what passed and why the rest did not; a stage with a lost row is refused."""
    stage = {"stage": "gate", "in": 10, "out": 6, "rejected": {"ad": 3, "article": 1}}
    table = metrics.funnel({"stages": [stage]})
    assert table["n"].tolist() == [6, 3, 1]
    assert table["reason_zh"].tolist()[1] == "不是投诉：广告"
    assert metrics.funnel({"stages": [stage], "is_synthetic": True}).attrs["is_synthetic"] is True
    with pytest.raises(TableError):
        metrics.funnel({"stages": [{**stage, "out": 7}]})
