"""What is kept between runs changes no byte of a build, whatever became of it, and does not outlive the rules it was made of."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kamen_analysis import kept
from kamen_analysis.captures import importer
from kamen_analysis.label import shelf
from kamen_analysis.paths import Home
from kamen_analysis.redact import kinds

POSTS = [{"编号": f"TS2026110{n:02}", "标题": f"第{n}张卡充不进去", "投诉对象": f"白马点卡{n % 3}", "投诉进度": "处理中",
          "正文": f"演示数据：我叫王小明，电话 1380013800{n % 10}，微信号 abc_1234{n}，买的点卡用不了，商家说概不退换，让我再等几天。",
          "发布时间": f"2026-08-{n + 1:02} 10:00"} for n in range(12)]
APART = shutil.ignore_patterns("__pycache__", "posts", "sentences")
SAY = """
from kamen_analysis.label.reasons import matcher
from kamen_analysis.redact import redact
print(redact("点卡买来用不了，我的电话 13800138000。").text, len(matcher().vocabulary.trie.lengths))
"""


def _run(cache: Path, *arguments: str, package: Path | None = None) -> subprocess.CompletedProcess[str]:
    # Machine code is another matter (see test_kernels) and takes long to make.
    env = os.environ | {"XDG_CACHE_HOME": str(cache), "NUMBA_CACHE_DIR": str(kept.folder())}
    # What stands in the folder it is run in is imported first.
    return subprocess.run([sys.executable, *arguments], env=env, cwd=package, capture_output=True, text=True, check=True)


def _built(raw: Path, home: Path, cache: Path) -> dict[str, bytes]:
    """Return the tables of a build of the same captures from nothing."""
    shutil.copytree(raw, home / "data" / "raw")
    done = _run(cache, "-m", "kamen_analysis", "--home", str(home), "build")
    assert "Traceback" not in done.stderr
    return {path.name + path.parent.name: path.read_bytes() for path in (home / "data" / "processed").rglob("*.parquet")}


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The captures of a few posts."""
    home = Home(tmp_path_factory.mktemp("posts"))
    (home.root / "posts.jsonl").write_text("".join(json.dumps(post, ensure_ascii=False) + "\n" for post in POSTS), encoding="utf-8")
    importer.import_files("table", [home.root / "posts.jsonl"], home)
    return home.raw


@pytest.fixture(scope="module")
def cache(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A cache folder filled by a build, and the tables of that build."""
    folder = tmp_path_factory.mktemp("cache")
    return folder, _built(raw, tmp_path_factory.mktemp("cold"), folder)


def _cut(folder: Path) -> None:
    for path in folder.glob("kamen_analysis/*-*"):
        path.write_bytes(path.read_bytes()[:-7])


def _changed(folder: Path) -> None:
    for path in folder.glob("kamen_analysis/*-*"):
        path.write_bytes(path.read_bytes().replace(b"0", b"1"))


def _foreign(folder: Path) -> None:
    for path in folder.glob("kamen_analysis/*-*"):
        path.write_bytes(b"\x80\x04\x95 not ours \n\n")


def _unwritable(folder: Path) -> None:
    # Root may write into any folder, so it is no folder at all.
    shutil.rmtree(folder / "kamen_analysis")
    (folder / "kamen_analysis").write_text("", encoding="utf-8")


@pytest.mark.parametrize("spoil", [lambda folder: None, _cut, _changed, _foreign, _unwritable],
                         ids=["whole", "cut", "changed", "foreign", "unwritable"])
def test_the_cache_changes_no_byte(raw: Path, cache: tuple[Path, dict[str, bytes]], tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    """With a cache that is whole, damaged, another's or of no use, a build gives the very bytes of the build that had none."""
    shutil.copytree(cache[0], tmp_path / "cache")
    spoil(tmp_path / "cache")
    assert _built(raw, tmp_path / "home", tmp_path / "cache") == cache[1]


def test_damage_is_told_and_mended(cache: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    """A line of the log names each damaged file once; the next run finds it whole again."""
    shutil.copytree(cache[0], tmp_path / "cache")
    _cut(tmp_path / "cache")
    first, second = (_run(tmp_path / "cache", "-c", SAY) for _ in range(2))
    assert first.stderr.count("已损坏") >= 2 and first.stdout == second.stdout
    assert "Traceback" not in first.stderr and second.stderr == ""


@pytest.mark.parametrize(("file", "old", "new"), [("redact/kinds.yaml", "'[手机号]'", "'[电话号]'"),
                                                  ("codebook/reasons/stalling.yaml", "status: active", "status: retired")])
def test_an_edited_rule_holds_at_once(tmp_path: Path, root: Path, file: str, old: str, new: str) -> None:
    """After a YAML file is edited nothing made of the rules before is used, however full the cache is."""
    shutil.copytree(root / "kamen_analysis", tmp_path / "kamen_analysis", ignore=APART)
    before, again = (_run(tmp_path / "cache", "-c", SAY, package=tmp_path).stdout for _ in range(2))
    path = tmp_path / "kamen_analysis" / file
    text = path.read_text(encoding="utf-8")
    assert before == again and old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert _run(tmp_path / "cache", "-c", SAY, package=tmp_path).stdout != before


@pytest.mark.parametrize(("one", "folder"), [(kinds.SHELF, "redact"), (shelf.SHELF, "codebook")])
def test_every_rule_file_counts(one: kept.Shelf, folder: str, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of a kept file changes with every YAML file that patterns, tries and tables are made of."""
    shutil.copytree(root / "kamen_analysis" / folder, tmp_path / folder, ignore=APART)
    monkeypatch.setattr(kept, "PACKAGE", tmp_path)
    seen = {kept.Shelf(one.name, *one.sources).path}
    files = sorted((tmp_path / folder).rglob("*.yaml"))
    for file in files:
        file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        seen.add(kept.Shelf(one.name, *one.sources).path)
    assert len(seen) == len(files) + 1 > 4
