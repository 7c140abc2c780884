"""The notebooks run from top to bottom in a fresh kernel, on the demonstration and on other data, and are stored clean."""

from __future__ import annotations

import json
import re
import resource
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import demohome
import nbformat
import papermill
import pytest
import smallworld

from kamen_analysis import metrics
from kamen_analysis.data import load
from kamen_analysis.paths import Home
from kamen_analysis.report.build import report

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
NAMES = ("01_数据与质量", "02_投诉趋势", "03_拒退理由", "04_平台行为", "05_处理结果", "06_编码与一致性", "07_敏感性", "08_新数据再跑")
DRAWS = re.compile(r"^ka\.charts\.", re.MULTILINE)
CHOICES = ("home", "period", "platform", "source")
SECONDS = 60
Plain = dict[str, tuple[nbformat.NotebookNode, float]]


def read(name: str) -> nbformat.NotebookNode:
    """Return the stored notebook."""
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def tagged(book: nbformat.NotebookNode, tag: str) -> list[nbformat.NotebookNode]:
    """Return the code cells that carry `tag`."""
    return [cell for cell in book.cells if cell.cell_type == "code" and tag in cell.metadata.get("tags", [])]


def run(name: str, folder: Path, **parameters: Any) -> nbformat.NotebookNode:
    """Return the notebook executed by papermill in a fresh kernel, from its own folder."""
    out = folder / f"{name}.ipynb"
    papermill.execute_notebook(FOLDER / out.name, out, parameters, cwd=str(FOLDER), kernel_name="python3", progress_bar=False)
    return nbformat.read(out, as_version=4)


def outputs(book: nbformat.NotebookNode) -> list[Any]:
    """Return every output of a notebook."""
    return [out for cell in book.cells if cell.cell_type == "code" for out in cell.outputs]


def printed(book: nbformat.NotebookNode, stream: str = "stdout") -> str:
    """Return what the notebook printed on a stream."""
    return "".join(out.text for out in outputs(book) if out.output_type == "stream" and out.name == stream)


def pictures(book: nbformat.NotebookNode) -> dict[str, list[str]]:
    """Return the images each drawing cell shows, by the cell's source."""
    cells = [cell for cell in book.cells if cell.cell_type == "code" and DRAWS.search(cell.source)]
    return {cell.source: [out["data"]["image/png"] for out in cell.outputs if "image/png" in out.get("data", {})] for cell in cells}


def processor_seconds() -> float:
    """Return the processor time of all processes started and ended so far: unlike the clock it does not depend on what else runs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def several(folder: Path, names: tuple[str, ...] = NAMES, **parameters: Any) -> dict[str, nbformat.NotebookNode]:
    """Return notebooks executed with the same parameters, two kernels at a time."""
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(names, pool.map(lambda name: run(name, folder, **parameters), names), strict=True))


def test_the_eight_are_here() -> None:
    """The eight notebooks of the reading order exist, and no other."""
    assert tuple(sorted(path.stem for path in FOLDER.glob("*.ipynb"))) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_stored_clean(name: str) -> None:
    """A notebook is stored without outputs or counters, defines no function, starts with its parameters and ends with its export."""
    cells = [cell for cell in read(name).cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)
    assert not any("def " in cell.source for cell in cells)
    assert tagged(read(name), "parameters") == cells[:1] and tagged(read(name), "export") == cells[-1:]


@pytest.mark.parametrize("name", NAMES)
def test_one_way_to_the_data(name: str) -> None:
    """Every notebook has the same four choices, all open, and comes to its data by ka.load(home) alone."""
    names: dict[str, Any] = {}
    exec(tagged(read(name), "parameters")[0].source, names)
    assert [names[choice] for choice in CHOICES] == [None] * 4 and names["to_report"] is False
    code = "\n".join(cell.source for cell in read(name).cells if cell.cell_type == "code")
    assert code.count("ka.load(") == 1 and "ka.load(home)" in code and "period, platform, source)" in code


def test_every_metric_is_met() -> None:
    """Each public metric is shown by one of the notebooks, or by the function of ours a notebook calls in its place."""
    code = "\n".join(cell.source for name in NAMES for cell in read(name).cells if cell.cell_type == "code")
    shown = set(re.findall(r"ka\.metrics\.(\w+)\b", code)) | set(re.findall(r"notebook\.(\w+)\(", code))
    assert {metric.__name__ for metric in metrics.METRICS} - shown == {"sensitivity"} and "panel" in shown


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Plain:
    """Every notebook executed as stored, one after the other, on the demonstration $KAMEN_HOME leads to, with its processor seconds."""
    folder, done = tmp_path_factory.mktemp("plain"), {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KAMEN_HOME", str(demohome.made()))
        for name in NAMES:
            start = processor_seconds()
            done[name] = run(name, folder), processor_seconds() - start
    return done


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_runs_on_the_demonstration(name: str, plain: Plain) -> None:
    """As stored, a notebook runs within a minute, says a Chinese sentence, shows every chart it draws, and neither warns nor errs."""
    book, seconds = plain[name]
    assert 0 < seconds <= SECONDS
    assert all(pictures(book).values()) and pictures(book)
    assert re.search(r"[一-鿿]{4,}", printed(book)) and printed(book, "stderr") == ""
    assert not [out for out in outputs(book) if out.output_type == "error"]
    assert "演示数据" in str([out.get("data", {}).get("text/plain") for out in outputs(book)])


@pytest.mark.slow
@pytest.mark.parametrize(("choice", "names"), [("period", NAMES), ("platform", (NAMES[0], NAMES[2], NAMES[4]))])
def test_a_parameter_changes_every_chart(choice: str, names: tuple[str, ...], plain: Plain, tmp_path: Path) -> None:
    """Another period, or one platform alone: no chart of a notebook stays as it was."""
    value = {"period": "2026-H1", "platform": load(demohome.made()).posts["platform"].mode()[0]}[choice]
    for name, book in several(tmp_path, names, home=str(demohome.made()), **{choice: value}).items():
        before = pictures(plain[name][0])
        assert [source for source, shown in pictures(book).items() if not shown or shown == before[source]] == [], name


@pytest.mark.slow
def test_a_source_is_chosen_by_key_or_name(tmp_path: Path) -> None:
    """Two sources: by its key or its Chinese name one is left, and every chart of the notebook is drawn from it alone."""
    tables = smallworld.frames(400)
    whole, keys = smallworld.write(tmp_path / "home", tables), sorted(tables["posts"]["source"].unique())
    path = whole / "data" / "processed" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"sources": {keys[0]: "甲网", keys[1]: "乙网"}}), encoding="utf-8")
    by_key, by_name, both = (run("02_投诉趋势", tmp_path, home=str(whole), source=source) for source in (keys[0], "甲网", None))
    assert pictures(by_key) == pictures(by_name)
    assert all(pictures(by_key)[source] != shown for source, shown in pictures(both).items())


@pytest.mark.slow
def test_runs_on_own_data_elsewhere(tmp_path: Path) -> None:
    """A researcher's own tables in another folder: `home` leads there, nothing of the demonstration is read."""
    home = smallworld.write(tmp_path / "elsewhere", smallworld.frames(400))
    (home / "data" / "raw").mkdir()
    for name, book in several(tmp_path, NAMES[:7], home=str(home)).items():
        assert all(pictures(book).values()) and printed(book, "stderr") == "", name
        assert str(home) in str([out.get("data", {}).get("text/plain") for out in outputs(book)]), name


