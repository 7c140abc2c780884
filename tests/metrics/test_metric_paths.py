"""踢皮球 chains, escalation paths, tactics by a platform's age, sensitivity and campaigns: twins and plants."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import factory
import numpy as np
import pandas as pd
import pytest
import slowpaths

from kamen_analysis import metrics, records
from kamen_analysis.codebook.bodies import Bodies, bodies, body_names
from kamen_analysis.codebook.loader import read_yaml
from kamen_analysis.data import Data
from kamen_analysis.errors import KamenError
from kamen_analysis.label.told import handoffs, told_channels, told_handoffs
from kamen_analysis.metrics.chains import walk
from kamen_analysis.metrics.sensitivity import AS_BUILT
from kamen_analysis.paths import Home

LINES = (
    "平台让我找商家，商家让我找平台。", "店家说货是上游的，让我去找上游，上游说找支付宝。", "客服让我联系运营商。", "他们一直踢皮球。",
    "先打了12315，又找平台客服介入。", "找过平台客服，报了警，也打了12345。", "没打12315，只是来说说。",
    "卖家推给厂家，厂家推给卖家，卖家又让我找厂家。",
)


def told(posts: pd.DataFrame, seed: int = 5) -> pd.DataFrame:
    """Return the posts with bodies of one or two invented lines."""
    rng = np.random.default_rng(seed)
    return posts.assign(body=["".join(rng.choice(LINES, size=int(rng.integers(1, 3)), replace=False)) for _ in range(len(posts))])


@pytest.fixture(scope="module")
def spoken(posts: pd.DataFrame) -> pd.DataFrame:
    """The posts of the session with told bodies."""
    return told(posts)


@pytest.mark.parametrize(("text", "expected"), [
    ("平台让我找商家，商家让我找平台。", [("platform", "merchant"), ("merchant", "platform")]),
    ("店家说货是上游的，让我去找上游。", [("merchant", "supplier")]),
    ("问支付宝，让我联系卖家。", [("payer", "merchant")]),
    ("游戏公司推给运营商，運營商叫我去找銀行。", [("maker", "operator"), ("operator", "payer")]),
    ("让我找平台客服。", [("untold", "platform")]),
    ("平台建议我打12315，12315让我去派出所报案。", [("platform", "regulator"), ("regulator", "justice")]),
    ("如果平台让我找商家怎么办？", []), ("我联系了商家，商家没回。", []), ("让我找游戏公司开未使用证明。", []),
    ("客服说会帮我联系商家。", []), ("无奈只能来黑猫投诉。", []),
])
def test_who_sends_whom(text: str, expected: list[tuple[str, str]]) -> None:
    """Handoffs are read with both ends, across clauses and spellings; suppositions, help and the consumer's own way are none."""
    assert [(one.source, one.target) for one in handoffs(text)] == expected


