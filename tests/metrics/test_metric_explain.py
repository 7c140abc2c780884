"""Why a headline moved between two builds: parts that add up, planted changes that land where they belong, and a slow twin."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import factory
import numpy as np
import pandas as pd
import pytest
import slowpaths
from hypothesis import given, settings
from hypothesis import strategies as st

from kamen_analysis import metrics, records
from kamen_analysis.data import Data
from kamen_analysis.metrics.explain import PARTS
from kamen_analysis.paths import Home


def data(posts: pd.DataFrame, labels: pd.DataFrame, withdrawn: tuple[str, ...] = ()) -> Data:
    """Return tables as one build."""
    return Data(posts, factory.events(posts), labels, records.empty("rejected"), {"withdrawn": list(withdrawn)}, Home(Path("nowhere")))


@pytest.fixture(scope="module")
def base() -> Data:
    """Three hundred posts with their labels, all seen by one day."""
    posts = factory.posts(300)
    return data(posts, factory.labels(posts))


def later(base: Data, rng: np.random.Generator) -> Data:
    """Return a build after `base`: posts withdrawn, lost, rewritten, coded anew, other copies, other platforms, late and new posts."""
    posts, labels = base.posts.copy(), base.labels
    def some(share: float) -> Any:
        return rng.random(len(posts)) < share

    gone = some(0.1)
    posts.loc[some(0.1), "body"] = "改过的正文"
    posts.loc[some(0.2), "in_scope"] = False
    posts.loc[some(0.1), "outcome"] = "resolved"
    posts.loc[some(0.1), "platform"] = "合并后的平台"
    posts.loc[some(0.1), "is_used"] = False
    more = factory.posts(120, seed=int(rng.integers(1000)))
    more["post_id"] = "demo:9" + more["post_id"].str[5:].str.zfill(4)
    end = base.posts["first_seen_at"].max()
    fresh = rng.random(len(more)) < 0.5
    more.loc[fresh, ["posted_at", "first_seen_at", "last_seen_at"]] = end + pd.Timedelta(days=9)
    labels = labels[rng.random(len(labels)) < 0.9]
    after = pd.concat([posts[~gone], more], ignore_index=True)
    labels = pd.concat([labels[labels["post_id"].isin(after["post_id"])], factory.labels(more)], ignore_index=True)
    return data(after, labels, tuple(posts.loc[gone, "post_id"].iloc[::2]))


def check_sums(before: Data, after: Data, scope: str = "virtual") -> pd.DataFrame:
    """Return the explanation, having held its parts, before and after against the metrics of either build."""
    table = metrics.explain(before, after, scope)
    for _, parts in table.groupby("headline"):
        if parts["note"].eq("").all():
            assert parts["value"].sum() == pytest.approx(parts["after"].iloc[0] - parts["before"].iloc[0], abs=1e-12)
            assert (parts["low"] <= parts["value"]).all() and (parts["value"] <= parts["high"]).all()
    assert list(table["part"].unique()) == list(PARTS)
    for end, build in (("before", before), ("after", after)):
        assert table.loc[table["headline"] == "used", end].iloc[0] == len(metrics.used(build.posts, scope))
        others = {"replied": metrics.replies(build.posts, build.events, scope=scope)["share"].iloc[0],
                  "amount": metrics.amounts(build.posts, scope)["median"].iloc[0]}
        for row in table[table["headline"].isin(list(others)) & (table["note"] == "")].itertuples():
            assert getattr(row, end) == pytest.approx(others[row.headline])
        shares = metrics.reasons(build.posts, build.labels, scope=scope).set_index("code")["share"]
        for row in table[table["headline"].str.startswith("reason:") & (table["note"] == "")].itertuples():
            assert getattr(row, end) == pytest.approx(shares[row.headline.partition(":")[2]])
    return table


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), scope=st.sampled_from(["virtual", "all"]))
def test_parts_always_add_to_the_change(seed: int, scope: str) -> None:
    """Whatever changed between two builds, the parts of every headline add to its change, and its ends are those of the metrics."""
    posts = factory.posts(150, seed=seed % 7 + 1)
    before = data(posts, factory.labels(posts))
    check_sums(before, later(before, np.random.default_rng(seed)), scope)


def test_nothing_to_something_and_back(base: Data) -> None:
    """From no posts at all everything is late or new, to none everything is gone: counts add up and no share is given."""
    none = data(records.empty("posts"), records.empty("labels"))
    up, down = check_sums(none, base), check_sums(base, none)
    counted = len(metrics.used(base.posts))
    assert up.set_index(["headline", "part"]).loc[("used", "new"), "value"] == counted
    assert down.set_index(["headline", "part"]).loc[("used", "gone"), "value"] == -counted
    assert up.loc[up["headline"].str.startswith("reason:"), "value"].isna().all()


def parts_of(before: Data, after: Data, headline: str = "used") -> dict[str, float]:
    """Return the parts of one headline that are not nought."""
    table = metrics.explain(before, after)
    mine = table[(table["headline"] == headline) & (table["value"] != 0)]
    return dict(zip(mine["part"], mine["value"], strict=True))


def test_each_planted_change_is_its_own_part(base: Data) -> None:
    """One kind of change at a time: the whole movement stands in that part and in no other."""
    posts, counted = base.posts, metrics.used(base.posts)
    ten = posts["post_id"].isin(counted["post_id"].head(10))
    assert parts_of(base, replace(base, posts=posts[~ten], manifest={"withdrawn": list(counted["post_id"].head(10))})) == {"withdrawn": -10}
    assert parts_of(base, replace(base, posts=posts[~ten])) == {"gone": -10}
    assert parts_of(base, replace(base, posts=posts.assign(in_scope=posts["in_scope"] & ~ten))) == {"rules": -10}
    changed = posts.assign(in_scope=posts["in_scope"] & ~ten, body=posts["body"].mask(ten, "另写的"))
    assert parts_of(base, replace(base, posts=changed)) == {"revised": -10}
    assert parts_of(base, replace(base, posts=posts.assign(is_used=posts["is_used"] & ~ten))) == {"duplicates": -10}
    merged = posts.assign(platform=posts["platform"].replace("平台02", "平台01"))
    assert parts_of(base, replace(base, posts=merged)) == {}
    assert parts_of(base, replace(base, posts=merged), "platforms") == {"entities": -1}
    assert parts_of(replace(base, posts=posts[~ten]), base) == {"late": 10}
    young = posts.assign(posted_at=posts["posted_at"].mask(ten, posts["first_seen_at"].max() + pd.Timedelta(days=1)))
    assert parts_of(replace(base, posts=young[~ten]), replace(base, posts=young)) == {"new": 10}
    top = metrics.reasons(posts, base.labels).iloc[0]
    unlabelled = replace(base, labels=base.labels[base.labels["code"] != top["code"]])
    assert parts_of(unlabelled, base, f"reason:{top['code']}") == {"rules": pytest.approx(top["share"])} or top["n"] < 30


def test_an_amount_read_anew_is_a_rule_change(base: Data) -> None:
    """Where the same text now gives ten times the yuan, the median's whole change is that of the rules; the share led away is told too."""
    dearer = replace(base, posts=base.posts.assign(amount_yuan=base.posts["amount_yuan"] * 10))
    moved = parts_of(base, dearer, "amount")
    assert list(moved) == ["rules"]
    assert moved["rules"] == pytest.approx(9 * metrics.amounts(base.posts)["median"].iloc[0])
    assert "reason:private_transfer" in set(metrics.explain(base, dearer)["headline"])


def test_steps_are_those_of_the_slow_twin(base: Data) -> None:
    """The count of complaints, and the leading reason's share, move at each step as when posts are replaced one by one in a dict."""
    after = later(base, np.random.default_rng(5))
    found = metrics.explain(base, after)
    tables = base.posts, after.posts, base.labels, after.labels, after.manifest["withdrawn"]
    top = str(found.loc[found["headline"].str.startswith("reason:") & found["note"].eq(""), "headline"].iloc[0])
    share = found[found["headline"] == top].set_index("part")["value"]
    assert share.to_dict() == pytest.approx(slowpaths.explained(*tables, top.partition(":")[2]), abs=1e-12)
    mine = found[found["headline"] == "used"].set_index("part")["value"]
    assert mine.to_dict() == slowpaths.explained(*tables)
    assert (mine.drop(["entities"]) != 0).all()