@pytest.mark.slow
def test_new_data_is_tried_on_a_copy(built: Home, tmp_path: Path) -> None:
    """The last notebook takes a file into a copy of real captures: the account adds up, and the home itself stays as it was."""
    shutil.copytree(built.root / "data", tmp_path / "own" / "data")
    before = {path: path.read_bytes() for path in (tmp_path / "own").rglob("*") if path.is_file()}
    book = run("08_新数据再跑", tmp_path, home=str(tmp_path / "own"))
    assert {path: path.read_bytes() for path in (tmp_path / "own").rglob("*") if path.is_file()} == before
    assert "收进 1 个文件" in printed(book) and "新增" in str(outputs(book))


@pytest.mark.slow
def test_an_empty_period_is_told(tmp_path: Path) -> None:
    """A period without a post: in each notebook one line says so and what there is, the charts say 样本不足, and nothing errs."""
    for name, book in several(tmp_path, home=str(demohome.made()), period="1999").items():
        assert "没有符合“期间 1999”的帖子" in printed(book) and "表里有：发布时间 2024-11-01" in printed(book), name
        assert printed(book, "stderr") == "" and not [out for out in outputs(book) if out.output_type == "error"], name


@pytest.mark.slow
def test_a_period_nobody_can_read_is_one_line(tmp_path: Path) -> None:
    """A misspelt period stops the notebook with our one line, not with a traceback through our files."""
    with pytest.raises(papermill.PapermillExecutionError):
        run("03_拒退理由", tmp_path, home=str(demohome.made()), period="去年")
    errors = [out for out in outputs(nbformat.read(tmp_path / "03_拒退理由.ipynb", 4)) if out.output_type == "error"]
    assert [line for out in errors for line in out.traceback] == ["× 看不懂期间 '去年'，可写 2026、2026-H1、2026-Q3 或 2026-08"]


@pytest.mark.slow
def test_exports_reach_the_report(tmp_path: Path) -> None:
    """With to_report a notebook leaves title, n, source, table and chart; the next report prints them in its appendix, every format."""
    home = smallworld.write(tmp_path / "home", smallworld.frames(400))
    run("03_拒退理由", tmp_path, home=str(home), to_report=True)
    folder = home / "reports" / "_exports" / "03_拒退理由"
    assert {path.name for path in folder.iterdir()} == {f"{name}.{end}" for name in ("corrected", "reasons", "reasons_by_month")
                                                       for end in ("csv", "json", "png", "svg")}
    told = json.loads((folder / "reasons.json").read_text("utf-8"))
    data = load(home)
    assert told["n"] == int((data.posts["is_used"] & data.posts["in_scope"]).sum()) and told["is_synthetic"] and told["source"]
    result = report(Home(home), formats=("html", "docx", "xlsx"))
    page = (result.folder / "report.html").read_text("utf-8")
    assert "附录（笔记本导出）" in page and told["title"] in page and f"n={told['n']:,}" in page
    taken = {path.read_bytes() for path in (result.folder / "figures").glob("export_*.svg")}
    assert taken == {path.read_bytes() for path in folder.glob("*.svg")}
