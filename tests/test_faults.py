"""Faults: whatever breaks, earlier output stays whole, a rerun gives the same bytes, and every stage balances."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kamen_analysis import data, paths
from kamen_analysis.captures import importer, sidecar
from kamen_analysis.captures.members import member, records
from kamen_analysis.captures.verify import verify
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, atomic_folder
from kamen_analysis.pipeline import history
from kamen_analysis.pipeline.build import build
from kamen_analysis.report.build import report

KILLS = 50 if os.environ.get("KAMEN_SLOW") else 6
RNG = random.Random(7)


def _rows(first: int, n: int) -> str:
    shops = ("白马点卡", "青鸟充值", "红豆会员")
    return "".join(json.dumps({
        "编号": f"TS2026{i:06}", "标题": f"点卡不给退 {i}", "投诉对象": shops[i % 3], "投诉进度": "处理中",
        "发布时间": f"2026-08-{i % 28 + 1:02} 10:00",
        "正文": f"第{i}次在这里买点卡，卡密显示已激活，客服说一经售出概不退换，等了{i}天没人再回我，编号是我自己记的。",
    }, ensure_ascii=False) + "\n" for i in range(first, first + n))


def _digests(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}


def _tables(home: Home) -> dict[str, str]:
    return {name: digest for name, digest in _digests(home.processed).items() if name.endswith(".parquet")}


def _published(home: Home) -> dict[str, str]:
    """Return the digests of the tables a reader is given, after making sure that they read and balance."""
    loaded = data.load(home)
    for stage in loaded.manifest["stages"]:
        assert stage["in"] == stage["out"] + sum(stage["rejected"].values())
    return _tables(home)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with tables and a report, and a second file not yet imported."""
    home = Home(tmp_path_factory.mktemp("before"))
    (home.root / "one.jsonl").write_text(_rows(0, 60), "utf-8")
    (home.root / "two.jsonl").write_text(_rows(60, 60), "utf-8")
    importer.import_files("table", [home.root / "one.jsonl"], home, now=lambda: datetime(2026, 9, 1, tzinfo=UTC))
    build(home, jobs=1)
    report(home, formats=("html",))
    return home


