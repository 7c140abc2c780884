"""The notebooks run from top to bottom on a small processed folder, and are stored clean."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
import smallworld
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))
DRAWS = re.compile(r"^ka\.charts\.", re.MULTILINE)


def read(path: Path) -> nbformat.NotebookNode:
    """Return the stored notebook."""
    return nbformat.read(path, as_version=4)


def test_the_five_are_here() -> None:
    """The five notebooks of the reading order exist."""
    assert [path.stem for path in NOTEBOOKS][:5] == ["01_数据与质量", "02_投诉趋势", "03_拒退理由", "04_平台行为", "05_处理结果"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_clean(path: Path) -> None:
    """A notebook is stored without outputs or counters, defines no function, and has one parameter cell before the rest."""
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)
    assert not any("def " in cell.source for cell in cells)
    assert [i for i, cell in enumerate(cells) if "parameters" in cell.metadata.get("tags", [])] == [0]


def run(path: Path, home: Path) -> nbformat.NotebookNode:
    """Return the notebook executed on the tables of `home`."""
    book = read(path)
    parameters = next(cell for cell in book.cells if "parameters" in cell.metadata.get("tags", []))
    parameters.source += f"\nhome = {str(home)!r}"
    NotebookClient(book, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}).execute()
    return book


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, nbformat.NotebookNode]:
    """Every notebook executed, several kernels at a time."""
    home = smallworld.write(tmp_path_factory.mktemp("home"), smallworld.frames(400))
    with ThreadPoolExecutor(3) as pool:
        return dict(zip([path.stem for path in NOTEBOOKS], pool.map(lambda path: run(path, home), NOTEBOOKS), strict=True))


@pytest.mark.parametrize("name", [path.stem for path in NOTEBOOKS])
def test_runs_and_says_a_sentence(name: str, executed: dict[str, nbformat.NotebookNode]) -> None:
    """Run in a fresh kernel, a notebook draws at least one chart and prints at least one Chinese sentence, without a warning or error."""
    outputs = [out for cell in executed[name].cells if cell.cell_type == "code" for out in cell.outputs]
    assert any("image/png" in out.get("data", {}) for out in outputs)
    printed = [out.text for out in outputs if out.output_type == "stream" and out.name == "stdout"]
    assert any("，" in text or "；" in text or "件" in text for text in printed)
    assert [out.text for out in outputs if out.output_type == "stream" and out.name == "stderr"] == []


@pytest.mark.parametrize("name", [path.stem for path in NOTEBOOKS])
def test_every_chart_is_shown(name: str, executed: dict[str, nbformat.NotebookNode]) -> None:
    """Every cell that draws a chart shows it as an image, the later ones as well as the first."""
    drawn = [cell for cell in executed[name].cells if cell.cell_type == "code" and DRAWS.search(cell.source)]
    assert drawn
    assert [cell.source for cell in drawn if not any("image/png" in out.get("data", {}) for out in cell.outputs)] == []
