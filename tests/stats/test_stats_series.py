"""Alarms, change points, delays and whole numbers: against R's surveillance, against ruptures, against plain loops and simulation."""

from __future__ import annotations

import numpy as np
import pytest
import ruptures
import statsmodels.api as sm

from kamen_analysis import stats


class _Poisson(ruptures.base.BaseCost):  # type: ignore[misc]
    """Minus twice the Poisson log-likelihood of a stretch at its own mean, for the searches of ruptures."""

    model, min_size = "poisson", 4

    def fit(self, signal: np.ndarray) -> _Poisson:
        self.signal = signal
        return self

    def error(self, start: int, end: int) -> float:
        total = float(self.signal[start:end].sum())
        return -2 * total * np.log(total / (end - start)) if total > 0 else 0.0


@pytest.mark.parametrize("seed", range(5))
def test_change_points_are_those_of_pelt(seed: int) -> None:
    """On series with two steps the division is the one ruptures' PELT finds with the same cost and penalty."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(np.repeat([6, 15, 9], [40, 30, 35])).astype(float)
    penalty = 3 * np.log(len(counts)) * stats.dispersion(counts)
    wanted = ruptures.Pelt(custom_cost=_Poisson(), min_size=4, jump=1).fit(counts[:, None]).predict(pen=penalty)
    assert [each.at for each in stats.change_points(counts)] == wanted[:-1]


def test_change_points_are_rare_without_a_change() -> None:
    """Of 100 calm series, Poisson and twice over-dispersed, fewer than five have a change with p under 0.05."""
    rng = np.random.default_rng(3)
    for counts in (rng.poisson(10, (100, 80)), rng.negative_binomial(10, 0.5, (100, 80))):
        assert sum(any(each.p < 0.05 for each in stats.change_points(row, draws=199)) for row in counts) < 5


def test_a_doubled_level_is_found_with_its_ratio() -> None:
    """Forty weeks of 12, then thirty of 24: one change within two weeks of the step, its interval holds 2."""
    counts = np.random.default_rng(10).poisson(np.repeat([12, 24], [40, 30]))
    (found,) = stats.change_points(counts)
    assert abs(found.at - 40) <= 2
    assert found.low < 2 < found.high
    assert found.p < 0.01
    assert stats.change_points([1, 2, 3]) == []


def test_farringtons_tail_is_that_of_surveillance() -> None:
    """P(X >= 11) at mean 5 is 0.03763657 at dispersion 1.5 and 0.01369527 at 1, the bounds 10 and 9: what surveillance's own tests
    hold for its threshold method nbPlugin (tests/testthat/test-farringtonFlexible.R)."""
    assert stats.upper_tail([11, 11], 5, [1.5, 1.0]) == pytest.approx([0.03763657, 0.01369527], abs=1e-8)
    assert stats.upper_bound(5, [1.5, 1.0]).tolist() == [10, 9]


def test_quasi_poisson_is_the_generalised_linear_model() -> None:
    """Slope, level, dispersion and the level's variance of five series at once are those statsmodels' GLM gives one by one, with and
    without trend."""
    rng = np.random.default_rng(5)
    time = np.repeat([-3, -2, -1], 7) + np.tile(np.arange(-3, 4) / 52, 3)
    counts = rng.negative_binomial(4, 0.3, (21, 5)).astype(float)
    for with_trend in (True, False):
        slope, level, phi, variance = stats.quasi_poisson(counts, time, np.ones(counts.shape), with_trend)
        for i in range(5):
            design = sm.add_constant(time) if with_trend else np.ones((21, 1))
            model = sm.GLM(counts[:, i], design, family=sm.families.Poisson()).fit(scale="X2")
            assert level[i] == pytest.approx(model.params[0], abs=1e-6)
            assert slope[i] == pytest.approx(model.params[1] if with_trend else 0.0, abs=1e-6)
            assert phi[i] == pytest.approx(max(1.0, model.scale), abs=1e-6)
            assert variance[i] == pytest.approx(phi[i] / model.scale * model.bse[0] ** 2, rel=1e-4)


def test_farrington_looks_at_the_same_weeks_of_earlier_years() -> None:
    """A yearly peak is expected and no alarm; the same height out of season is; two years and three weeks are needed."""
    year = np.where(np.arange(52) % 52 < 4, 30.0, 10.0)
    rng = np.random.default_rng(6)
    counts = rng.poisson(np.tile(year, 5)).astype(float)
    counts[230] = 32
    expected, value, p = (each[:, 0] for each in stats.farrington(counts[:, None]))
    assert np.isnan(p[: 2 * 52 + 3]).all()
    assert np.isfinite(p[2 * 52 + 3:]).all()
    assert p[230] < 1e-4
    assert value[230] > 1
    assert p[208:212].min() > 0.001
    assert expected[209] > 18 > 15 > expected[230]


def test_ears_by_hand() -> None:
    """C1 and C2 are the excess over the mean of seven weeks before, without and with two weeks between; C3 adds three weeks' C2 above 1."""
    counts = np.array([10, 12, 9, 11, 10, 8, 12, 11, 13, 30, 14], dtype=float)[:, None]
    (m1, v1, _), (m2, v2, p2), (_, v3, p3) = (stats.ears(counts, each) for each in ("C1", "C2", "C3"))
    assert m1[9, 0] == pytest.approx(counts[2:9, 0].mean())
    assert m2[9, 0] == pytest.approx(counts[0:7, 0].mean())
    spread = np.sqrt(max(counts[0:7, 0].var(ddof=1), m2[9, 0]) * 8 / 7)
    assert v2[9, 0] == pytest.approx((30 - m2[9, 0]) / spread)
    assert v1[9, 0] != v2[9, 0]
    assert np.isnan(v2[8, 0])
    assert np.isnan(v3[10, 0])
    assert p2[9, 0] < 0.01
    long = np.concatenate([np.random.default_rng(1).poisson(10, 30), [20, 22, 25]]).astype(float)[:, None]
    _, each, _ = stats.ears(long, "C2")
    _, total, p = stats.ears(long, "C3")
    assert total[-1, 0] == pytest.approx(np.maximum(each[-3:, 0] - 1, 0).sum())
    assert p[-1, 0] < 0.01 < p[20, 0]


