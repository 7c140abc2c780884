"""One random world of tables, built once, for the metric tests."""

from __future__ import annotations

import factory
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def posts() -> pd.DataFrame:
    """Nine hundred random posts of eight months, twelve platforms and two sources."""
    return factory.posts(900, platforms=12)


@pytest.fixture(scope="session")
def labels(posts: pd.DataFrame) -> pd.DataFrame:
    """Random labels of `posts`."""
    return factory.labels(posts)


@pytest.fixture(scope="session")
def events(posts: pd.DataFrame) -> pd.DataFrame:
    """Random events of `posts`, on whole days so that times tie, some known only by an upper bound."""
    return factory.events(posts, whole_days=True)