def test_bodies_refuse_unknown_keys(tmp_path: Path) -> None:
    """A key the model does not know, or a body without a name, is refused by file and place; every body has a Chinese name."""
    assert set(body_names()) == {*bodies().bodies, "untold"}
    for text in ("version: '1'\nwho: {}\n", "version: '1'\nbodies: {a: {cues: 甲}}\nsends: {cues: 找}\n"):
        (tmp_path / "bodies.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(KamenError, match=r"bodies\.yaml"):
            read_yaml(tmp_path / "bodies.yaml", Bodies)


def test_chains_are_their_twin(spoken: pd.DataFrame, labels: pd.DataFrame) -> None:
    """Edges and lengths are those of loops over the posts; lengths 0 to 3 add to the complaints with buck-passing."""
    said, labels = told_handoffs(spoken), labels.assign(code=labels["code"].replace("already_activated", "buck_passing"))
    edges, lengths, circles, of = slowpaths.passed(spoken, labels, said)
    table = metrics.chains(spoken, labels, said)
    shown = table.dropna(subset="n")
    assert {(row.source, row.target): row.n for row in shown.itertuples()} == {key: n for key, n in edges.items() if n > 4}
    assert (table["of"] == of).all() and of > 30
    found = metrics.chain_lengths(spoken, labels, said).set_index("length")
    assert {key: int(n) for key, n in found["n"].items()} == {**{str(k): lengths[k] for k in range(4)}, "circle": circles}
    assert found["n"].drop("circle").sum() == of


def test_a_chain_that_comes_back_is_a_circle() -> None:
    """Links join where one body's end is the next one's start or the sender is not said; a break starts anew."""
    assert walk([("platform", "merchant"), ("merchant", "platform")]) == (2, True)
    assert walk([("platform", "merchant"), ("payer", "operator")]) == (1, False)
    assert walk([("untold", "merchant"), ("untold", "maker"), ("maker", "payer")]) == (3, False)
    assert walk([]) == (0, False)


def test_channels_are_their_twin(spoken: pd.DataFrame) -> None:
    """Complaints naming each channel, those of them solved, each outcome, and the order of two are those of loops over the posts."""
    said = told_channels(spoken)
    n, solved, ends, before, both, of = slowpaths.channels(spoken, said)
    table = metrics.channels(spoken, said).set_index("channel")
    assert (table["of"] == of).all()
    for channel, row in table.iterrows():
        assert row["n"] == n[channel]
        assert (row["n_solved"] == solved[channel]) if solved[channel] > 4 else pd.isna(row["n_solved"]) or row["n_solved"] == 0
    assert table.index[-1] == "none" and n["hotline_12315"] > 30
    outcomes = metrics.channel_outcomes(spoken, said)
    assert {(row.channel, row.outcome): row.n for row in outcomes.itertuples() if row.n > 0} == ends
    order = metrics.channel_order(spoken, said)
    assert {(row.channel_a, row.channel_b): row.of for row in order.itertuples()} == both
    shown = order.dropna(subset="n")
    assert {(row.channel_a, row.channel_b): row.n for row in shown.itertuples()} == {key: n for key, n in before.items() if key in {
        (row.channel_a, row.channel_b) for row in shown.itertuples()}}
    assert len(shown) > 2
    assert order.loc[order["of"] >= 30, "share"].notna().all()


def test_tactics_by_age_are_their_twin(posts: pd.DataFrame, labels: pd.DataFrame) -> None:
    """Each platform's quarters are counted from its own first; n and of of every age and reason are those of loops over the posts."""
    table = metrics.tactics_by_age(posts, labels)
    n, of, names = slowpaths.ages(posts, labels)
    for row in table.itertuples():
        assert (row.of, row.platforms) == (of[row.age], len(names[row.age]))
        if not pd.isna(row.n):
            assert row.n == n[row.age, row.code]
    assert set(table["age"]) == set(of) and len(of) > 2
    assert not ((table["n"] > 0) & (table["n"] < 5)).any()


def test_a_tactic_that_comes_with_age_is_seen() -> None:
    """Two platforms opening in different quarters, each stalling only from its third quarter on: ages 0 and 1 have none, 2 has all."""
    rows, marks = [], []
    for opening in (0, 1):
        for age in range(3):
            for _ in range(40):
                at = pd.Timestamp("2024-02-10", tz=records.ZONE) + pd.DateOffset(months=3 * (opening + age))
                rows.append(factory.post(len(rows), platform=f"平台{opening}", posted_at=at))
                marks += [rows[-1]["post_id"]] if age == 2 else []
    found = [{"post_id": i, "code": "stalling", "decided_by": "rule", "rule": "r", "rule_version": "1", "field": "body", "start": 0,
              "end": 1, "score": 1.0} for i in marks]
    table = metrics.tactics_by_age(records.frame("posts", rows), records.frame("labels", found))
    mine = table[table["code"] == "stalling"]
    assert mine["share"].tolist() == [0, 0, 1] and mine["of"].tolist() == [80, 80, 80]


def build(posts: pd.DataFrame, labels: pd.DataFrame, **manifest: Any) -> Data:
    """Return tables as one build."""
    return Data(posts, factory.events(posts.head(0)), labels, records.empty("rejected"), manifest, Home(Path("nowhere")))


def test_sensitivity_is_its_twin(posts: pd.DataFrame, labels: pd.DataFrame) -> None:
    """Each variant's n and of are those of loops over what that variant keeps, and the range spans all its values."""
    some = labels.assign(decided_by=np.where(np.arange(len(labels)) % 3 == 0, "model", "rule"))
    lead = pd.Series(np.arange(len(posts)) % 9, posts.index, dtype=float)
    data = build(posts, some, sources={"demo": "演示来源"})
    earlier = build(posts.head(500), labels, codebook={"version": "0.9"})
    table = metrics.sensitivity(data, lead, earlier)
    assert table["variant"].nunique() == 11
    twins = slowpaths.variants(posts, some, lead, labels)
    for name, (n, of) in twins.items():
        mine = table[table["variant"].str.contains(name, regex=False)]
        assert (mine["of"] == of).all(), name
        for row in mine[mine["headline"].str.startswith("reason:")].itertuples():
            assert row.n == n[row.headline.partition(":")[2]], name
    for _, group in table.groupby("headline"):
        assert (group["least"] == group["value"].min()).all() and (group["most"] == group["value"].max()).all()
    assert "之间" in table.attrs["reading"] and table.attrs["reading"].endswith("。")
    assert table["variant"].iloc[0] == AS_BUILT


def test_sensitivity_of_nothing_says_so() -> None:
    """Without posts there is a table without shares, and the sentence says that there are too few."""
    table = metrics.sensitivity(build(records.empty("posts"), records.empty("labels")))
    assert table.loc[table["headline"] != "used", "value"].isna().all()
    assert "样本不足" in table.attrs["reading"]


def copies(hours: list[float], number: int = 0, **given: Any) -> list[dict[str, Any]]:
    """Return copies of one text, so many hours after the start each."""
    return [factory.post(number + i, posted_at=factory.START + pd.Timedelta(hours=h), dup_group=f"demo:{number}",
                         dup_kind="first" if i == 0 else "near", dup_size=len(hours), is_used=i == 0, **given) for i, h in enumerate(hours)]


def test_bursts_are_found_and_only_they() -> None:
    """Five copies within 72 hours are a burst with its posts, six over months are none; the fullest stretch of a long group is told."""
    near, spread = copies([0, 10, 20, 30, 72], target="甲"), copies([500 * i for i in range(6)], 100)
    long = copies([0, 1, 900, 901, 902, 903, 904, 905], 200, source="board", target="乙")
    posts = records.frame("posts", [*near, *spread, *long])
    table = metrics.campaigns(posts).set_index("dup_group")
    assert list(table.index) == ["demo:200", "demo:0"]
    assert table.loc["demo:0", ["n", "size", "span_hours", "sources", "targets"]].tolist() == [5, 5, 72.0, "demo", "甲"]
    assert table.loc["demo:200", ["n", "size", "span_hours"]].tolist() == [6, 8, 5.0]
    assert table.loc["demo:200", "evidence"].split("、") == [f"demo:{200 + i}" for i in range(2, 8)]
    assert {name: row["n"] for name, row in table.iterrows()} == slowpaths.bursts(posts, 5, 72)
    assert table.loc["demo:0", "of"] == 5 + 1 + 2  # those of the other groups posted between its first and last
    inside = metrics.campaigns(posts.assign(in_scope=posts["dup_group"] == "demo:0")).set_index("dup_group")
    assert inside["of"].to_dict() == {"demo:0": 5}  # out of those of the same scope as the burst
    assert metrics.campaigns(posts.assign(in_scope=False)).empty and len(metrics.campaigns(posts.assign(in_scope=False), "all")) == 2


def test_template_farms_are_found() -> None:
    """Six adverts of one text but for marks and a number are one farm, with their kinds; complaints and unlike articles are none."""
    text = "本店长期供应各类点卡会员激活码，价格优惠，秒到账，支持批发代理，欢迎新老客户咨询下单"
    rows = [factory.post(i, post_type="ad", is_used=False, title="供应点卡", body=text + "！" * i) for i in range(6)]
    rows += [factory.post(10 + i, title="供应点卡", body=text) for i in range(6)]
    rows += [factory.post(20 + i, post_type="article", is_used=False, body=chr(0x4e00 + 50 * i) * 40) for i in range(30)]
    table = metrics.template_farms(records.frame("posts", rows))
    assert table[["kinds", "n", "of"]].to_numpy().tolist() == [["广告", 6, 36]]
    assert table["evidence"].iloc[0].split("、") == [f"demo:{i}" for i in range(6)]
    assert metrics.template_farms(records.frame("posts", rows[6:12])).empty


def test_earlier_build_without_posts_left(posts: pd.DataFrame, labels: pd.DataFrame) -> None:
    """A build whose posts all left the scope still gives every variant, its shares withheld."""
    data = replace(build(posts, labels), posts=posts.assign(in_scope=False))
    table = metrics.sensitivity(data)
    assert table[(table["variant"] == AS_BUILT) & (table["headline"] != "used")]["note"].eq("样本不足").all()


def test_two_targets_are_one_complaint_of_each_platform() -> None:
    """Forty texts filed against 甲 and 乙 are forty complaints, and forty of each in tables of platforms; a second against 甲 is a copy."""
    rows = []
    for i in range(40):
        group = f"demo:{3 * i}"
        rows += [factory.post(3 * i, platform="甲", dup_group=group, dup_size=3),
                 factory.post(3 * i + 1, platform="乙", target="乙", dup_group=group, dup_size=3, dup_kind="two_targets", is_used=False),
                 factory.post(3 * i + 2, platform="甲", target="甲方", dup_group=group, dup_size=3, dup_kind="two_targets", is_used=False)]
    posts = records.frame("posts", rows)
    labels = factory.labels(posts).assign(code="stalling")
    events = factory.events(posts)
    assert len(metrics.used(posts)) == 40
    table = metrics.platforms(posts, labels, events).set_index("platform")
    assert table["n"].to_dict() == {"甲": 40, "乙": 40}
    assert metrics.platform_ranks(posts, labels, events).set_index("platform")["of"].to_dict() == {"甲": 40, "乙": 40}
    assert metrics.reasons(posts, labels, by="platform").groupby("platform")["of"].first().to_dict() == {"甲": 40, "乙": 40}
    assert metrics.reasons(posts, labels)["of"].unique().tolist() == [40]
    assert metrics.volume(posts, by=None)["n"].sum() == 40
