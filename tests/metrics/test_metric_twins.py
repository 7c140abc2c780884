"""No metric without its twin: every published one is held by some test here against a slow, obvious second implementation."""

from __future__ import annotations

import ast
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import factory
import numpy as np
import pandas as pd
import pytest
import slow
import slowalarms
import slowcodes
import slowpaths
import slowseries
import slowunits

from kamen_analysis import metrics, records, stats
from kamen_analysis.metrics import diagnostics

MODULES = {each.__name__: each for each in (slow, slowalarms, slowcodes, slowpaths, slowseries, slowunits)}
TWINS = {
    "used": "slow.used", "volume": "slow.volume", "reasons": "slow.reasons", "cooccurrence": "slow.pairs", "tactic_order": "slow.order",
    "sequences": "slowpaths.sequences", "statuses": "slowunits.statuses", "fill": "slowunits.filled", "coverage": "slowunits.gaps",
    "gaps": "slowunits.gaps", "funnel": "slowunits.stages", "replies": "slow.has_event", "time_to_reply": "slow.incidence",
    "median_reply": "slow.incidence", "waiting": "slow.mean_wait", "outcomes": "slow.incidence", "resolved_by": "slow.incidence",
    "naive_ratio": "slowseries.states", "status_by_age": "slowseries.states", "self_reported": "slowseries.counted",
    "platforms": "slow.incidence", "platform_ranks": "slowunits.ranked", "platform_funnel": "slowunits.tau2",
    "contrasts": "slowunits.logrank", "amounts": "slow.median", "products": "slowseries.counted", "clocks": "slow.clock",
    "changes": "slow.reasons", "alerts": "slowalarms.alarms", "alert_methods": "slowalarms.alarms", "change_points": "slowalarms.breaks",
    "holidays": "slowseries.festival", "nowcast": "slowseries.arrivals", "corrected": "slowseries.powered", "chains": "slowpaths.passed",
    "chain_lengths": "slowpaths.passed", "channels": "slowpaths.channels", "channel_outcomes": "slowpaths.channels",
    "channel_order": "slowpaths.channels", "tactics_by_age": "slowpaths.ages", "explain": "slowpaths.explained",
    "sensitivity": "slowpaths.variants", "campaigns": "slowpaths.bursts", "template_farms": "slowunits.farms",
}
QUALITY = {
    "right.accuracy": "slowcodes.scores", "diagnostics.code_scores": "slowcodes.scores", "diagnostics.rule_use": "slowcodes.rule_use",
    "diagnostics.rule_precision": "slowcodes.rules_right", "diagnostics.mistakes": "slowcodes.mistaken",
    "diagnostics.drift": "slowcodes.moved",
}


