"""The frame holds: floors import downward, environment.yml follows the lock, the command line starts quickly and speaks Chinese."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

# Rooms by floor, ground first. A module imports from floors below its own, or from its own room.
FLOORS = (
    {"errors", "zh", "stats", "progress", "heap", "packing"},
    {"paths", "records", "money", "times", "plain"},
    {"tabular", "data", "kept"},
    {"kernels"},
    {"captures", "codebook", "redact", "charts", "platforms", "dedupe", "world"},
    {"sources", "label", "metrics"},
    {"clean"},
    {"pipeline"},
    {"report", "review", "importing", "fetching", "checking", "canaries"},
    {"demo", "notebook", "service"},
    {"commands"},
    {"verbs"},
    {"cli"},
    {"__main__"},
)
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            parts = node.module.split(".")
            if parts == ["kamen_analysis"]:
                found |= {alias.name for alias in node.names}
            elif parts[0] == "kamen_analysis":
                found.add(parts[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("kamen_analysis.")}
    return found


def _modules(root: Path) -> list[Path]:
    package = root / "kamen_analysis"
    return sorted(p for p in package.rglob("*.py") if p != package / "__init__.py")


def test_every_room_has_a_floor(root: Path) -> None:
    """Every module of the package belongs to a room that stands on a named floor."""
    rooms = {path.relative_to(root / "kamen_analysis").parts[0].removesuffix(".py") for path in _modules(root)}
    assert rooms <= set(FLOOR), f"no floor for {sorted(rooms - set(FLOOR))}"


def test_imports_go_down(root: Path) -> None:
    """No module imports from its own floor's other rooms... or from a floor above, save within its room."""
    wrong = []
    for path in _modules(root):
        room = path.relative_to(root / "kamen_analysis").parts[0].removesuffix(".py")
        for other in _imports(path) & set(FLOOR):
            if other != room and FLOOR[other] >= FLOOR[room]:
                wrong.append(f"{path.relative_to(root)} imports {other}")
    assert not wrong


def test_package_root_is_not_imported_for_names(root: Path) -> None:
    """Inside the package only the version is taken from the root; everything else is imported from its module."""
    wrong = [str(path) for path in _modules(root) for name in _imports(path) if name not in FLOOR and name != "__version__"]
    assert not wrong


def test_environment_follows_the_lock(root: Path) -> None:
    """environment.yml pins exactly the direct dependencies, each at the version of the lock."""
    sys.path.insert(0, str(root / "benchmarks"))
    try:
        import environment
    finally:
        sys.path.pop(0)
    text = environment.environment((root / "pyproject.toml").read_text("utf-8"), (root / "requirements.lock").read_text("utf-8"))
    assert (root / "environment.yml").read_text("utf-8") == text
    assert yaml.safe_load(text)["dependencies"][-1]["pip"][-1] == "-e ."


def test_lock_has_hashes(root: Path) -> None:
    """Every locked package carries at least one digest, and no address of an index is written down."""
    lock = (root / "requirements.lock").read_text("utf-8")
    blocks = re.split(r"\n(?=[A-Za-z0-9])", lock[re.search(r"^[a-z]", lock, re.M).start():])  # type: ignore[union-attr]
    assert len(blocks) > 100
    assert all("--hash=sha256:" in block for block in blocks)
    assert "index-url=" not in lock and "://" not in lock


def _kamen(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "kamen_analysis", *arguments], capture_output=True, text=True, check=False)


def test_help_is_chinese_and_light() -> None:
    """`kamen --help` names every command in Chinese and loads none of the heavy libraries."""
    code = "import sys\nfrom kamen_analysis import cli\ntry:\n cli.main(['--help'])\nexcept SystemExit: pass\n" \
           "print(sorted({'pandas','numpy','matplotlib','pyarrow','requests','pydantic'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("[]")
    assert "用法：kamen" in done.stdout and "usage" not in done.stdout
    for verb in ("demo", "fetch", "import", "build", "report", "run", "label", "redact", "verify", "check", "new-source"):
        assert verb in done.stdout


@pytest.mark.parametrize(("arguments", "word"), [
    ([], "缺少"), (["nonsense"], "没有这个命令"), (["review", "nonsense"], "没有这个动作"), (["report", "--formats", "odt"], "odt"),
    (["build", "--jobs", "x"], "要正整数"), (["build", "--jobs", "-3"], "要正整数"), (["fetch", "heimao", "--max-pages", "0"], "要正整数"),
    (["demo", "--posts", "x"], "不是整数"), (["report", "--scope", "x"], "没有这个取值"),
    (["label", "/nonexistent/in.jsonl", "-"], "/nonexistent/in.jsonl"), (["import", "nosuchsource", "x.csv"], "nosuchsource"),
])
def test_errors_are_one_line(arguments: list[str], word: str) -> None:
    """Unusable arguments end with exit code 2 and one clear line, never a traceback."""
    done = _kamen(*arguments)
    assert done.returncode == 2
    assert word in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_every_rejection_has_a_name(root: Path) -> None:
    """Each reason for which a page or a record is turned away, wherever it is raised, has its Chinese name."""
    from kamen_analysis.records import REJECTIONS

    package = root / "kamen_analysis"
    code = "\n".join(path.read_text("utf-8") for path in (*package.glob("sources/*.py"), package / "clean.py"))
    raised = set(re.findall(r'(?:Unreadable|Reject|_broken_off)\((?:result, )?"(\w+)"', code)) | set(re.findall(r'\d{3}: "(\w+)"', code))
    assert len(raised) > 10
    assert raised <= set(REJECTIONS)
