"""Gray's test, log-rank and restricted waits against the numbers of R, and against permutations and plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from kamen_analysis import stats

# Thirty-five patients with acute leukaemia after a transplant (Scrucca L et al., Bone Marrow Transplant 2007;40:381): disease (0 ALL,
# 1 AML), months, and what ended them (0 censored, 1 death by the treatment, 2 relapse).
# Reference values: R 4.2.2, cmprsk 2.2-11, survival 3.5-3.
DISEASE = [0, 0, 0, 0, 0, 1, 0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1, 0]
MONTHS = [13, 1, 72, 7, 8, 67, 9, 5, 70, 4, 7, 68, 1, 10, 7, 3, 4, 4, 3, 3, 22, 8, 2, 0, 0, 35, 35, 4, 14, 26, 3, 2, 8, 32, 12]
ENDED = [2, 1, 0, 2, 2, 0, 2, 2, 0, 0, 0, 0, 2, 2, 2, 1, 1, 1, 1, 1, 2, 1, 2, 2, 1, 0, 0, 2, 2, 2, 2, 0, 0, 0, 1]
SIX_MP = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(("which", "chi", "p"), [(1, 1.301634544, 0.253914871158), (2, 7.082278025, 0.007784998015)])
def test_gray_gives_the_numbers_of_cmprsk(which: int, chi: float, p: float) -> None:
    """ALL against AML: cuminc(months, ended, disease)$Tests for both events, to nine places; ties and all."""
    got = stats.gray(MONTHS, ENDED, DISEASE, which)
    assert got == (pytest.approx(chi, abs=1e-8), pytest.approx(p, abs=1e-9))


@pytest.mark.parametrize(("which", "chi", "p"), [(1, 2.591048691, 0.2737542849), (2, 1.011375464, 0.6030906679)])
def test_gray_of_three_groups_gives_the_numbers_of_cmprsk(which: int, chi: float, p: float) -> None:
    """Patients dealt into three groups by their place in the list: the same test on two degrees of freedom."""
    got = stats.gray(MONTHS, ENDED, np.arange(1, 36) % 3, which)
    assert got == (pytest.approx(chi, abs=1e-8), pytest.approx(p, abs=1e-9))


def test_gray_agrees_with_permutations() -> None:
    """Groups that differ by a little: the p-value is close to how often random groups give as large a statistic."""
    rng = np.random.default_rng(5)
    time, group = rng.integers(1, 40, 160).astype(float), np.repeat([0, 1], 80)
    kind = np.where(rng.random(160) < 0.3, 0, np.where(rng.random(160) < np.where(group == 1, 0.75, 0.45), 1, 2))
    chi, p = stats.gray(time, kind, group)
    drawn = np.array([stats.gray(time, kind, rng.permutation(group))[0] for _ in range(500)])
    assert 0.001 < p < 0.5
    assert float((drawn >= chi).mean()) == pytest.approx(p, abs=0.04)


def test_gray_needs_two_groups_and_an_event() -> None:
    """One group, or nothing that happened, gives no test."""
    assert np.isnan(stats.gray([1, 2, 3], [1, 1, 0], [0, 0, 0])).all()
    assert np.isnan(stats.gray([1, 2, 3, 4], [0, 2, 0, 2], [0, 0, 1, 1])).all()


def test_logrank_from_counts_is_the_usual_one() -> None:
    """From counts by day and group the statistic is statsmodels' from spells, for four groups with ties."""
    rng = np.random.default_rng(6)
    time, event, group = rng.integers(1, 30, 300), rng.random(300) < 0.6, rng.integers(0, 4, 300)
    assert stats.logrank_spells(stats.count_spells(time, event.astype(int), group)) == pytest.approx(stats.logrank(time, event, group))


def test_incidence_from_counts_is_the_usual_one() -> None:
    """Share and interval by a day are those of the Aalen–Johansen curve fitted to each group alone; the rest is all other groups."""
    rng = np.random.default_rng(7)
    time, kind, group = rng.integers(1, 60, 400).astype(float), rng.integers(0, 4, 400), rng.integers(0, 3, 400)
    spells = stats.count_spells(time, kind, group, which=2)
    for counts, inside in ((spells, lambda g: group == g), (spells.rest(), lambda g: group != g)):
        got = stats.incidence_at(counts, 30)
        for g in range(3):
            curve = stats.cumulative_incidence(time[inside(g)], kind[inside(g)], 3)[1]
            assert [float(each[g]) for each in got] == pytest.approx([float(each) for each in stats.at_day(curve, 30)])


