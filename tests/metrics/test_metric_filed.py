"""One text filed against two platforms: once in every table of all complaints, once for each of the two in every table by platform."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import factory
import pandas as pd
import pytest
import slow

from kamen_analysis import metrics, records

COUNT = 60
DAY = pd.Timedelta(days=1)


def filed() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return posts, labels and events: sixty texts filed against 甲, against 乙 a minute later, and against 甲 once more; 乙 replies."""
    rows: list[dict[str, Any]] = []
    for i in range(COUNT):
        at, group = factory.START + i * 4 * DAY, f"demo:{3 * i}"
        for j, name in enumerate(("甲", "乙", "甲")):
            rows.append(factory.post(3 * i + j, platform=name, target=f"{name}{j}", posted_at=at + pd.Timedelta(minutes=j), dup_group=group,
                                     dup_size=3, dup_kind="two_targets" if j else "first", is_used=not j, amount_yuan=100.0 * (i + 1),
                                     first_seen_at=factory.START + 300 * DAY, last_seen_at=factory.START + 300 * DAY))
    posts = records.frame("posts", rows)
    labels = factory.labels(posts).drop_duplicates("post_id").assign(code="stalling")
    replied = [{"post_id": row["post_id"], "kind": "merchant_replied", "at": row["posted_at"] + 3 * DAY, "seen_by": None,
                "actor": "merchant"} for row in rows if row["platform"] == "乙"]
    return posts, labels, records.frame("events", replied)


def coded(posts: pd.DataFrame) -> pd.DataFrame:
    """Return people's codes of half the texts, given to the post that counts."""
    return pd.DataFrame({"post_id": [post["post_id"] for post in slow.used(posts)][::2], "code": "stalling"})


Call = Callable[[pd.DataFrame, pd.DataFrame, pd.DataFrame, str | None], pd.DataFrame]
BY: dict[str, tuple[Call, str]] = {
    "volume": (lambda p, marks, e, by: metrics.volume(p, by=by), "n"),
    "reasons": (lambda p, marks, e, by: metrics.reasons(p, marks, by=by).query("code == 'stalling'"), "of"),
    "replies": (lambda p, marks, e, by: metrics.replies(p, e, by=by), "of"),
    "median_reply": (lambda p, marks, e, by: metrics.median_reply(p, e, by=by), "of"),
    "time_to_reply": (lambda p, marks, e, by: metrics.time_to_reply(p, e, by=by).query("day == 0"), "of"),
    "waiting": (lambda p, marks, e, by: metrics.waiting(p, e, by=by).query("measure == 'replied'"), "of"),
    "amounts": (lambda p, marks, e, by: metrics.amounts(p, by=by), "n"),
    "corrected": (lambda p, marks, e, by: metrics.corrected(p, marks, coded(p), by=by).query("code == 'stalling'"), "of"),
}


@pytest.mark.parametrize("name", BY)
def test_each_target_counts_by_platform_and_all_once(name: str) -> None:
    """Sixty of 甲, sixty of 乙, sixty in all: whatever is counted, and half of it in the coded sample; no copy against 甲 counts."""
    call, column = BY[name]
    posts, labels, events = filed()
    posts["status"] = "处理中"
    want = COUNT // 2 if name == "corrected" else COUNT
    assert call(posts, labels, events, None)[column].sum() == want
    assert call(posts, labels, events, "platform").groupby("platform")[column].sum().to_dict() == {"甲": want, "乙": want}


def test_a_targets_own_replies_are_its_own() -> None:
    """Only 乙 replied, in three days: its median is 3 and its share 1, that of 甲, and of all complaints, is nought."""
    posts, _, events = filed()
    posts["status"] = "处理中"
    share = metrics.replies(posts, events, by="platform").set_index("platform")["share"]
    assert share.to_dict() == {"甲": 0.0, "乙": 1.0}
    assert metrics.replies(posts, events)["share"].tolist() == [0.0]
    assert metrics.median_reply(posts, events, by="platform").set_index("platform").loc["乙", "value"] == 3


def test_a_second_targets_weeks_are_tested() -> None:
    """Ten texts a week filed against both, forty in one week: both platforms' weeks are tested, and both are alarmed and change level."""
    rows: list[dict[str, Any]] = []
    for week in range(40):
        for i in range(40 if week == 20 else 24 if week > 20 else 10):
            at, number = factory.START.normalize() + (7 * week + i % 7) * DAY, len(rows)
            rows += [factory.post(number + j, platform=name, target=name, posted_at=at + pd.Timedelta(minutes=j), dup_size=2,
                                  dup_group=f"demo:{number}", dup_kind="two_targets" if j else "first", is_used=not j)
                     for j, name in enumerate("甲乙")]
    posts = records.frame("posts", rows)
    table = metrics.alerts(posts)
    weeks = table.groupby("platform")["period_zh"].agg(list).to_dict()
    assert weeks["甲"] == weeks["乙"]
    assert table[table["n"] == 40].set_index("platform")["is_alert"].to_dict() == {"甲": True, "乙": True}
    assert metrics.alerts(posts, by=None)["n"].max() == 40
    assert set(metrics.change_points(posts, by="platform")["platform"]) == {"甲", "乙"}
    assert metrics.tactics_by_age(posts, records.empty("labels")).query("code == 'stalling'")["of"].sum() == len(posts)
