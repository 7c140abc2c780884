"""The known-truth check itself: it measures what it says, and would call a wrong interval wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kamen_analysis import metrics
from kamen_analysis.world import draw, truth


@pytest.fixture(scope="module")
def bench(root: Path) -> Iterator[Any]:
    """The modules of the check."""
    sys.path.insert(0, str(root / "benchmarks"))
    import backtest
    import expected
    import replicate
    import tally
    import validate

    yield type("Bench", (), {"backtest": backtest, "expected": expected, "replicate": replicate, "tally": tally, "validate": validate})
    sys.path.remove(str(root / "benchmarks"))


@pytest.fixture(scope="module")
def large() -> draw.World:
    """A world so large that shares sit close to their expected values."""
    return draw.world(posts=15_000, seed=3)


def made(bench: Any, half: float, worlds: int = 200) -> list[Any]:
    """Return replications with one normal estimate each, its interval `half` standard errors to either side."""
    drawn = np.random.default_rng(1).standard_normal(worlds)
    checks = [bench.replicate.Check("mean", "", x, x - half, x + half, 0.0) for x in drawn]
    return [bench.replicate.Replicate([check], {"auto": bench.backtest.Alarm(True, 7.0, 1, 2.0)}, (1, 1, 0)) for check in checks]


@pytest.mark.parametrize(("half", "verdict"), [(1.96, "合格"), (1.2, "偏窄"), (4.0, "偏宽")])
def test_verdicts_follow_the_width(bench: Any, half: float, verdict: str) -> None:
    """Intervals of the right width pass, too narrow and too wide ones are called so, and the estimate is not biased."""
    row = bench.tally.tally(made(bench, half)).iloc[0]
    assert (row["verdict"], row["n"]) == (verdict, 200)
    assert row["width"] == pytest.approx(2 * half) and abs(row["bias"]) < 0.2 and row["low"] < row["coverage"] < row["high"] + 1e-9


def test_only_a_named_metric_may_be_wide(bench: Any) -> None:
    """Too narrow is a fault; too wide is one unless the metric is among the exceptions; what chance explains is none."""
    narrow, right, wide = (bench.tally.tally(made(bench, half)) for half in (1.2, 1.96, 4.0))
    assert bench.tally.faults(narrow) == bench.tally.faults(wide) == ["mean"]
    assert bench.tally.faults(right) == bench.tally.faults(wide.assign(metric="platforms_rank")) == []


def test_copied_intervals_are_worth_one(bench: Any) -> None:
    """Ten copies of an interval in every world make its Monte-Carlo interval no narrower."""
    single = made(bench, 1.96)
    tenfold = [bench.replicate.Replicate(r.checks * 10, r.alerts, r.copies) for r in single]
    one, ten = (bench.tally.tally(each).iloc[0] for each in (single, tenfold))
    assert ten["n"] == 10 * one["n"]
    assert (ten["low"], ten["high"]) == pytest.approx((one["low"], one["high"]), abs=1e-3)


def test_expected_values_match_a_large_world(bench: Any, large: draw.World) -> None:
    """Goods, outcomes told, the median amount and the share replied to come close to their expected values in a large world."""
    posts = draw.tables(large, texts=False)["posts"]
    posts = posts[posts["is_used"]]
    goods, told = (posts[column].value_counts(normalize=True) for column in ("product", "outcome"))
    assert (goods - bench.expected.products(large)).abs().max() < 0.015
    assert (told - bench.expected.self_reported(large)).abs().max() < 0.015
    assert posts["amount_yuan"].median() == pytest.approx(bench.expected.median_amount(large), rel=0.06)
    assert abs(bench.expected.unrounded_median(large) - bench.expected.median_amount(large)) <= 0.5
    at = bench.expected.median_reply(large)
    assert at == np.inf or truth.replied(large, [at])[0] == pytest.approx(0.5)
    assert (bench.expected.replied_so_far(large) <= large.platforms.reply).all()
    by_month, overall = bench.expected.monthly(large), truth.prevalence(large)
    assert by_month.shape == (24, len(overall)) and (by_month.mean() - overall).abs().max() < 0.02


def test_a_run_ends_with_one_json_line(bench: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Two worlds give every published metric, the warning on top and one JSON line at the end; counts are the world's."""
    code = bench.validate.main(["--replications", "2", "--posts", "1200", "--jobs", "1"])
    out = capsys.readouterr().out.splitlines()
    found = json.loads(out[-1])
    missing = {metric.__name__ for metric in metrics.METRICS if not any(name.startswith(metric.__name__) for name in found)}
    assert not missing and "绝不能证明归类器" in "".join(out[:3])
    assert {"alert_methods/Farrington", "duplicates", "platforms_rank", "contrasts_null", "change_points_null"} <= set(found)
    assert all(found[name]["bias"] == 0 for name in ("used", "volume", "coverage", "fill", "funnel", "explain"))
    verdicts = {name: each.get("verdict") for name, each in found.items() if "/" not in name}
    assert code == any(each == "偏窄" or each == "偏宽" and name not in bench.tally.EXCEPTIONS for name, each in verdicts.items())
    assert all({"coverage", "bias", "n"} <= set(each) for each in found.values())
    assert found["reasons"]["n"] == 26 and abs(found["reasons"]["bias"]) < 0.05 and found["duplicates"]["found"] > 0.9
