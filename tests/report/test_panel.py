"""The same figures made otherwise give no small count away."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import smallworld

from kamen_analysis.data import load
from kamen_analysis.metrics.shares import SMALL
from kamen_analysis.paths import Home, home
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.sections import panel
from kamen_analysis.report.small import blurred, near


def test_rows_within_four_are_near() -> None:
    """A row is near where any of its counts differs from another row's by 1–4; equal counts give nothing away, the first row stays."""
    assert near(np.array([[100.0, 40], [103, 60], [100, 40], [200, 90]])).tolist() == [False, True, True, False]
    assert blurred(pd.Series([98, 102, 103, 0])).tolist() == [100, 100, 105, 0]


@pytest.fixture(scope="module")
def rare(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A world whose second source holds three complaints that count."""
    frames = smallworld.frames(600)
    posts = frames["posts"]
    few = posts.index[(posts["source"] == "board") & posts["is_used"] & posts["in_scope"]][3:]
    kept = posts.drop(few)
    rest = {name: table[table["post_id"].isin(kept["post_id"])] for name, table in frames.items() if name in ("events", "labels")}
    return home(smallworld.write(tmp_path_factory.mktemp("rare"), frames | {"posts": kept} | rest))


def test_a_small_source_cannot_be_had_by_subtraction(rare: Home) -> None:
    """Leaving out a source of three complaints shows a rounded count that opens nothing; the coverage table withholds it too."""
    m = Measures(load(rare), "virtual")
    shown = panel.tables(m)[0]
    row = next(row for row in shown.shown() if row["variant"] == f"去掉来源：{m.names.get('board', 'board')}")
    assert len(m.counted) - len(m.counted[m.counted["source"] != "board"]) == 3
    assert not row["is_exact"] and row["n"] % SMALL == 0 and row["wanted"] is None and row["note"] == "约数"
    assert "注“约数”的各行，件数约至 5" in shown.note
    assert row["share"] == pytest.approx(row["k"] / row["n"]) and row["k"] % SMALL == 0
    assert shown.frame["n"].iloc[0] == len(m.counted)
    assert pd.isna(m.coverage.set_index("source")["n"]["board"])


def test_no_two_exact_rows_are_near(rare: Home) -> None:
    """Whatever the panel shows exactly lies no 1–4 from anything else it shows exactly."""
    for table in panel.tables(Measures(load(rare), "virtual")):
        key = "n" if "n" in table.frame else "used"
        exact = table.frame.loc[table.frame["note"] == "", key].to_numpy(float)
        gaps = np.abs(exact[:, None] - exact[None, :])
        assert len(exact) >= 1 and not ((gaps > 0) & (gaps < SMALL)).any()
