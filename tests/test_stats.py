"""Statistics against published numbers (named beside each) and against what must hold for any data."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamen_analysis import stats

# Freireich EJ et al., Blood 1963;21:699, as printed in Gehan EA, Biometrika 1965;52:203: weeks of remission, 6-mercaptopurine and placebo.
MERCAPTOPURINE = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
# The BCG trials (Colditz GA et al., JAMA 1994;271:698) as in R's metafor::dat.bcg: tpos, tneg, cpos, cneg.
BCG = np.array([
    [4, 119, 11, 128], [6, 300, 29, 274], [3, 228, 11, 209], [62, 13536, 248, 12619], [33, 5036, 47, 5761], [180, 1361, 372, 1079],
    [8, 2537, 10, 619], [505, 87886, 499, 87892], [29, 7470, 45, 7232], [17, 1699, 65, 1600], [186, 50448, 141, 27197], [5, 2493, 3, 2338],
    [27, 16886, 29, 17825]], dtype=float)


@pytest.mark.parametrize(("n", "of", "low", "high"), [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611),
                                                       (1, 29, 0.0061, 0.1718)])
def test_wilson_gives_newcombes_table(n: int, of: int, low: float, high: float) -> None:
    """The four examples of Newcombe, Stat Med 1998;17:857, table I, method 3, come out to four places."""
    got = stats.wilson(n, of)
    assert (round(float(got[0]), 4), round(float(got[1]), 4)) == (low, high)


def test_wilson_of_nothing_is_missing() -> None:
    """No denominator gives no interval, beside others that have one."""
    low, high = stats.wilson([0, 3], [0, 10])
    assert np.isnan(low[0])
    assert np.isnan(high[0])
    assert 0 < low[1] < 0.3 < high[1]


@given(st.integers(1, 500), st.data())
def test_wilson_holds_the_share(of: int, data: st.DataObject) -> None:
    """The interval lies within 0..1, holds the share, and mirrors when successes and failures change places."""
    n = data.draw(st.integers(0, of))
    low, high = stats.wilson(n, of)
    assert 0 <= low <= n / of <= high <= 1
    other = stats.wilson(of - n, of)
    assert np.allclose([low, high], [1 - other[1], 1 - other[0]])


def test_newcombe_gives_his_difference() -> None:
    """56/70 against 48/80 gives 0.0524 to 0.3339 (Newcombe, Stat Med 1998;17:873, table II, method 10, example a)."""
    gap, low, high = stats.newcombe(56, 70, 48, 80)
    assert round(float(gap), 4) == 0.2
    assert (round(float(low), 4), round(float(high), 4)) == (0.0524, 0.3339)


def test_kaplan_meier_gives_the_leukaemia_curve() -> None:
    """Remission under 6-MP: 0.857 0.807 0.753 0.690 0.627 0.538 0.448 at weeks 6 7 10 13 16 22 23 (Gehan 1965; R survival)."""
    curve = stats.kaplan_meier(MERCAPTOPURINE, RELAPSED)
    assert curve.day.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert np.round(1 - curve.share, 3).tolist() == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert curve.at_risk(curve.day).tolist() == [21, 17, 15, 12, 11, 7, 6]


def test_median_remission() -> None:
    """Median remission is 23 weeks under 6-MP, its upper limit not reached, and 8 weeks under placebo (R survival)."""
    value, low, high = stats.quantile_day(stats.kaplan_meier(MERCAPTOPURINE, RELAPSED))
    assert value == 23
    assert low < 23
    assert np.isnan(high)
    assert stats.quantile_day(stats.kaplan_meier(PLACEBO, [1] * 21))[0] == 8


def test_logrank_gives_the_leukaemia_chi_squared() -> None:
    """6-MP against placebo: chi-squared 16.79 on 1 degree of freedom (Kleinbaum & Klein, Survival Analysis, chapter 2)."""
    chi, p = stats.logrank(MERCAPTOPURINE + PLACEBO, RELAPSED + [1] * 21, [0] * 21 + [1] * 21)
    assert round(chi, 2) == 16.79
    assert p < 0.0001


def test_logrank_needs_two_groups() -> None:
    """One group has nothing to be compared with."""
    assert np.isnan(stats.logrank([1, 2], [1, 1], [0, 0])[1])


def test_restricted_mean_is_the_area() -> None:
    """Without censoring the restricted mean is the mean of the times cut at the limit."""
    curve = stats.kaplan_meier(PLACEBO, [1] * 21)
    assert stats.restricted_mean(curve, 10) == pytest.approx(np.minimum(PLACEBO, 10).mean())
    assert stats.restricted_mean(curve, 24) == pytest.approx(np.mean(PLACEBO))
    assert np.isnan(stats.restricted_mean(stats.kaplan_meier(MERCAPTOPURINE, RELAPSED), 36))


def test_cumulative_incidence_by_hand_with_ties() -> None:
    """Six spells with tied causes and a censoring, worked by hand: 1/6, 1/3, 7/12 and 1/6, 5/12."""
    first, second = stats.cumulative_incidence([1, 2, 2, 3, 4, 5], [1, 1, 2, 0, 2, 1], 2)
    assert np.allclose(first.share, [1 / 6, 1 / 3, 1 / 3 + 1 / 4])
    assert np.allclose(second.share, [1 / 6, 1 / 6 + 1 / 4])


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3)), min_size=1, max_size=60))
def test_incidences_add_to_one_less_survival(spells: list[tuple[int, int]]) -> None:
    """On any data the causes' incidences add up to 1 - Kaplan–Meier of any event at all."""
    time, kind = [t for t, _ in spells], [k for _, k in spells]
    days = np.arange(max(time) + 1)
    total = sum(stats.at_day(curve, days)[0] for curve in stats.cumulative_incidence(time, kind, 3))
    assert np.allclose(total, stats.at_day(stats.kaplan_meier(time, [k > 0 for k in kind]), days)[0])


