"""One new capture is read by one process and coded by another: the same bytes, and a process that dies is told in one line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from kamen_analysis.captures import importer
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home
from kamen_analysis.pipeline import coding, executors, partition, relay
from kamen_analysis.pipeline.build import build

BODY = "演示数据：买了第{n}张点卡，一直提示卡号错误，客服让我再等{n}天，电话 1380013800{n}，店铺写着概不退换，我要求退款{n}元。"


def _home(root: Path) -> Home:
    """Return a home with one capture of a few posts."""
    home = Home(root)
    root.mkdir()
    posts = [{"编号": f"TS20261100{n:03}", "标题": f"第{n}张卡", "投诉对象": f"白马点卡{n % 3}", "投诉进度": "处理中",
              "正文": BODY.format(n=n % 10), "发布时间": "2026-08-01 10:00"} for n in range(50)]
    (root / "a.jsonl").write_text("".join(json.dumps(post, ensure_ascii=False) + "\n" for post in posts), encoding="utf-8")
    importer.import_files("table", [root / "a.jsonl"], home)
    return home


def _more(home: Home) -> Home:
    """Import a second capture of the same posts under other numbers."""
    posts = (home.root / "a.jsonl").read_text(encoding="utf-8").replace("TS20261100", "TS20261101")
    (home.root / "b.jsonl").write_text(posts, encoding="utf-8")
    importer.import_files("table", [home.root / "b.jsonl"], home)
    return home


def _tables(home: Home) -> dict[str, bytes]:
    return {str(path.relative_to(home.processed)): path.read_bytes() for path in sorted(home.processed.rglob("*.parquet"))}


def _die(posts: partition.Columns) -> coding.Coded:
    os._exit(len(posts))


@pytest.mark.parametrize("size", [500, 16, 50, 49, 1])
def test_two_processes_give_the_bytes_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """In one batch, in several, with an empty last one, and post by post."""
    build(one := _home(tmp_path / "one"), jobs=1)
    monkeypatch.setattr(relay, "BATCH", size)
    two = Home(tmp_path / "two")
    shutil.copytree(one.raw, two.raw)
    build(two, jobs=2)
    assert _tables(one) == _tables(two) and len(_tables(one)) == 4


def test_two_captures_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the last posts of one capture are coded the next is read; each batch comes to its own capture."""
    build(one := _more(_home(tmp_path / "one")), jobs=1)
    monkeypatch.setattr(relay, "BATCH", 7)
    two = Home(tmp_path / "two")
    shutil.copytree(one.raw, two.raw)
    build(two, jobs=2)
    assert len(list(two.raw.glob("*/*.gz"))) == 2 and _tables(one) == _tables(two)


def test_the_other_process_is_asked_early(tmp_path: Path) -> None:
    """Posts are handed over as soon as there are enough of them for a batch."""
    home, sizes = _home(tmp_path / "home"), list[int]()
    (tmp_path / "part").mkdir()
    partition.make(next(home.raw.glob("table/*.gz")), home.raw, tmp_path / "part", lambda posts: sizes.append(len(posts["body"])), 16)
    assert sizes == [16, 16, 16, 2]


def test_a_process_that_dies_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the other process is killed the build says so in one line and leaves nothing behind; the next build ends well."""
    home = _home(tmp_path / "home")
    with monkeypatch.context() as patch:
        patch.setattr(coding, "coded", _die)
        with pytest.raises(KamenError, match="处理进程"):
            build(home, jobs=2)
    assert not list(home.root.glob("data/.cache/*/.part.*"))
    build(home, jobs=2)
    assert _tables(home)


def test_codes_alone_are_made_by_the_pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where two captures are parsed already and only their codes are missing, each is coded in a process of the pool."""
    build(home := _more(_home(tmp_path / "home")), jobs=1)
    before, sizes = _tables(home), list[int]()
    shutil.rmtree(home.processed)
    shutil.rmtree(home.root / "data" / ".cache" / "codes")

    def pool(jobs: int, **given: Any) -> ProcessPoolExecutor:
        sizes.append(jobs)
        return ProcessPoolExecutor(jobs, **given)

    monkeypatch.setattr(executors, "ProcessPoolExecutor", pool)
    monkeypatch.setattr(relay, "coder", _die)
    build(home, jobs=2)
    assert sizes == [2] and _tables(home) == before


def _touch(path: Path) -> None:
    time.sleep(0.05)
    path.touch()


def test_after_an_error_nothing_more_is_coded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where reading a capture fails, the batches that wait for the coding process are dropped, and the error is told at once."""
    monkeypatch.setattr(coding, "coded", len)
    with pytest.raises(ZeroDivisionError), relay.coder() as coder:
        for number in range(100):
            coder.submit(_touch, tmp_path / str(number))
        raise ZeroDivisionError
    assert len(list(tmp_path.iterdir())) < 10


# A build whose processes, as many as the second argument says, tell their number and then sleep for longer than the test takes.
_SLEEPS = """
import os, sys, time
from pathlib import Path
from kamen_analysis.paths import Home
from kamen_analysis.pipeline import build, coding, executors
def sleep(posts):
    Path(sys.argv[1], f"child.{os.getpid()}").touch()
    time.sleep(60)
executors.FEW, executors._engines, coding.coded = int(sys.argv[2]), lambda: None, sleep
build.build(Home(Path(sys.argv[1])), jobs=2)
"""


def _running(pid: str) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no signal for the death of the parent")
@pytest.mark.parametrize(("few", "children"), [(2, 1), (0, 2)], ids=["relay", "pool"])
def test_a_killed_build_leaves_no_process_and_no_lock(tmp_path: Path, few: int, children: int) -> None:
    """Where a build is killed while its processes work, these end too and the next build is not refused."""
    home = _more(_home(tmp_path / "home"))
    with subprocess.Popen([sys.executable, "-c", _SLEEPS, str(home.root), str(few)]) as running:
        deadline = time.monotonic() + 60
        while len(begun := list(home.root.glob("child.*"))) < children and running.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(signal.SIGKILL)
    assert len(begun) == children and running.returncode == -signal.SIGKILL
    build(home, jobs=1)
    assert not [path.name for path in begun if _running(path.suffix[1:])]
