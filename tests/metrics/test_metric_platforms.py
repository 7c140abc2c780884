"""Platforms: rates against twins, verdicts on planted differences, nothing told about the small."""

from __future__ import annotations

import factory
import numpy as np
import pandas as pd
import pytest
import slow

from kamen_analysis import metrics, records


def planted(shares: dict[str, tuple[int, int]]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return posts, labels and events of platforms with the given (replied, posts)."""
    posts, events, number = [], [], 0
    for name, (replied, count) in shares.items():
        for i in range(count):
            posts.append(factory.post(number, platform=name))
            if i < replied:
                events.append({"post_id": f"demo:{number}", "kind": "merchant_replied", "at": factory.START + pd.Timedelta(days=2),
                               "seen_by": None, "actor": "merchant"})
            number += 1
    return records.frame("posts", posts), records.empty("labels"), records.frame("events", events)


def test_platform_rates_are_their_twins(posts: pd.DataFrame, labels: pd.DataFrame, events: pd.DataFrame) -> None:
    """Counts, replied share, transfers and day-30 confirmation of each platform with thirty posts are the twin's."""
    replied, codes = slow.has_event(events, ["merchant_replied"]), slow.codes_of(labels)
    for row in metrics.platforms(posts, labels, events).to_dict("records"):
        own = [post for post in slow.used(posts) if post["platform"] == row["platform"]]
        assert pd.isna(row["n"]) or row["n"] == len(own)
        if len(own) < 30:
            assert row["note"] in ("样本不足", "<5")
            assert all(pd.isna(row[key]) for key in ("replied", "resolved_30", "transfer", "top_reason", "rank_low"))
            continue
        assert row["replied"] == pytest.approx(sum(post["post_id"] in replied for post in own) / len(own))
        moved = sum("private_transfer" in codes[post["post_id"]] for post in own)
        assert (pd.isna(row["transfer"]) and moved < 5) or row["transfer"] == pytest.approx(moved / len(own))
        part = posts[posts["platform"] == row["platform"]]
        spells = slow.spells(part, events, list(slow.ENDS))
        if len(spells) >= 30:
            few = sum(kind == "consumer_confirmed" and time <= 30 for time, kind in spells) in range(1, 5)
            assert (pd.isna(row["resolved_30"]) and few) or row["resolved_30"] == pytest.approx(
                slow.incidence(spells, "consumer_confirmed", 30))
            assert not few or pd.isna(row["resolved_30_low"])
        most = max(sum(code in codes[post["post_id"]] for post in own) for code in metrics.reason_names())
        assert row["top_reason_share"] == pytest.approx(most / len(own))


def test_verdicts_find_the_planted_and_only_those() -> None:
    """Of six platforms at one rate and two far off, the two are told apart with the right sign and the rest are not."""
    tables = planted({**{f"平{i}": (50, 100) for i in range(6)}, "高": (95, 100), "低": (10, 100)})
    verdict = metrics.platform_ranks(*tables).set_index("platform")["verdict"]
    assert verdict["高"] == "高于其余"
    assert verdict["低"] == "低于其余"
    assert (verdict.drop(["高", "低"]) == "无法区分").all()


def test_ranks_of_equals_overlap() -> None:
    """Platforms at one rate could hold nearly any rank; the far one is surely first."""
    ranks = metrics.platform_ranks(*planted({**{f"平{i}": (50, 100) for i in range(6)}, "高": (95, 100)})).set_index("platform")
    assert ranks.loc["高", ["rank_low", "rank_high"]].tolist() == [1, 1]
    assert (ranks.loc["平0":"平5", "rank_low"] <= 3).all()
    assert (ranks.loc["平0":"平5", "rank_high"] >= 6).all()


def test_few_replies_on_a_large_platform_are_withheld() -> None:
    """Three replies out of a hundred are not shown, nor anything that gives them away; the platform's size is."""
    row = metrics.platforms(*planted({"甲": (3, 100), "乙": (60, 100)})).set_index("platform").loc["甲"]
    assert row["n"] == 100
    assert row[["n_replied", "replied", "replied_low", "replied_high", "rank_low", "rank_high"]].isna().all()


def test_a_withheld_count_cannot_be_had_by_subtraction() -> None:
    """Three replies are withheld, and with them the next fewest, in the same rows of ranks, funnel and replies; the rest is shown."""
    tables = planted({"甲": (3, 100), "乙": (40, 100), "丙": (60, 100), "丁": (70, 100)})
    ranks, funnel = (table.set_index("platform")["n"] for table in (metrics.platform_ranks(*tables), metrics.platform_funnel(*tables)))
    plain = metrics.replies(tables[0], tables[2], by="platform").set_index("platform")["n"]
    for shown in (ranks, funnel, plain):
        assert set(shown.index[shown.isna()]) == {"甲", "乙"}
        assert shown[["丙", "丁"]].tolist() == [60, 70]


def test_few_resolved_on_a_large_platform_are_withheld() -> None:
    """Four confirmed within thirty days out of a hundred are not shown; five are, and none at all is."""
    posts, labels, events = planted({"四": (4, 100), "五": (5, 100), "零": (0, 100)})
    table = metrics.platforms(posts, labels, events.assign(kind="consumer_confirmed")).set_index("platform")
    assert table.loc["四", ["resolved_30", "resolved_30_low", "resolved_30_high"]].isna().all()
    assert table.loc["五", "resolved_30"] == pytest.approx(0.05, abs=0.01)
    assert table.loc["零", "resolved_30"] == 0


def test_each_share_of_a_platform_has_its_own_base() -> None:
    """Replies are out of the posts with a status or step, confirmations out of those with a usable time; neither is out of all posts."""
    posts, labels, events = planted({"甲": (60, 100), "乙": (50, 100), "丙": (3, 33)})
    number = posts["post_id"].str[5:].astype(int)
    posts = posts.assign(status=posts["status"].mask(number.between(90, 99) | (number >= 203)),
                         posted_at=posts["posted_at"].mask(number.between(80, 89)))
    table = metrics.platforms(posts, labels, events).set_index("platform")
    assert table["n"].to_dict() == {"甲": 100, "乙": 100, "丙": 33}
    assert table["of_replied"].dropna().to_dict() == {"甲": 90, "乙": 100}
    assert table["of_resolved_30"].dropna().to_dict() == {"甲": 80, "乙": 100}
    assert table.loc["甲", "replied"] == pytest.approx(60 / 90)
    assert pd.isna(table.loc["丙", "resolved_30"])


def test_tiny_platforms_are_not_counted_out() -> None:
    """A platform with fewer than five posts shows no number at all, one with ten its size only."""
    table = metrics.platforms(*planted({"甲": (60, 100), "小": (3, 4), "中": (6, 10)})).set_index("platform")
    assert pd.isna(table.loc["小", "n"])
    assert table.loc["小", "note"] == "<5"
    assert table.loc["中", "n"] == 10
    assert table.loc["中", "verdict"] == "样本不足"


def test_funnel_marks_the_outlier() -> None:
    """Among twelve platforms near one rate the far one lies outside the wide limits, and only it."""
    rng = np.random.default_rng(3)
    tables = planted({**{f"平{i:02d}": (int(rng.binomial(200, 0.5)), 200) for i in range(12)}, "远": (190, 200)})
    table = metrics.platform_funnel(*tables).set_index("platform")
    assert table.index[table["outside"]].tolist() == ["远"]
    assert (table["low_wide"] <= table["low"]).all()
    assert (table["high_wide"] >= table["high"]).all()


def test_a_reason_can_be_the_measure(posts: pd.DataFrame, labels: pd.DataFrame, events: pd.DataFrame) -> None:
    """Platforms compare by any reason of the codebook as well, with its Chinese name."""
    table = metrics.platform_funnel(posts, labels, events, "already_activated")
    codes = slow.codes_of(labels)
    for row in table.dropna(subset="n").to_dict("records"):
        own = [post for post in slow.used(posts) if post["platform"] == row["platform"]]
        assert row["n"] == sum("already_activated" in codes[post["post_id"]] for post in own)
    assert table["measure_zh"].eq("已激活/已使用").all()