@pytest.fixture(scope="module")
def imported(before: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """That home with the second file imported and its tables still the old ones."""
    home = _copy(before, tmp_path_factory.mktemp("imported") / "home")
    _import(home)
    return home


@pytest.fixture(scope="module")
def complete(imported: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """That home with new tables and the old report."""
    home = _copy(imported, tmp_path_factory.mktemp("complete") / "home")
    build(home, jobs=1)
    return home


@pytest.fixture(scope="module")
def after(complete: Home) -> dict[str, str]:
    """The digests of the tables once the second file is in too, when nothing goes wrong."""
    return _tables(complete)


@pytest.fixture
def copy(imported: Home, tmp_path: Path) -> Home:
    """A copy, ready for a build, which a test may break."""
    return _copy(imported, tmp_path / "home")


def _copy(home: Home, root: Path) -> Home:
    shutil.copytree(home.root, root)
    return Home(root)


def _import(home: Home) -> None:
    importer.import_files("table", [home.root / "two.jsonl"], home, now=lambda: datetime(2026, 9, 2, tzinfo=UTC))


def _start(home: Home, *arguments: str, **given: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "kamen_analysis", "--home", str(home.root), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, **given)  # type: ignore[call-overload,no-any-return]


def _kill(running: subprocess.Popen[str], lines: int, within: float) -> str:
    """Kill a command and its workers a moment after its n-th line of progress; return its last line, without the figures.

    Return "" if it ended before that moment.
    """
    assert running.stderr is not None
    said = [line for line in (running.stderr.readline() for _ in range(lines)) if line]
    time.sleep(RNG.uniform(0, within))
    if running.poll() is not None:
        return ""
    os.killpg(running.pid, signal.SIGKILL)
    said += running.communicate()[1].splitlines()
    return said[-1].partition("：")[0] if said else "before its first word"


# An import says nothing on its way, and most of its time is its start: it is killed just before a given change of the disk, by number.
_BEFORE_A_CHANGE = '''
import os, signal, sys
left, root = int(os.environ["KAMEN_KILL"]), os.environ["KAMEN_ROOT"]
def note(event, args):
    global left
    changes = event in {"os.rename", "os.remove", "os.mkdir"} or (event == "open" and args[2] & (os.O_WRONLY | os.O_RDWR) > 0)
    is_one = changes and str(args[0]).startswith(root)
    left -= is_one
    if is_one and not left:
        print(event, args[event == "os.rename"], file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(note)
'''
CHANGES = 9  # of one import


def _kill_import(home: Home, number: int) -> str:
    """Kill an import before its change of the disk with that number; return which change of what that was."""
    guard = home.root.with_name("guard")
    guard.mkdir(exist_ok=True)
    (guard / "sitecustomize.py").write_text(_BEFORE_A_CHANGE, "utf-8")
    given = {"PYTHONPATH": f"{guard}:{os.environ.get('PYTHONPATH', '')}", "KAMEN_KILL": str(number), "KAMEN_ROOT": str(home.root)}
    running = _start(home, "import", "table", str(home.root / "two.jsonl"), env={**os.environ, **given})
    said = running.communicate()[1]
    assert running.returncode == -signal.SIGKILL, said
    event, path = said.splitlines()[-1].split()
    return f"{event} {next(part for part in ('.lock', '.open', '.json', '.warc.gz', 'table') if part in Path(path).name)}"


@pytest.mark.parametrize("stage", ["import", "build", "report"])
def test_kill_at_random_moments(stage: str, request: pytest.FixtureRequest, tmp_path: Path,
                                record_property: Callable[[str, object], None]) -> None:
    """Killed at any moment of any stage, the published tables and report are whole, old or new; a rerun gives what it would have given."""
    before, after = request.getfixturevalue("before"), request.getfixturevalue("after")
    start = request.getfixturevalue({"import": "before", "build": "imported", "report": "complete"}[stage])
    moments, old, old_report = Counter[str](), _tables(before), _digests(before.reports / "all")
    wanted, first = KILLS // 3 + (KILLS % 3 if stage == "build" else 0), RNG.randrange(CHANGES)
    while moments.total() < wanted:
        home = _copy(start, tmp_path / "home")
        if stage == "import":
            moment = _kill_import(home, (first + moments.total()) % CHANGES + 1)
        elif stage == "build":
            moment = _kill(_start(home, "build", "--jobs", "2"), RNG.randrange(7), 0.3)
        else:
            moment = _kill(_start(home, "report", "--formats", "html"), RNG.randrange(13), 0.5)
        moments += Counter([moment] if moment else [])
        assert _published(home) in (old, after)
        _whole_report(home, old_report)
        assert verify(home).broken == []
        if stage == "import":
            _import(home)
        build(home, jobs=1)
        assert set(_ids(home)) == {f"table:TS2026{i:06}" for i in range(120)}
        assert stage == "import" or _tables(home) == after
        shutil.rmtree(home.root)
    where = "，".join(f"{where or '?'} {n}" for where, n in moments.most_common())
    record_property("table", f"{stage:8} killed {moments.total()} times, old or new output whole each time: {where}")


def _ids(home: Home) -> list[str]:
    return data.load(home).posts["post_id"].tolist()


def _whole_report(home: Home, old: dict[str, str]) -> None:
    paths.settle(home.reports / "all")
    found = _digests(home.reports / "all")
    if found != old:
        listed = json.loads((home.reports / "all" / "provenance.json").read_text("utf-8"))["outputs"]
        assert listed == {name: digest for name, digest in found.items() if name != "provenance.json"}


@pytest.mark.parametrize("name", ["data/processed", "reports/all"])
def test_kill_between_two_renames(copy: Home, name: str) -> None:
    """Where a kill left the old folder aside and no new one in its place, the next reader or writer finds the old one back."""
    folder = copy.root / name
    old = _digests(folder)
    folder.rename(folder.with_name(f".{folder.name}.old"))
    (folder.parent / f".{folder.name}.half").mkdir()
    if name == "data/processed":
        assert len(data.load(copy).posts) == 60
    with pytest.raises(ZeroDivisionError), atomic_folder(folder):
        raise ZeroDivisionError
    assert _digests(folder) == old
    assert [path.name for path in folder.parent.glob(f".{folder.name}.*")] == []


def test_kill_before_the_last_rename(copy: Home, after: dict[str, str]) -> None:
    """A capture whose sidecar is written and whose name is not yet final is whole to verify, and the next import closes it."""
    capture = max((copy.raw / "table").glob("*.warc.gz"))
    capture.rename(capture.with_name(f"{capture.name}.open"))
    found = verify(copy)
    assert found.broken == [] and "尚未收尾" in "".join(found.notes)
    _import(copy)
    build(copy, jobs=1)
    assert _tables(copy) == after


def _disk_full(home: Home, *arguments: str) -> subprocess.Popen[str]:
    limit = (6_000, 6_000)
    return _start(home, *arguments, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))


@pytest.mark.parametrize("command", ["import", "build", "report"])
def test_disk_full(copy: Home, command: str, after: dict[str, str]) -> None:
    """Without room each stage ends with one clear line and leaves what was published; with room again it goes through."""
    old, old_report = _tables(copy), _digests(copy.reports / "all")
    if command == "import":
        rows = [{"标题": "点卡不给退", "正文": os.urandom(9000).hex()}]
        (copy.root / "three.jsonl").write_text(json.dumps(rows[0], ensure_ascii=False) + "\n", "utf-8")
    running = _disk_full(copy, *({"import": ["import", "table", str(copy.root / "three.jsonl")]}.get(command, [command])))
    _, said = running.communicate()
    assert running.returncode == 2 and "Traceback" not in said, said
    assert _published(copy) == old and _digests(copy.reports / "all") == old_report
    if command != "import":
        build(copy, jobs=1)
        assert _tables(copy) == after


@pytest.fixture
def tmpfs(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A small file system of its own, where the machine lets a test mount one; the call remounts it with options."""
    folder = tmp_path / "mount"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not permitted here")

    def remount(options: str) -> Path:
        subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)
        return folder

    yield remount
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("command", [["import", "table", "two.jsonl"], ["build"], ["report"]], ids=lambda command: command[0])
def test_read_only(before: Home, imported: Home, tmpfs: Callable[[str], Path], command: list[str]) -> None:
    """On a read-only file system each writing command says so in one line, readers still read, and nothing has changed."""
    home = _copy(before if command[0] == "import" else imported, tmpfs("rw") / "home")
    old = _digests(home.root)
    tmpfs("ro")
    running = _start(home, *[str(home.root / part) if part.endswith("jsonl") else part for part in command])
    _, said = running.communicate()
    assert running.returncode == 2 and "只读" in said and "Traceback" not in said, said
    assert len(data.load(home).posts) == 60
    assert _digests(home.root) == old


def test_really_full(imported: Home, after: dict[str, str], tmpfs: Callable[[str], Path]) -> None:
    """On a file system with no byte left a build says so and keeps the tables; with room again it gives the same bytes."""
    home = _copy(imported, tmpfs("rw") / "home")
    old = _tables(home)
    ballast = home.root / "ballast"
    with pytest.raises(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(b"0" * 65536):
            pass
    running = _start(home, "build", "--jobs", "1")
    _, said = running.communicate()
    assert running.returncode == 2 and "磁盘已满" in said and "Traceback" not in said, said
    assert _published(home) == old
    ballast.unlink()
    build(home, jobs=1)
    assert _tables(home) == after


def test_two_at_once(copy: Home, after: dict[str, str]) -> None:
    """Of two builds one is told that another runs; of two reports each is whole and the last one stays."""
    first = _start(copy, "build", "--jobs", "1")
    assert first.stderr is not None and first.stderr.readline()
    os.killpg(first.pid, signal.SIGSTOP)  # in the midst of its work
    second = _start(copy, "build", "--jobs", "1")
    assert "另一个 kamen build" in second.communicate()[1] and second.returncode == 2
    os.killpg(first.pid, signal.SIGCONT)
    assert first.communicate()[1] is not None and first.returncode == 0
    assert _tables(copy) == after
    both = [_start(copy, "report", "--formats", "html") for _ in range(2)]
    said = [running.communicate()[1] for running in both]
    assert [running.returncode for running in both] == [0, 0], said
    _whole_report(copy, {})
    assert [path.name for path in copy.reports.iterdir()] == ["all"]


def test_log_of_builds_not_written(copy: Home, after: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """When the tables are in place and only the log of builds cannot be written, one line says just that, and nothing is lost."""
    def full(where: Home, entry: dict[str, object]) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(history, "record", full)
    with pytest.raises(KamenError, match="新的表已写好.*构建记录没有写成（磁盘已满") as told:
        build(copy, jobs=1)
    assert "\n" not in str(told.value)
    assert _published(copy) == after
    monkeypatch.undo()
    assert build(copy, jobs=1)["stages"] and _tables(copy) == after


def test_clock_set_back(copy: Home) -> None:
    """A clock that jumps back or ahead breaks neither order nor chain; posts from the future of a wrong clock are rejected by name."""
    for number, at in enumerate([datetime(2001, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC), datetime(2026, 9, 3, tzinfo=UTC)]):
        path = copy.root / f"jump{number}.jsonl"
        path.write_text(_rows(1000 + 10 * number, 10), "utf-8")
        importer.import_files("table", [path], copy, now=lambda at=at: at)
    assert verify(copy).broken == []
    stems = [path.stem for path, _ in sidecar.entries(copy.raw / "table")]
    assert stems == sorted(set(stems)) and len(stems) == 5
    manifest = build(copy, jobs=1)
    clean = next(stage for stage in manifest["stages"] if stage["stage"] == "clean")
    assert (clean["in"], clean["out"], clean["rejected"]) == (150, 140, {"posted_in_future": 10})


@pytest.mark.parametrize("part", ["posts.arrow", "counts.json"])
def test_kept_part_damaged(copy: Home, after: dict[str, str], part: str) -> None:
    """Half a file in the cache, as a power cut leaves it, is made anew: the tables are the same, to the byte."""
    for path in (copy.root / "data" / ".cache" / "parts").glob(f"*/{part}"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    build(copy, jobs=1)
    assert _tables(copy) == after


def _flip(path: Path, start: int, end: int) -> None:
    content = bytearray(path.read_bytes())
    content[start:end] = bytes(255 - byte for byte in content[start:end])
    path.write_bytes(content)


@pytest.fixture
def pages(copy: Home) -> Home:
    """That copy with a third capture of nine pages, one record each, of a day of its own."""
    folder = copy.root / "pages"
    folder.mkdir()
    for i in range(9):
        (folder / f"{i}.jsonl").write_text(_rows(200 + 10 * i, 10), "utf-8")
    importer.import_files("table", [folder], copy, now=lambda: datetime(2026, 9, 5, tzinfo=UTC))
    return copy


@pytest.mark.parametrize(("first", "last", "lost"), [(2, 2, 10), (4, 6, 30), (8, 8, 10)])
def test_capture_corrupt_in_the_middle(pages: Home, first: int, last: int, lost: int) -> None:
    """What stands around the damage is built; the damage is a rejected page, a dated gap and the last line said; verify names it."""
    whole = _copy(pages, pages.root.with_name("whole"))
    build(whole, jobs=1)
    capture = max((pages.raw / "table").glob("*.warc.gz"))
    held = [record for record in records(capture) if record.type == "resource"]
    _flip(capture, held[first].offset + 30, held[last].end - 8)
    running = _start(pages, "build", "--jobs", "1")
    said, _ = running.communicate()
    assert running.returncode == 1 and "注意：1 个存档有损坏" in said.splitlines()[-1] and capture.name in said.splitlines()[-1]
    _published(pages)
    loaded = data.load(pages)
    assert len(loaded.posts) == 210 - lost and set(loaded.posts["post_id"]) < set(_ids(whole))
    (row,) = loaded.rejected[loaded.rejected["reason"] == "damaged"].to_dict("records")
    assert (row["stage"], row["capture_offset"]) == ("read", held[first].offset)
    (gap,) = loaded.manifest["gaps"]
    assert gap["bytes"] >= held[last].end - held[first].offset and gap["since"].startswith("2026-09-05") and "损坏" in gap["reason"]
    assert capture.name in "".join(verify(pages).broken)
    shutil.copyfile(whole.raw / "table" / capture.name, capture)
    build(pages, jobs=1)
    assert _tables(pages) == _tables(whole)


def test_a_record_that_is_not_what_it_says(pages: Home) -> None:
    """A record whose gzip member is whole and whose content is not that of its own digest is damage as well, and the others are used."""
    capture = max((pages.raw / "table").glob("*.warc.gz"))
    one = [record for record in records(capture) if record.type == "resource"][3]
    content = capture.read_bytes()
    other = member(replace(one, block=one.block.replace("点卡".encode(), "卡点".encode())), one.end - one.offset)
    capture.write_bytes(content[:one.offset] + other + content[one.end:])
    assert build(pages, jobs=1)["gaps"][0]["bytes"] > 0
    assert len(_ids(pages)) == 200 and not data.load(pages).posts["body"].str.contains("卡点").any()


def test_the_column_names_may_be_lost(copy: Home) -> None:
    """Where the damage lies before the first page, and may be the mapping, the pages after it are rejected, not read by a guess."""
    (copy.root / "three.jsonl").write_text(_rows(300, 10), "utf-8")
    (copy.root / "own.yaml").write_text("key: own\ncolumns: {body: 标题, title: 正文}\n", "utf-8")
    importer.import_files("table", [copy.root / "three.jsonl"], copy, mapping=copy.root / "own.yaml")
    capture = max((copy.raw / "table").glob("*.warc.gz"))
    mapping = next(record for record in records(capture) if record.url.startswith("mapping:"))
    _flip(capture, mapping.offset + 30, mapping.end - 8)
    manifest = build(copy, jobs=1)
    assert manifest["stages"][0]["rejected"] == {"damaged": 2}
    assert len(_ids(copy)) == 120 and "bytes" in manifest["gaps"][-1]


def test_nothing_left_to_read(copy: Home) -> None:
    """Where no post at all can be read any more the build refuses in one line, and the tables stay."""
    old = _tables(copy)
    for capture in (copy.raw / "table").glob("*.warc.gz"):
        _flip(capture, 0, capture.stat().st_size)
    running = _start(copy, "build", "--jobs", "1")
    _, said = running.communicate()
    assert running.returncode == 2 and "没有一帖读得出" in said and "Traceback" not in said, said
    assert _published(copy) == old


@pytest.mark.parametrize("how", ["halved", "emptied"])
def test_published_table_truncated(copy: Home, after: dict[str, str], how: str) -> None:
    """A published table cut short is one line to its readers, and the next build writes it anew, to the byte."""
    build(copy, jobs=1)
    for path in copy.processed.glob("*/*.parquet"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 if how == "halved" else 0])
    running = _start(copy, "report", "--formats", "html")
    _, said = running.communicate()
    assert running.returncode == 2 and "Traceback" not in said and len(said.strip().splitlines()) == 1, said
    build(copy, jobs=1)
    assert _published(copy) == after


def test_a_source_vanishes(copy: Home, after: dict[str, str]) -> None:
    """Where all captures are gone the build refuses and the tables stay; verify says which file is missing."""
    old = _tables(copy)
    shutil.move(copy.raw / "table", copy.root / "aside")
    running = _start(copy, "build")
    _, said = running.communicate()
    assert running.returncode == 2 and "Traceback" not in said and len(said.splitlines()) == 1
    assert _published(copy) == old
    assert "不见了" in "".join(verify(copy).broken)
    shutil.move(copy.root / "aside", copy.raw / "table")
    build(copy, jobs=1)
    assert _tables(copy) == after


def test_one_of_two_sources_vanishes(copy: Home) -> None:
    """A source's folder that is gone while another stays does not quietly take its posts out of the tables; on purpose, it may."""
    page = ('<article class="complaint"><h1>点卡不给退</h1><dl><dt>投诉编号</dt><dd>9</dd></dl>'
            '<div class="content"><p>卡密无效</p></div></article>')
    (copy.root / "x.html").write_text(f"<!-- saved from url=(0020)http://127.0.0.1/c/1 -->{page}", "utf-8")
    importer.import_files("board", [copy.root / "x.html"], copy)
    build(copy, jobs=1)
    old = _tables(copy)
    shutil.rmtree(copy.raw / "table")
    with pytest.raises(KamenError, match="2 个存档不见了.*先前的表保持不变"):
        build(copy, jobs=1)
    assert _published(copy) == old
    shutil.rmtree(copy.processed)
    build(copy, jobs=1)
    assert _ids(copy) == ["board:9"]


def test_a_worker_is_killed(copy: Home, tmp_path: Path) -> None:
    """A worker the system kills, as it does when memory runs out, is one clear line and changes nothing."""
    old = _tables(copy)
    (copy.root / "three.jsonl").write_text(_rows(200, 20), "utf-8")
    importer.import_files("table", [copy.root / "three.jsonl"], copy)  # one capture alone is worked on without a process of its own
    (tmp_path / "sitecustomize.py").write_text(
        "import multiprocessing as m, os, signal\n"
        "if m.parent_process() is None:\n"
        "    os.register_at_fork(after_in_child=lambda: os.kill(os.getpid(), signal.SIGKILL))\n", "utf-8")
    given = {**os.environ, "PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}
    running = _start(copy, "build", "--jobs", "2", env=given)
    _, said = running.communicate()
    assert running.returncode == 2 and "进程被系统终止" in said and "Traceback" not in said, said
    assert _published(copy) == old
