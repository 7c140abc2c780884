"""Statistics against the numbers of R's and of their authors' own programs; each test names the program and its version."""

from __future__ import annotations

import numpy as np
import pytest

from kamen_analysis import stats

# Salmonella agona in the UK, weekly cases 1990-1995 (R: surveillance::salmonella.agona, the data of Farrington CP et al., J R Stat Soc A
# 1996;159:547); one character a week, A standing for 10.
AGONA = np.array([float(int(each, 36)) for each in (
    "1052120400031100220263212011353436586362521571A34001602200220671000114313263448C9HG86D47A3B464762923412200122250042132011301323621"
    "3322213323024673141251310133001101411001141012143303533433345765321321211001101432010311440142011011254021136176257545661225416253"
    "476A240301301101010122476146424559863234334421232204")])
# Scrucca L et al., Bone Marrow Transplant 2007;40:381: months, and what ended them (1 death by the treatment, 2 relapse).
MONTHS = [13, 1, 72, 7, 8, 67, 9, 5, 70, 4, 7, 68, 1, 10, 7, 3, 4, 4, 3, 3, 22, 8, 2, 0, 0, 35, 35, 4, 14, 26, 3, 2, 8, 32, 12]
ENDED = [2, 1, 0, 2, 2, 0, 2, 2, 0, 0, 0, 0, 2, 2, 2, 1, 1, 1, 1, 1, 2, 1, 2, 2, 1, 0, 0, 2, 2, 2, 2, 0, 0, 0, 1]
Z_999 = 3.090232306  # earsC's bound: alpha 0.001


def test_farrington_gives_the_expected_counts_of_surveillance() -> None:
    """Weeks 264 to 312, among them five in which far weeks weigh less: farringtonFlexible(noPeriods=1, b=5, w=3, weightsThreshold=2.58,
    pastWeeksNotIncluded=3, pThresholdTrend=1, trend=TRUE, thresholdMethod="nbPlugin")@control$expected, R 4.2.2, surveillance 1.20.3."""
    expected = stats.farrington(AGONA[:, None])[0][:, 0]
    for week, value in {264: 1.36294266, 274: 2.33549150, 285: 2.76927813, 286: 2.61256595, 287: 2.57069513, 294: 3.84296965,
                        300: 4.00455354, 312: 4.58813007}.items():
        assert expected[week - 1] == pytest.approx(value, abs=2e-6)


@pytest.mark.parametrize(("method", "bounds"), [
    ("C1", {82: 16.641532, 83: 23.842187, 86: 24.019812, 87: 24.294925, 88: 25.865011}),
    ("C2", {83: 16.255046, 84: 16.641532, 86: 26.254348, 87: 25.050208, 88: 24.019812})])
def test_ears_has_the_baselines_of_surveillance(method: str, bounds: dict[int, float]) -> None:
    """earsC(method=, baseline=7, minSigma=0, alpha=0.001)@upperbound is mean plus 3.09 spreads; value tells the spread where it is more
    than Poisson's: surveillance 1.20.3."""
    mean, value, _ = (each[:, 0] for each in stats.ears(AGONA[:, None], method))
    for week, bound in bounds.items():
        at = week - 1
        spread = (AGONA[at] - mean[at]) / value[at] / np.sqrt(8 / 7)
        assert mean[at] + Z_999 * spread == pytest.approx(bound, abs=2e-5)


def test_ears_c3_sums_like_surveillance() -> None:
    """The bound of earsC(method="C3") is the count and 3.09 spreads, less what the two weeks before exceed 1 by: surveillance 1.20.3."""
    mean, value, _ = (each[:, 0] for each in stats.ears(AGONA[:, None], "C2"))
    own = value * np.sqrt(8 / 7)  # earsC leaves the doubt about the mean out
    for week, bound in {85: 11.455092, 86: 29.254348, 87: 18.478779, 88: 20.162669}.items():
        at = week - 1
        spread = (AGONA[at] - mean[at]) / own[at]
        before = np.maximum(own[[at - 1, at - 2]] - 1, 0).sum()
        assert AGONA[at] + spread * (Z_999 - before) == pytest.approx(bound, abs=2e-5)
    total = stats.ears(AGONA[:, None], "C3")[1][:, 0]
    assert total[83] == pytest.approx(np.maximum(value[81:84] - 1, 0).sum())


def test_over_dispersion_gives_the_tau2_of_funnelplotr() -> None:
    """Twelve units put through the steps of FunnelPlotR's od_adjustment.R and od_limits.R (PR, winsorised at a tenth), R 4.2.2: tau² and
    the 99.8% limits; the chance limits are sin(target ± 1.96/(2·sqrt(of)))²."""
    n, of = [5, 50, 2, 9, 30, 22, 14, 8, 61, 3, 19, 40], [20, 100, 40, 50, 60, 80, 90, 30, 120, 35, 45, 70]
    got = stats.funnel_limits(n, of, [20, 100])
    assert got["tau2"] == pytest.approx(0.035198940051, abs=1e-11)
    for key, limits in {"low_wide": [0, 0.001497109], "high_wide": [0.935304571, 0.893716258], "low": [0.165954217, 0.264962334],
                        "high": [0.572187607, 0.451385260]}.items():
        assert got[key] == pytest.approx(limits, abs=1e-8)


