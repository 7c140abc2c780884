"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kamen_analysis.paths import Home
from kamen_analysis.world import draw, site
from kamen_analysis.world.model import World

ROOT = Path(__file__).resolve().parent.parent


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables that tests recorded (`record_property("table", …)`), also from other processes: what was seen, not only passed."""
    for report in [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]:
        for text in [text for name, text in report.user_properties if name == "table"]:
            terminalreporter.write_line(f"\n{report.nodeid}\n{text}")


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's root folder."""
    return ROOT


@pytest.fixture(scope="session")
def dev_data() -> Path:
    """The coded development posts and real captures, which stay out of the project: the folder KAMEN_DEV_DATA names; without it, a skip."""
    folder = os.environ.get("KAMEN_DEV_DATA", "")
    if not folder:
        pytest.skip("development data is not here (set KAMEN_DEV_DATA)")
    return Path(folder)


@pytest.fixture(scope="session")
def small_world() -> World:
    """A synthetic world of 300 posts over six months on eight platforms."""
    return draw.world(posts=300, months=6, platforms=8, seed=7)


@pytest.fixture(scope="session")
def scraped(small_world: World, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose data/raw holds the small world as scraped over HTTP; tests copy it before they change anything."""
    from kamen_analysis.fetching import Asked, fetch
    from kamen_analysis.sources import board

    home = Home(tmp_path_factory.mktemp("scraped"))
    with site.serve(small_world) as served:
        asked = Asked("board", tuple(board.pages(served.url)), max_pages=2000, allow_loopback=True, pause_s=0.0)
        done = fetch(home, asked, lambda stage, done, total: None)
    assert done.pages > 300 and not served.trespasses
    return home


@pytest.fixture(scope="session")
def built(scraped: Home) -> Home:
    """The same home with its tables built."""
    from kamen_analysis.pipeline.build import build

    build(scraped, jobs=1)
    return scraped
