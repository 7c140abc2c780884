"""One report of a small world, all formats, made once for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import smallworld

from kamen_analysis.paths import Home, home
from kamen_analysis.report.build import ReportResult, report


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose processed folder holds the small world."""
    return home(smallworld.write(tmp_path_factory.mktemp("small"), smallworld.frames(600)))


@pytest.fixture(scope="session")
def made(small: Home) -> ReportResult:
    """The report of the small world in every format."""
    return report(small)


@pytest.fixture(scope="session")
def page(made: ReportResult) -> Path:
    """The HTML report."""
    return made.folder / "report.html"
