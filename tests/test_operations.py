"""The operations page is true: the commands, options, files and gauges it names exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kamen_analysis import cli, service


@pytest.fixture
def page(root: Path) -> str:
    """The page's text."""
    return (root / "docs" / "operations.md").read_text("utf-8")


def test_commands_and_options_exist(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every `kamen` command line of the page uses a verb and options that the command line has."""
    lines = re.findall(r"\bkamen (?:--home \S+ )?((?:run|build|fetch|check)\b[^\n`|]*)", page)
    assert len(lines) >= 6
    for line in lines:
        verb, *rest = line.split()
        with pytest.raises(SystemExit) as left:
            cli.main([verb, "--help"])
        told = capsys.readouterr().out
        assert left.value.code == 0 and all(word in told for word in rest if word.startswith("--"))


def test_gauges_and_events_exist(page: str, root: Path) -> None:
    """Every gauge and event the page names is one that a run writes."""
    code = Path(service.__file__).read_text("utf-8")
    named = set(re.findall(r"\bkamen_(?!analysis)\w+", page)) | set(re.findall(r"^    \| `(\w+)`", page, re.MULTILINE))
    assert len(named) > 6
    assert {name for name in named if f'"{name}"' not in code} == set()


def test_the_container_copies_what_exists(root: Path) -> None:
    """Every file the container file copies is in the project, and its entry is the command line."""
    text = (root / "docs" / "Containerfile").read_text("utf-8")
    copied = [name for line in re.findall(r"^COPY (.+)$", text, re.MULTILINE) for name in line.split()[:-1]]
    assert len(copied) >= 4 and all((root / name).exists() for name in copied)
    assert 'ENTRYPOINT ["kamen"]' in text