def test_restricted_wait_gives_the_numbers_of_survival() -> None:
    """6-MP within 20 weeks: 16.11652661, standard error 1.251560196 (survfit, rmean=20); transplant: 6.97032271 and 9.992902383 of 30."""
    mean, low, high = stats.restricted_wait(SIX_MP, RELAPSED, 20)
    assert mean == pytest.approx(16.11652661, abs=1e-7)
    assert (high - low) / 2 / 1.959963985 == pytest.approx(1.251560196, abs=1e-7)
    assert stats.restricted_mean(stats.kaplan_meier(SIX_MP, RELAPSED), 20) == pytest.approx(mean)
    lost = [30 - stats.restricted_wait(MONTHS, ENDED, 30, which)[0] for which in (1, 2)]
    assert lost == pytest.approx([6.970322710, 9.992902383], abs=1e-8)


def test_restricted_wait_spreads_like_its_bootstrap() -> None:
    """With competing events the half-width is 1.96 times the spread of the mean over resamples, within a tenth."""
    rng = np.random.default_rng(8)
    time, kind = rng.exponential(30, 400).round(), rng.integers(0, 3, 400)
    mean, low, high = stats.restricted_wait(time, kind, 40, 2)
    again = [stats.restricted_wait(time[pick], kind[pick], 40, 2)[0] for pick in rng.integers(0, 400, (400, 400))]
    assert (high - low) / 2 == pytest.approx(1.96 * np.std(again), rel=0.1)
    assert mean == pytest.approx(np.mean(again), abs=0.2)


def test_restricted_wait_past_all_watching_is_not_known() -> None:
    """Nobody was watched forty weeks: no mean; and where all ended before, it is known for ever."""
    assert np.isnan(stats.restricted_wait(SIX_MP, RELAPSED, 40)).all()
    assert stats.restricted_wait([1, 2, 3], [1, 1, 1], 40)[0] == pytest.approx(2)


def test_skewed_tails_are_those_of_many_dealings() -> None:
    """Forty among two thousand: each far tail lies between "more than" and "at least" of 100,000 dealings, the normal one under both."""
    rng = np.random.default_rng(9)
    time, group = rng.integers(1, 25, 2000), (np.arange(2000) >= 40).astype(int)
    spells = stats.count_spells(time, (rng.random(2000) < 0.15).astype(int), group)
    at_risk, dead = spells.at_risk.astype(int), spells.events.sum(axis=1).astype(int)
    drawn = rng.hypergeometric(at_risk[:, 0], at_risk[:, 1], dead, (100_000, len(dead))).sum(axis=1)
    skew = stats.skewness(spells.at_risk, spells.events.sum(axis=1))
    assert skew == pytest.approx(float((((drawn - drawn.mean()) / drawn.std()) ** 3).mean()), abs=0.02)
    assert skew > 0.2
    far = np.arange(int(drawn.mean() + 2 * drawn.std()), int(drawn.mean() + 4 * drawn.std()))
    z = (far - drawn.mean()) / drawn.std()
    more, least = (np.array([(drawn >= each + step).mean() for each in far]) for step in (1, 0))
    p = np.array([stats.two_tails(each, skew) / 2 for each in z])
    assert ((more < p) & (p < least)).all()
    assert (norm.sf(z[-3:]) < more[-3:]).all()


def test_without_skew_the_tails_are_chi_squared() -> None:
    """Two equal groups: the small-sample p of both tests is the asymptotic one; the transplant patients' differs in the third place."""
    time, kind = np.tile(np.arange(1, 41), 2), np.tile([1, 2, 0, 1], 20)
    spells = stats.count_spells(np.append(time, 50), np.append(kind, 1), np.repeat([0, 1], [40, 41]))
    assert stats.gray_test(spells).p == pytest.approx(stats.gray_spells(spells)[1], abs=0.01)
    assert stats.logrank_test(spells).p == pytest.approx(stats.logrank_spells(spells)[1], abs=0.01)
    assert stats.two_tails(1.959963985, 0.0) == pytest.approx(0.05)
    assert stats.two_tails(3.0, 0.4) > stats.two_tails(3.0, 0.0) > stats.two_tails(3.0, -0.4)
    assert np.isnan(stats.gray_test(stats.count_spells([1, 2, 3, 4], [0, 2, 0, 2], [0, 0, 1, 1])).p)
