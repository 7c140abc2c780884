"""The charts as pictures: each beside the picture a person looked at, within a tolerance; only the package's own fonts are used.

A chart changed on purpose: `pytest tests/charts/test_images.py --update-images` draws all of them anew; look at what git shows as changed.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import picturetables
import pytest
from matplotlib.figure import Figure
from matplotlib.testing.compare import compare_images
from PIL import Image

from kamen_analysis import charts
from kamen_analysis.charts import style
from kamen_analysis.report.figures import FIGURES

BASELINES, DPI, TOLERANCE = Path(__file__).with_name("baseline"), 50, 8.0
# What is not made by hand is drawn of the tables of a random world: the figure's key and the table's.
OF_WORLD = {"reasons_month": "reasons_by_month", "amounts": "amounts-goods"}


def drawn(key: str, table: pd.DataFrame, path: Path) -> Path:
    """Draw the report's figure `key` of `table` into the PNG `path`, few colours, and return it."""
    made = getattr(charts, FIGURES[key][0])(table)
    figure = made if isinstance(made, Figure) else made.get_figure(root=True)
    with style.house(), style.whole_glyphs():
        figure.savefig(path, dpi=DPI, metadata={"Software": None})
    plt.close(figure)
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(64).save(path, optimize=True)
    return path


@pytest.mark.parametrize("key", FIGURES)
def test_a_chart_looks_as_it_did(key: str, tables: dict[str, pd.DataFrame], tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The picture differs from the baseline by no more than the tolerance (RMS of 0–255): fonts, marks, hatches and names in place."""
    table = picturetables.MADE[key]() if key in picturetables.MADE else tables[OF_WORLD.get(key, key)]
    if request.config.getoption("--update-images", default=False):
        drawn(key, table, BASELINES / f"{key}.png")
        pytest.skip("drawn anew: look at what git shows as changed")
    assert compare_images(str(BASELINES / f"{key}.png"), str(drawn(key, table, tmp_path / f"{key}.png")), tol=TOLERANCE) is None


def test_every_picture_belongs_to_a_figure() -> None:
    """There is a picture for each figure of the report and for nothing else, and all together are small."""
    pictures = {path.stem: path.stat().st_size for path in BASELINES.iterdir()}
    assert set(pictures) == set(FIGURES)
    assert sum(pictures.values()) < 1_500_000


def test_another_picture_is_told_apart(tmp_path: Path) -> None:
    """The tolerance is no blank cheque: one bar doubled is seen."""
    table = picturetables.volume()
    table.loc[5, "n"] = 160
    other = drawn("volume", table, tmp_path / "volume.png")
    assert compare_images(str(BASELINES / "volume.png"), str(other), tol=TOLERANCE) is not None
