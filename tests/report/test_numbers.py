"""Numbers are written in one way."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from kamen_analysis.charts import numbers


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


def test_charts_tell_a_share_with_its_unit() -> None:
    """In a chart's sentence the interval carries the unit and is left out where it is missing; sums are told to the yuan."""
    row = SimpleNamespace(share=0.3117, low=0.284, high=0.341, of=1204)
    assert numbers.measured(row) == "31.2%（95% 区间 28.4–34.1%，n=1,204）"
    assert numbers.measured(SimpleNamespace(share=0.3117, low=float("nan"), high=0.341, of=1204)) == "31.2%（n=1,204）"
    assert (numbers.whole_yuan(1145.9), numbers.whole(0.314), numbers.signed_count(-1204.0)) == ("1,146 元", "31", "-1,204")


def test_numbers_are_formatted_nowhere_else(root: Path) -> None:
    """No other module of charts or report holds a format of its own for thousands or decimals."""
    own = re.compile(r"\{[^{}]*:\+?(?:,|,?\.\d[f%])\}")
    package = root / "kamen_analysis"
    files = [path for room in ("charts", "report") for path in (package / room).rglob("*.py") if path.name != "numbers.py"]
    assert len(files) > 60
    assert [path.name for path in files if own.search(path.read_text(encoding="utf-8"))] == []
