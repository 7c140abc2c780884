"""The loopback sites of the captures' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hostile_site import Site


@pytest.fixture
def hostile() -> Iterator[Site]:
    """A loopback site with every bad habit, fresh for each test."""
    with Site() as site:
        yield site


@pytest.fixture
def site(hostile: Site) -> str:
    """The address of the loopback site."""
    return hostile.url