@pytest.mark.parametrize("method", ["C1", "C2", "C3"])
def test_ears_rarely_cries_wolf(method: str) -> None:
    """On calm Poisson weeks of any level p is under 0.05 in at most one week in twenty."""
    rng = np.random.default_rng(9)
    for level in (2, 8, 40):
        p = stats.ears(rng.poisson(level, (200, 200)), method)[2]
        assert np.nanmean(p < 0.05) <= 0.05


def test_whole_intervals_hold_95_percent_on_average() -> None:
    """Over Poisson counts of many means the intervals' probability averages 0.95 within one point, where "at least" would be above."""
    means = np.linspace(0.3, 30, 200)
    mass = np.exp(-means[:, None] + np.arange(80) * np.log(means[:, None]) - np.cumsum(np.log(np.maximum(np.arange(80), 1))))
    low, high = stats.whole_interval(mass)
    held = [row[a:b + 1].sum() for row, a, b in zip(mass, low, high, strict=True)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.01)
    assert (low <= means).all()
    assert (means <= high + 1).all()
    assert [int(each[0]) for each in stats.whole_interval([[0.02, 0.96, 0.02]])] == [1, 1]


def test_arrival_by_hand() -> None:
    """Three units watched two days or more, delays 0, 1 and 2, and one watched a day that came at once: reversed time, worked by hand."""
    law = stats.arrived([0, 1, 2, 0], [5, 5, 5, 1], 2)
    assert law.chance.tolist() == pytest.approx([2 / 3 * 2 / 3, 2 / 3, 1.0])
    assert law.doubt[2] == pytest.approx((1 / 3) / (2 / 3 * 3))


@pytest.mark.parametrize(("p", "hit", "false", "n"), [(0.1, 1.0, 0.0, 100), (0.1, 0.98, 0.002, 200), (0.2, 0.9, 0.01, 100),
                                                       (0.3, 0.85, 0.03, 60)])
def test_corrected_shares_hold_the_truth_with_few_mistakes(p: float, hit: float, false: float, n: int) -> None:
    """With a machine that hardly errs, and samples of 60 to 200, at least 93% of the intervals hold the truth."""
    rng, held = np.random.default_rng(10), 0
    for _ in range(400):
        truth = rng.random(n + 4000) < p
        machine = np.where(truth, rng.random(n + 4000) < hit, rng.random(n + 4000) < false)
        got = stats.corrected_mean(truth[:n], machine[:n], machine[n:])
        held += got.low <= p <= got.high
    assert held / 400 >= 0.93
