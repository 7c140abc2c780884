"""Numbers are written in one way."""

from __future__ import annotations

import pandas as pd
import pytest

from kamen_analysis.report import numbers


def test_a_share_reads_as_the_style_says() -> None:
    """A share carries its interval and its denominator; without one it says the sample is too small."""
    assert numbers.share(0.3121, 0.284, 0.3412, 1204) == "31.2%（95% 区间 28.4–34.1，n=1,204）"
    assert numbers.share(float("nan"), float("nan"), float("nan"), 12) == "样本不足（n=12）"


@pytest.mark.parametrize(("value", "text"), [
    (0.0, "0.0%"), (1.0, "100.0%"), (0.0005, "0.1%"), (0.00125, "0.1%"), (0.1225, "12.3%"), (0.9995, "100.0%")])
def test_halves_round_away_from_zero(value: float, text: str) -> None:
    """Rounding is the reader's, not the machine's half-to-even."""
    assert numbers.percent(value) == text


@pytest.mark.parametrize(("value", "text"), [(250499.5, "250,499.50 元"), (132.0, "132 元"), (0.0, "0 元"), (None, "—")])
def test_yuan(value: float | None, text: str) -> None:
    """Amounts carry their unit, and cents only where there are cents."""
    assert numbers.yuan(value) == text


def test_points_are_signed_and_named() -> None:
    """A change of shares is said in 百分点, with its sign; nothing is neither up nor down."""
    assert numbers.points_interval(0.021, -0.004, 0.046) == "+2.1 个百分点（95% 区间 -0.4 至 +4.6）"
    assert numbers.points(-0.00001) == "0.0 个百分点"


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
def test_missing_is_a_dash(missing: object) -> None:
    """Whatever stands for "not known" is a dash in every form."""
    for write in (numbers.count, numbers.percent, numbers.yuan, numbers.days, numbers.date, numbers.moment, numbers.points, numbers.ratio):
        assert write(missing) == "—"