def _calls() -> Iterator[set[str]]:
    """Yield for each test of this folder the dotted names it uses."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield {f"{each.value.id}.{each.attr}" for each in ast.walk(node)
                       if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name)}


def test_every_metric_has_a_twin() -> None:
    """Each published metric, and each table of the categoriser's quality, is named with its twin, the twin is there, and one test uses
    both."""
    assert set(TWINS) == {metric.__name__ for metric in metrics.METRICS}
    quality = {name for name, each in vars(diagnostics).items() if each.__class__.__name__ == "function" and name[0] != "_"
               and each.__module__ == diagnostics.__name__}
    assert {name.partition(".")[2] for name in QUALITY} == quality | {"accuracy"}
    used = list(_calls())
    for name, twin in {**{f"metrics.{name}": twin for name, twin in TWINS.items()}, **QUALITY}.items():
        module, _, function = twin.partition(".")
        assert callable(getattr(MODULES[module], function)), twin
        assert any({name, twin} <= names for names in used), f"{name}: no test holds it against {twin}"


def replied(posts: pd.DataFrame, events: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """Return replied and followed posts of each platform."""
    hits = slow.has_event(events, ["merchant_replied"])
    known = {event["post_id"] for event in slow.rows(events) if event["kind"] != "posted"}
    found: dict[str, tuple[int, int]] = {}
    for post in slow.used(posts):
        if post["platform"] is not None and (post["status"] is not None or post["post_id"] in known):
            n, of = found.get(post["platform"], (0, 0))
            found[post["platform"]] = n + (post["post_id"] in hits), of + 1
    return found


def test_platform_ranks_are_their_twin(posts: pd.DataFrame, labels: pd.DataFrame, events: pd.DataFrame) -> None:
    """Shrunken share, difference to the others, verdict and (within one place, being drawn) ranks are those of the loops."""
    table, twin = metrics.platform_ranks(posts, labels, events).set_index("platform"), slowunits.ranked(replied(posts, events))
    assert set(table.index[table["share"].notna()]) == set(twin)
    for name, own in twin.items():
        row = table.loc[name]
        for key in ("shrunk", "shrunk_low", "shrunk_high", "gap", "gap_low", "gap_high"):
            assert row[key] == pytest.approx(own[key]), (name, key)
        assert (row["rank_low"], row["rank_high"]) == pytest.approx(own["ranks"], abs=1)
        assert row["verdict"] == own["verdict"]


def test_wide_limits_are_their_twin(posts: pd.DataFrame, labels: pd.DataFrame, events: pd.DataFrame) -> None:
    """The 99.8% limits of each platform are the pooled angle, give or take 3.09 times the root of chance and tau² together."""
    sizes = {name: pair for name, pair in replied(posts, events).items() if pair[1] >= 30}
    spread = slowunits.tau2(list(sizes.values()))
    centre = np.arcsin(np.sqrt(sum(n for n, _ in sizes.values()) / sum(of for _, of in sizes.values())))
    for row in metrics.platform_funnel(posts, labels, events).itertuples():
        half = 3.090232306 * np.sqrt(1 / (4 * row.of) + spread)
        assert (row.low_wide, row.high_wide) == pytest.approx([float(np.sin(np.clip(centre + side * half, 0, np.pi / 2)) ** 2)
                                                               for side in (-1, 1)])


def test_contrast_p_are_their_twin(posts: pd.DataFrame, events: pd.DataFrame) -> None:
    """Each platform's p of the reply is that of the score and skewness added up day by day; with so few, days stand as they are."""
    chosen = posts.assign(last_seen_at=posts["posted_at"].fillna(posts["first_seen_at"]) + pd.Timedelta(days=14))
    start = chosen.set_index("post_id")["posted_at"].reindex(events["post_id"]).to_numpy()
    in_time = (events["at"].to_numpy() - start) <= np.timedelta64(14, "D")
    early = events[in_time & (events["kind"] == "merchant_replied")].drop_duplicates("post_id")
    table = metrics.contrasts(chosen, early).set_index(["measure", "platform"]).loc["replied"]
    spells = [(name, *found) for name in chosen["platform"].dropna().unique()
              for found in slow.spells(chosen[chosen["platform"] == name], early, ["merchant_replied"])]
    tested = table[table["p_holm"].notna()]
    assert len(tested) > 3
    for name, row in tested.iterrows():
        z, skew = slowunits.logrank([float(np.ceil(t)) for _, t, _ in spells], [kind != "" for _, _, kind in spells],
                                    [own == name for own, _, _ in spells])
        assert row["p"] == pytest.approx(stats.two_tails(z, skew))


def test_sequences_are_their_twin(posts: pd.DataFrame, labels: pd.DataFrame) -> None:
    """Every sequence told five times is the Counter's, the others are in the last row, and the rows add to all with two reasons."""
    twin, table = slowpaths.sequences(posts, labels), metrics.sequences(posts, labels)
    often = {key: n for key, n in twin.items() if n >= 5}
    shown = table.iloc[:-1]
    assert dict(zip(shown["sequence"], shown["n"], strict=True)) == {"→".join(key): n for key, n in often.items()}
    assert (table["n"].iloc[-1], table["sequence_zh"].iloc[-1]) == (twin.total() - sum(often.values()), "其余各种顺序")
    assert table["of"].eq(twin.total()).all()
    assert table["n"].sum() == twin.total() > 30


