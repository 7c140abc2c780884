"""The expected values in closed form are what the draws come to."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from kamen_analysis.world import draw, truth

Z_MAX = 4.5  # for a fixed seed and some forty comparisons
DAYS = [1, 3, 7, 15, 30, 60]


def firsts(world: draw.World) -> np.ndarray:
    """Return the rows of the complaints that repeat no other."""
    return world.posts.index[(world.posts["post_type"] == "complaint") & (world.posts["dup_kind"] == "first")].to_numpy()


def share_by(world: draw.World, rows: np.ndarray, kind: str, day: float) -> float:
    """Return the share of `rows` that came to `kind` within `day` days, whether the board shows it yet or not."""
    steps = world.events[(world.events["kind"] == kind) & world.events["row"].isin(rows)]
    took = (steps["at"].to_numpy() - world.posts["posted_at"].to_numpy()[steps["row"]]) / np.timedelta64(1, "D")
    return float((took <= day).sum() / len(rows))


def near(seen: float, expected: float, n: int) -> bool:
    """Say whether an observed share is within chance of the expected one."""
    return abs(seen - expected) <= Z_MAX * np.sqrt(max(expected * (1 - expected), 1 / n) / n)


def test_incidence_and_reply_match_the_draws(large: draw.World) -> None:
    """Every ending's cumulative incidence and the share replied to are within chance of the closed form at every day."""
    rows = firsts(large)
    for row in truth.incidence(large, DAYS).itertuples():
        assert near(share_by(large, rows, row.kind, row.day), row.share, len(rows)), row
    for day, expected in zip(DAYS, truth.replied(large, DAYS), strict=True):
        assert near(share_by(large, rows, "merchant_replied", day), expected, len(rows)), day


def test_incidence_of_one_platform(large: draw.World) -> None:
    """The largest platform's own incidence is within chance of its own closed form."""
    rows = firsts(large)
    own = rows[large.posts["platform"].to_numpy()[rows] == 0]
    for row in truth.incidence(large, [30], platform=0).itertuples():
        assert near(share_by(large, own, row.kind, row.day), row.share, len(own)), row


def test_prevalence_matches_the_draws(large: draw.World) -> None:
    """The share of complaints telling each tactic is within chance of the enumeration over all chains, in all and for one platform."""
    rows = firsts(large)
    own = rows[large.posts["platform"].to_numpy()[rows] == 0]
    for part, expected in ((rows, truth.prevalence(large)), (own, truth.prevalence(large, 0))):
        for code, share in expected.items():
            assert near(float((large.tactics[part] == code).any(axis=1).mean()), share, len(part)), code


def test_late_listing_matches_the_draws(large: draw.World) -> None:
    """The delay between posting and listing follows its stated distribution, those not yet listed included."""
    posts = large.posts[large.posts["dup_kind"] == "first"]
    delay = (posts["first_seen_at"] - posts["posted_at"]) / pd.Timedelta(days=1)
    limits = (30 / 1440, 1, 5)  # the board tells whole minutes, rounded down
    for day, expected in zip(limits, truth.listed(large, limits), strict=True):
        assert near(float((delay < day - 1e-6).mean()), expected, len(posts)), day


def test_automatic_close_is_exactly_on_time(large: draw.World) -> None:
    """An automatic close comes exactly the stated days after the reply."""
    wide = large.events.pivot_table(index="row", columns="kind", values="at", aggfunc="first")
    both = wide.dropna(subset=["auto_closed"])
    waited = (both["auto_closed"] - both["merchant_replied"]) / pd.Timedelta(days=1)
    assert len(both) > 1000 and np.allclose(waited, large.spec.resolution.auto_close_days, atol=1e-4)


def test_platforms_differ(large: draw.World) -> None:
    """Platforms differ from each other more than chance allows: hidden traits are there to be found."""
    rows = firsts(large)
    replied = np.isin(rows, large.events.loc[large.events["kind"] == "merchant_replied", "row"])
    table = pd.crosstab(large.posts["platform"].to_numpy()[rows], replied)
    assert stats.chi2_contingency(table[table.sum(axis=1) > 100]).pvalue < 1e-12
