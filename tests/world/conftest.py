"""One small world shared by the tests of this room."""

from __future__ import annotations

import pandas as pd
import pytest

from kamen_analysis.world import draw


@pytest.fixture(scope="session")
def world() -> draw.World:
    """A world of 3,000 posts with the shipped distributions."""
    return draw.world()


@pytest.fixture(scope="session")
def large() -> draw.World:
    """A world large enough that shares are within a per cent of what is stated; its texts are not written."""
    return draw.world(40_000, seed=7)


@pytest.fixture(scope="session")
def tables(world: draw.World) -> dict[str, pd.DataFrame]:
    """The truth of the small world as tables."""
    return draw.tables(world)