def test_used_statuses_and_blanks_are_their_twins(posts: pd.DataFrame) -> None:
    """Who counts, what each source shows, and what it leaves blank, counted post by post."""
    holed = posts.assign(status=posts["status"].where(np.arange(len(posts)) % 3 > 0))
    assert metrics.used(holed)["post_id"].tolist() == [post["post_id"] for post in slow.used(holed)]
    table = metrics.statuses(holed)
    assert {(row.source, row.status): row.n for row in table.itertuples()} == dict(slowunits.statuses(holed))
    twin, facts = slowunits.filled(holed), metrics.fill(holed).set_index("source")
    for source, own in twin.items():
        assert facts.loc[source, list(own)].to_dict() == pytest.approx(dict(own))


def test_the_funnel_is_its_twin() -> None:
    """What passed is what came in less what each reason put aside, stage by stage, most first."""
    stages: list[dict[str, Any]] = [{"stage": "clean", "in": 20, "out": 14, "rejected": {"no_id": 2, "no_text": 4}},
                                    {"stage": "gate", "in": 14, "out": 10, "rejected": {"ad": 2, "article": 2}}]
    table = metrics.funnel({"stages": stages})
    assert list(zip(table["stage"], table["reason"], table["n"], strict=True)) == slowunits.stages({"stages": stages})


def test_gaps_and_coverage_are_their_twin() -> None:
    """First and last day of each gap, and the posts due in it, are those of walking the days; coverage adds its days up."""
    rng = np.random.default_rng(6)
    counts = [*rng.poisson(4, 40), *[0] * 9, *rng.poisson(3, 60), *[0] * 2, *rng.poisson(6, 30), *[0] * 12, *rng.poisson(6, 5)]
    start = pd.Timestamp("2025-01-06 12:00", tz=records.ZONE)
    made = [factory.post(0, posted_at=start + pd.Timedelta(days=day)) for day, n in enumerate(counts) for _ in range(n)]
    sight = start + pd.Timedelta(days=len(counts) + 15)
    posts = records.frame("posts", [{**post, "post_id": f"demo:{i}", "last_seen_at": sight} for i, post in enumerate(made)])
    twin, table = slowunits.gaps(posts, "demo"), metrics.gaps(posts)
    assert [(row.first_date.date(), row.last_date.date()) for row in table.itertuples()] == [(first, last) for first, last, _ in twin]
    assert table["of"].tolist() == pytest.approx([due for _, _, due in twin])
    assert len(twin) > 2
    assert metrics.coverage(posts)["gap_days"].tolist() == [sum((last - first + dt.timedelta(1)).days for first, last, _ in twin)]


def test_template_farms_are_their_twin() -> None:
    """Adverts and articles with a word changed here and there are the farms found by comparing every pair."""
    rng, rows = np.random.default_rng(2), []
    texts = ["".join(rng.choice(list("供应点卡会员激活码价格优惠秒到账支持批发代理欢迎新老客户咨询下单平台长期"), 160)) for _ in range(12)]
    for kind, text in enumerate(texts):
        for copy in range(kind):
            changed = list(text)
            changed[int(rng.integers(160))] = "改"
            rows.append(factory.post(len(rows), post_type="ad" if copy % 2 else "article", is_used=False, title="", body="".join(changed)))
    posts = records.frame("posts", rows)
    table = metrics.template_farms(posts)
    assert sorted(table["n"]) == sorted(len(each) for each in slowunits.farms(posts)) == [5, 6, 7, 8, 9, 10, 11]
    found = {frozenset(row.evidence.split("、")) for row in table.itertuples()}
    assert found == {frozenset(each) for each in slowunits.farms(posts)}