def test_corrected_mean_gives_the_value_of_ppi_python() -> None:
    """Forty coded and 403 other units: with our weight ppi_mean_pointestimate and ppi_mean_ci of ppi-python 0.2.3 (lam=0.6931097495431582)
    give 0.3053316134580243, 0.20770340 to 0.40295982; our interval is a little wider, for mistakes the sample did not meet."""
    coded = [int(each) for each in "1001101000100100001010000100100100001000"]
    guessed = [int(each) for each in "1001001010100100001010010100000100001000"]
    got = stats.corrected_mean(coded, guessed, [1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1] * 31)
    assert got.weight == pytest.approx(0.6931097495431582, abs=1e-12)
    assert got.value == pytest.approx(0.3053316134580243, abs=1e-12)
    assert 0.203 < got.low < 0.20770340 < 0.40295982 < got.high < 0.413


def test_cumulative_incidence_gives_the_numbers_of_cmprsk() -> None:
    """timepoints(cuminc(months, ended), c(3, 7, 12, 30))$est, R 4.2.2, cmprsk 2.2-11, and survfit's pstate, survival 3.5-3."""
    curves = stats.cumulative_incidence(MONTHS, ENDED, 2)
    for curve, shares in zip(curves, ([0.145812807882, 0.204926108374, 0.272838987812, 0.272838987812],
                                      [0.115270935961, 0.237719915552, 0.340760146423, 0.481269552156]), strict=True):
        assert stats.at_day(curve, [3, 7, 12, 30])[0] == pytest.approx(shares, abs=1e-11)


def test_kaplan_meier_gives_the_log_log_limits_of_survival() -> None:
    """6-MP (Gehan 1965): survfit(conf.type="log-log"), survival 3.5-3: limits of the share at each event, median 23 (13 to not reached)."""
    weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    curve = stats.kaplan_meier(weeks, [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0])
    assert curve.low == pytest.approx([0.04844825235, 0.07719098080, 0.11063816483, 0.15093403665, 0.19508781053, 0.25320928236,
                                       0.31985737150], abs=1e-9)
    assert curve.high == pytest.approx([0.3802820447, 0.4368534354, 0.4968004892, 0.5683897775, 0.6324891440, 0.7322210632, 0.8119479940],
                                       abs=1e-9)
    median = stats.quantile_day(curve)
    assert median[:2] == (23, 13)
    assert np.isnan(median[2])


def test_arrivals_give_the_curve_of_survival() -> None:
    """Delays in reversed time are left-truncated: survfit(Surv(8 - age - 0.5, 8 - delay, 1)), survival 3.5-3; errors are of the log."""
    law = stats.arrived([0, 0, 1, 3, 2, 0, 5, 1, 4, 0, 2, 6, 1, 0, 3], [9, 8, 8, 7, 7, 6, 6, 5, 5, 4, 4, 9, 3, 2, 3], 8)
    assert law.chance[:6] == pytest.approx([0.2863636364, 0.4581818182, 0.5727272727, 0.7, 0.7777777778, 0.875], abs=1e-9)
    assert np.sqrt(np.cumsum(law.doubt[::-1])[::-1][1:7]) == pytest.approx(
        [0.4038058482, 0.2967476420, 0.2511158359, 0.2070196678, 0.1781741613, 0.1336306210], abs=1e-9)


def test_adjusted_p_are_those_of_p_adjust() -> None:
    """The fifteen p of Benjamini & Hochberg 1995: R's p.adjust by "BH" and by "holm"."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert stats.benjamini_hochberg(p) == pytest.approx([
        0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.06385714286, 0.06385714286, 0.0645, 0.0765, 0.486, 0.58118181818, 0.714875,
        0.75323076923, 0.81321428571, 1], abs=1e-10)
    assert stats.holm(p)[:9] == pytest.approx([0.0015, 0.0056, 0.0247, 0.1140, 0.2211, 0.2780, 0.2780, 0.2780, 0.3213])


def test_two_proportions_gives_the_p_of_prop_test() -> None:
    """56 of 70 against 48 of 80: prop.test(correct=FALSE) of R 4.2.2 gives 0.0080450813682."""
    assert float(stats.two_proportions(56, 70, 48, 80)) == pytest.approx(0.0080450813682, abs=1e-12)


def test_shrinkage_by_hand() -> None:
    """Three units of ten with 2, 5 and 8: mean 0.5, between them 1.8, so rho = (1.8/0.25 - 2)/(20 - 2) and the prior weighs 1/rho - 1
    (Kleinman 1973, moments with the units' own sizes as weights)."""
    weight = 1 / ((1.8 / 0.25 - 2) / 18) - 1
    assert stats.shrink([2, 5, 8], [10, 10, 10])[0] == pytest.approx([(n + weight / 2) / (10 + weight) for n in (2, 5, 8)])