def test_past_the_last_sight_nothing_is_known() -> None:
    """A curve is not read past the last day anybody was watched, starts at 0 with an upper limit, and stays when nobody is left."""
    curve = stats.kaplan_meier([5, 8, 9], [1, 0, 0])
    share, low, high = stats.at_day(curve, [1, 9, 10])
    assert share[0] == low[0] == 0
    assert 0 < high[0] < 1
    assert share[1] == pytest.approx(1 / 3)
    assert np.isnan(share[2])
    assert stats.at_day(stats.kaplan_meier([5, 8], [1, 1]), 99)[0] == 1


def test_no_events_gives_a_flat_curve() -> None:
    """Spells without any event give an empty curve that reads as 0 while watched."""
    for curve in (stats.kaplan_meier([3, 4], [0, 0]), *stats.cumulative_incidence([3, 4], [0, 0], 2)):
        assert curve.day.size == 0
        assert stats.at_day(curve, 3)[0] == 0


def test_benjamini_hochberg_rejects_their_four() -> None:
    """Of the 15 p-values of Benjamini & Hochberg 1995, section 3, the procedure at 5% rejects the first four; a missing p stays missing."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert int((stats.benjamini_hochberg(p) <= 0.05).sum()) == 4
    assert int((stats.holm(p) <= 0.05).sum()) == 3
    assert np.isnan(stats.benjamini_hochberg([0.01, float("nan")])).tolist() == [False, True]


def test_dersimonian_laird_gives_the_bcg_variance() -> None:
    """The between-trial variance of the BCG log risk ratios is 0.3088 (metafor, rma(method="DL"))."""
    a, b, c, d = BCG.T
    y, v = np.log(a / (a + b) / (c / (c + d))), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    assert round(stats.tau_squared(y, v), 4) == 0.3088
    assert stats.tau_squared(y[:1], v[:1]) == 0


def test_funnel_is_wide_only_when_units_differ() -> None:
    """Units drawn from one share need no widening beyond chance; units drawn from many shares do, and it covers most of them."""
    rng = np.random.default_rng(4)
    of = rng.integers(50, 400, 60)
    same = stats.funnel_limits(rng.binomial(of, 0.3), of, of)
    assert same["tau2"] < 0.001
    n = rng.binomial(of, rng.beta(6, 14, 60))
    wide = stats.funnel_limits(n, of, of)
    assert wide["tau2"] > 0.005

    def inside(kind: str) -> float:
        return float(((n / of >= wide[f"low{kind}"]) & (n / of <= wide[f"high{kind}"])).mean())

    assert inside("") < 0.6
    assert inside("_wide") > 0.8  # winsorising a tenth at each end keeps it somewhat under 0.95
    assert np.isnan(stats.funnel_limits([], [], [100])["low"]).all()


def test_over_dispersion_is_the_moment_estimate() -> None:
    """tau2 of twelve units is (I·phi - (I-1)) / (sum w - sum w²/sum w), phi from z winsorised at a tenth (Spiegelhalter 2005)."""
    n, of = np.array([5, 50, 2, 9, 30, 22, 14, 8, 61, 3, 19, 40]), np.array([20, 100, 40, 50, 60, 80, 90, 30, 120, 35, 45, 70])
    root = [math.asin(math.sqrt(a / b)) for a, b in zip(n, of, strict=True)]
    centre = math.asin(math.sqrt(n.sum() / of.sum()))
    z = sorted((r - centre) * 2 * math.sqrt(b) for r, b in zip(root, of, strict=True))
    low, high = np.quantile(z, 0.1), np.quantile(z, 0.9)
    phi = sum(min(max(each, low), high) ** 2 for each in z) / 12
    w = [4 * b for b in of]
    assert stats.funnel_limits(n, of, of)["tau2"] == pytest.approx((12 * phi - 11) / (sum(w) - sum(x * x for x in w) / sum(w)))


def test_shrinkage_pulls_small_units_most() -> None:
    """A small unit moves further towards the pooled share than a large one with the same share; equal units sit on it."""
    share, low, high = stats.shrink([8, 80, 30, 300], [10, 100, 100, 1000])
    pooled = 418 / 1210
    assert 0.8 > share[1] > share[0] > pooled
    assert (low < share).all()
    assert (share < high).all()
    assert np.allclose(stats.shrink([3, 30], [10, 100])[0], 0.3)


def test_shrinkage_finds_a_known_spread() -> None:
    """Shares drawn from Beta(4, 16) with plenty of data give back its weight of 20 within a quarter: shrunk = (n + 20·mean)/(of + 20)."""
    rng = np.random.default_rng(5)
    of = np.full(3000, 200)
    n = rng.binomial(of, rng.beta(4, 16, 3000))
    got = stats.shrink(n, of)[0]
    weight = np.median((n / of - got) / (got - n.sum() / of.sum()) * 200)
    assert 15 < weight < 25


def test_ranks_are_sure_only_where_units_differ() -> None:
    """Clearly different shares have one rank each; equal ones could hold any."""
    low, high = stats.rank_interval([10, 500, 900], [1000, 1000, 1000])
    assert low.tolist() == high.tolist() == [3, 2, 1]
    low, high = stats.rank_interval([50, 50, 50], [100, 100, 100])
    assert (low == 1).all()
    assert (high == 3).all()
    assert stats.rank_interval([], [])[0].size == 0


@pytest.mark.parametrize("n", [7, 8, 31])
def test_bootstrap_median_is_the_resampled_one(n: int) -> None:
    """The shortcut's interval is that of medians of real resamples, for odd and even n."""
    values = np.sort(np.random.default_rng(6).lognormal(5, 1, n))
    resampled = np.median(np.random.default_rng(7).choice(values, (20000, n)), axis=1)
    got = stats.bootstrap_median(values, draws=20000)
    assert np.allclose(np.searchsorted(values, got), np.searchsorted(values, np.quantile(resampled, [0.025, 0.975])), atol=1)
    assert np.isnan(stats.bootstrap_median([1.0])[0])


def test_equal_shares_are_never_told_apart() -> None:
    """The score test gives 1 for equal shares, also where both are 0; 40/100 against 60/100 gives 0.0047 (z = 2.828)."""
    p = stats.two_proportions([5, 0, 40], [10, 10, 100], [50, 0, 60], [100, 30, 100])
    assert p[0] == pytest.approx(1)
    assert p[1] == 1
    assert round(float(p[2]), 4) == 0.0047
