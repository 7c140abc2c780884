"""The folder as a publication: valid Frictionless package, anonymised aggregate, citation and terms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

from kamen_analysis.data import load
from kamen_analysis.metrics.cover import covered, withheld_grid
from kamen_analysis.metrics.shares import SMALL
from kamen_analysis.paths import Home
from kamen_analysis.report.build import ReportResult
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.publication import aggregate
from kamen_analysis.report.small import withheld


def test_the_package_is_valid_frictionless(made: ReportResult) -> None:
    """frictionless reads every table under the types, names and digests the package states and finds no error."""
    frictionless = pytest.importorskip("frictionless")
    report = frictionless.validate(str(made.folder / "datapackage.json"))
    assert report.valid, report.flatten(["title", "message"])[:5]


def test_the_aggregate_holds_no_small_cell(made: ReportResult, small: Home) -> None:
    """Numbers of the aggregate are 5 or more, and its totals are those of the complaints counted where nothing is withheld."""
    table = aggregate(Measures(load(small), "virtual")).frame
    assert (table["n"].dropna() >= SMALL).all() and table["n"].isna().any()
    shown = pd.read_csv(made.folder / "tables" / "aggregate.csv")
    assert len(shown) == len(table) and shown["投诉（件）"].sum() == table["n"].sum()


def test_citation_and_terms_are_there(made: ReportResult) -> None:
    """CITATION.cff is YAML with a title and a licence and carries the mark; the terms speak of excerpts."""
    cited = yaml.safe_load((made.folder / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["cff-version"] == "1.2.0" and "演示数据" in cited["title"] and cited["license"] == "CC-BY-4.0"
    assert "著作权归原作者" in (made.folder / "LICENSE.md").read_text(encoding="utf-8")


def test_a_hidden_cell_cannot_be_had_by_subtraction() -> None:
    """Every line hides no cell, or two or more that add to five or more, or has none left to hide; cells of 1–4 are all hidden."""
    rng = np.random.default_rng(5)
    for _ in range(50):
        grid = rng.poisson(rng.choice([2.0, 8.0, 40.0], size=(6, 1)), size=(6, 5)).astype(float)
        hide = covered(grid)
        assert hide[(grid > 0) & (grid < SMALL)].all() and not hide[grid == 0].any()
        for line, hidden in [*zip(grid, hide, strict=True), *zip(grid.T, hide.T, strict=True)]:
            safe = hidden.sum() >= 2 and line[hidden].sum() >= SMALL
            assert not hidden.any() or safe or not (line[~hidden] > 0).any()


def test_overall_tables_and_months_withhold_small_counts() -> None:
    """A single small row hides the next smallest with it where the rows add up; a month by source hides its neighbours."""
    table = pd.DataFrame({"n": [3, 9, 40], "share": [0.1, 0.2, 0.7], "note": ["", "", ""]})
    assert withheld(table)["n"].isna().tolist() == [True, True, False]
    assert withheld(table, adds_up=False)["n"].isna().tolist() == [True, False, False]
    long = pd.DataFrame({"month": ["1", "1", "2", "2"], "source": ["a", "b", "a", "b"], "n": pd.array([2, 30, 20, 25], dtype="Int64")})
    assert withheld_grid(long, "month", "source")["n"].isna().all()
