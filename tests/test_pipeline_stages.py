"""What is made anew and what is kept: a stage is done again only where something it depends on changed, and the bytes never tell."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamen_analysis import data, dedupe
from kamen_analysis.captures import importer, withdraw
from kamen_analysis.errors import KamenError
from kamen_analysis.metrics.explain import explain
from kamen_analysis.paths import Home
from kamen_analysis.pipeline import copies, digests, groups, partition, splice
from kamen_analysis.pipeline.build import build
from kamen_analysis.report import pastbuilds

BODY = "买了第{n}张点卡，一直提示卡号错误，客服让我再等几天，等到现在没有人回我，店铺里写着概不退换，我要求退款{n}元。"


def _rows(first: int, last: int) -> list[dict[str, str]]:
    return [{"编号": f"TS20261100{n:03}", "标题": f"第{n}张卡充不进去", "投诉对象": f"白马点卡{n % 3}", "正文": BODY.format(n=n % 7),
             "投诉进度": "处理中", "发布时间": f"2026-08-{n % 28 + 1:02} 10:00"} for n in range(first, last)]


def _take(home: Home, name: str, rows: list[dict[str, str]]) -> None:
    path = home.root / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    importer.import_files("table", [path], home)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home of three captures, built: sixty posts, some seen twice, many of them copies of each other."""
    found = Home(tmp_path / "home")
    for name, rows in (("a.jsonl", _rows(0, 30)), ("b.jsonl", _rows(25, 50)), ("c.jsonl", _rows(50, 60))):
        _take(found, name, rows)
    build(found, jobs=1)
    return found


def _bytes(home: Home) -> dict[str, bytes]:
    return {path.relative_to(home.processed).as_posix(): path.read_bytes() for path in sorted(home.processed.rglob("*")) if path.is_file()}


def _kept(home: Home, stage: str) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in home.root.glob(f"data/.cache/{stage}/*/*.arrow")}


def _anew(home: Home) -> dict[str, bytes]:
    """Return the files of a build of the same captures from nothing."""
    other = Home(home.root.with_name("anew"))
    shutil.copytree(home.raw, other.raw)
    build(other, jobs=1)
    return _bytes(other)


def test_another_rule_codes_again_without_parsing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the codebook changed every part is coded again, none is parsed again, and the bytes are those of a build from nothing."""
    parts, codes = _kept(home, "parts"), _kept(home, "codes")
    assert parts and codes
    monkeypatch.setattr(digests, "codes_code", lambda: "another")
    monkeypatch.setattr(digests, "build_code", lambda: "another")
    build(home, jobs=1)
    assert _kept(home, "parts") == parts and not _kept(home, "codes").keys() & codes.keys()
    assert _bytes(home) == _anew(home)


@pytest.mark.parametrize(("changed", "stages"), [
    ("codebook/reasons/stalling.yaml", {"codes", "build"}), ("sources/table.py", {"part", "build"}),
    ("redact/kinds.yaml", {"part", "build"}), ("zh.py", {"part", "codes", "build"}),
    ("codebook/platforms.yaml", {"build"}), ("pipeline/merge.py", {"build"}), ("metrics/shares.py", set()),
    ("codebook/frames/stalling.yaml", set()), ("codebook/frames.py", set()), ("codebook/corpus.py", set()),
])
def test_what_each_stage_depends_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str, stages: set[str]) -> None:
    """Editing one file of the package changes the digests of exactly the stages that use it."""
    copy = tmp_path / "package"
    shutil.copytree(digests.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    named = {"part": digests.part_code, "codes": digests.codes_code, "build": digests.build_code}
    monkeypatch.setattr(digests, "PACKAGE", copy)
    before = {name: code.__wrapped__() for name, code in named.items()}
    with (copy / changed).open("a", encoding="utf-8") as file:
        file.write("\n# a remark\n")
    assert {name for name, code in named.items() if code.__wrapped__() != before[name]} == stages


def test_no_stage_uses_what_only_training_reads(home: Home) -> None:
    """A build from nothing, all of it in one process, imports none of the modules that no digest counts."""
    script = ("import sys\nfrom kamen_analysis.paths import home\nfrom kamen_analysis.pipeline.build import build\n"
              "build(home(sys.argv[1]), jobs=1)\nprint(sorted(name for name in sys.modules if name.startswith('kamen_analysis.')))")
    other = Home(home.root.with_name("anew"))
    shutil.copytree(home.raw, other.raw)
    done = subprocess.run([sys.executable, "-c", script, str(other.root)], capture_output=True, text=True, check=True)
    assert "'kamen_analysis.label.model'" in done.stdout and "codebook.frames" not in done.stdout and "codebook.corpus" not in done.stdout


def test_batches_leave_no_trace(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts made seven posts at a time give the same bytes as parts made at once."""
    monkeypatch.setattr(partition, "BATCH", 7)
    assert _bytes(home) == _anew(home)


def test_files_of_a_group_hold_the_same_rows(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many posts go into a file, the tables as read are the same, row by row."""
    monkeypatch.setattr(groups, "POSTS_PER_FILE", 20)
    files = _anew(home)
    other = data.load(home.root.with_name("anew"))
    assert sum(name.startswith("posts/") for name in files) > 1
    for name, second in (("posts", "url"), ("events", "kind"), ("labels", "code"), ("rejected", "stage")):
        one, many = (getattr(found, name).sort_values(["post_id", second]).reset_index(drop=True) for found in (data.load(home), other))
        pd.testing.assert_frame_equal(one, many)


def test_new_captures_leave_other_files_alone(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """After new posts only the last group's files are written, the others stay; all of it equals a build from nothing."""
    monkeypatch.setattr(groups, "POSTS_PER_FILE", 20)
    monkeypatch.setattr(digests, "build_code", lambda: "small files")
    build(home, jobs=1)
    before = {path.name: path.stat().st_ino for path in home.processed.glob("posts/*")}
    _take(home, "d.jsonl", [row | {"正文": f"另一件事：话费没有到账，运营商说没有收到这一笔，商家说第{n}天处理。"}
                            for n, row in enumerate(_rows(60, 64))])
    build(home, jobs=1)
    after = {path.name: path.stat().st_ino for path in home.processed.glob("posts/*")}
    same = {name for name in before if after[name] == before[name]}
    assert same and same != set(before) | set(after)
    assert _bytes(home) == _anew(home)


def test_settings_are_the_same_in_every_process() -> None:
    """What decides the tables beside the parts has one digest, however a process orders its sets: else every rerun writes all anew."""
    code = ("from kamen_analysis import platforms; from kamen_analysis.pipeline import gold, publish; "
            "print(publish.Settings(platforms.directory(), '1', gold.Gold()).digest())")
    told = {subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
            for seed in "123"}
    assert len(told) == 1


def test_a_copy_in_a_later_capture_changes_the_earlier_file(home: Home) -> None:
    """An earlier post found later becomes the first of its group: what was published of the others changes, as in a build from nothing."""
    early = _rows(3, 4)[0] | {"编号": "TS20261199999", "发布时间": "2026-01-01 09:00"}
    _take(home, "e.jsonl", [early])
    build(home, jobs=1)
    posts = data.load(home).posts.set_index("post_id")
    assert posts.loc["table:TS20261199999", "dup_size"] > 1
    assert posts.loc["table:TS20261100003", "dup_group"] == "table:TS20261199999"
    assert _bytes(home) == _anew(home)


def test_rounds_of_every_kind(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Captures one by one, with new posts, posts seen again and copies, exact and near, earlier and undated, end as all at once."""
    monkeypatch.setattr(groups, "POSTS_PER_FILE", 20)
    monkeypatch.setattr(digests, "build_code", lambda: "small files")
    told, numbered = _rows(20, 30), iter(range(10**6))

    def copied(rows: list[dict[str, str]], **changes: str) -> list[dict[str, str]]:
        return [row | {"编号": f"TS2026119{next(numbered):06}"} | changes for row in rows]

    longer = [row | {"投诉进度": "已回复", "正文": row["正文"] + "今天又催了一次，还是没有结果。"} for row in told]
    undated = [{name: value for name, value in row.items() if name != "发布时间"} for row in copied(_rows(40, 45))]
    for number, rows in enumerate((longer[:4], copied(told, 发布时间="2026-01-01 09:00"), undated + longer[2:6],
                                   copied(longer, 发布时间="2025-12-31 23:59:59"), copied(told[:5]) + _rows(60, 65))):
        _take(home, f"round{number}.jsonl", rows)
        build(home, jobs=1)
    assert _bytes(home) == _anew(home)


def _cannot(*_: object) -> bytes:
    raise splice.UnfitError


@pytest.mark.parametrize("replaced", [splice.replaced, _cannot])
def test_only_the_files_that_tell_of_copies_change(home: Home, monkeypatch: pytest.MonkeyPatch, replaced: Callable[..., bytes]) -> None:
    """Where a later capture only makes an earlier group's posts copies, its events and labels stay; the bytes are those of a build anew.

    That is so too where no column of a file can be replaced (one that another pyarrow wrote) and it is written whole.
    """
    monkeypatch.setattr(splice, "replaced", replaced)
    monkeypatch.setattr(groups, "POSTS_PER_FILE", 20)
    monkeypatch.setattr(digests, "build_code", lambda: "small files")
    build(home, jobs=1)
    before = {path.relative_to(home.processed).as_posix(): path.stat().st_ino for path in home.processed.glob("*/table-00000.parquet")}
    _take(home, "e.jsonl", [_rows(3, 4)[0] | {"编号": "TS20261199999", "发布时间": "2026-01-01 09:00"}])
    build(home, jobs=1)
    changed = {name for name, inode in before.items() if (home.processed / name).stat().st_ino != inode}
    assert changed == {"posts/table-00000.parquet", "rejected/table-00000.parquet"}
    assert _bytes(home) == _anew(home)


@given(st.lists(st.integers(1, 9_000), max_size=60), st.integers(1, 9_000))
def test_one_more_part_moves_few(sizes: list[int], more: int) -> None:
    """Groups hold all parts in order; with one part more all full groups stay, and the rest is cut by powers of two."""
    cut, after = list(groups.cut(sizes)), list(groups.cut([*sizes, more]))
    assert sum(cut) == len(sizes) and sum(after) == len(sizes) + 1
    ends = np.cumsum([0, *cut])
    full = [sum(sizes[a:b]) >= groups.POSTS_PER_FILE for a, b in zip(ends, ends[1:], strict=False)]
    assert full == sorted(full, reverse=True) and after[: sum(full)] == cut[: sum(full)]
    rest = cut[sum(full) :]
    assert all(n & (n - 1) == 0 for n in rest) and rest == sorted(set(rest), reverse=True)


@pytest.mark.parametrize("damage", ["parts/*/posts.arrow", "parts/*/counts.json", "parts/*/index.npy", "codes/*/coded.arrow"])
def test_half_a_part_is_made_again(home: Home, damage: str) -> None:
    """What a power cut left half written in the cache is made again, whatever half it is."""
    whole = _bytes(home)
    path = sorted(home.root.glob(f"data/.cache/{damage}"))[0]
    path.write_bytes(path.read_bytes()[:40])
    shutil.rmtree(home.processed)
    build(home, jobs=1)
    assert _bytes(home) == whole


@pytest.mark.parametrize("damage", ["parts/*/posts.arrow", "parts/*/events.arrow", "codes/*/coded.arrow", "codes/*/labels.arrow"])
def test_a_damaged_part_is_told_once(home: Home, damage: str) -> None:
    """What has its length but not its content is told in one line, and made again by the next build."""
    whole = _bytes(home)
    path = sorted(home.root.glob(f"data/.cache/{damage}"))[0]
    path.write_bytes(bytes(8) + path.read_bytes()[8:])
    shutil.rmtree(home.processed)
    with pytest.raises(KamenError, match="再运行一次即重做"):
        build(home, jobs=1)
    build(home, jobs=1)
    assert _bytes(home) == whole


def test_withdrawn_by_number_and_address(home: Home) -> None:
    """A post asked out by its number alone leaves, and no other."""
    before = set(data.load(home).posts["post_id"])
    withdraw.withdraw(home, "TS20261100027")
    build(home, jobs=1)
    assert before - set(data.load(home).posts["post_id"]) == {"table:TS20261100027"}


@pytest.mark.parametrize("more", ["", "?from=share", "#reply2", "?uid=8#top"])
def test_withdrawn_by_address(home: Home, more: str) -> None:
    """A post asked out by a copied address leaves, whatever a browser added, and the change since counts as withdrawn, not as gone."""
    _take(home, "d.jsonl", [row | {"链接": f"https://board.example/view/{row['编号']}"} for row in _rows(60, 62)])
    build(home, jobs=1)
    before = data.load(home)
    withdraw.withdraw(home, f"https://board.example/view/TS20261100060{more}")
    build(home, jobs=1)
    after = data.load(home)
    assert set(before.posts["post_id"]) - set(after.posts["post_id"]) == {"table:TS20261100060"}
    assert more == "" or more not in json.dumps(after.manifest)
    for then, now in ((before, after), (_recalled(before), _recalled(after))):
        steps = explain(then, now, scope="all").query("headline == 'used'").set_index("part")["n"]
        assert (steps["withdrawn"], steps["gone"]) == (1, 0)


def _recalled(built: data.Data) -> data.Data:
    """Return a build as its kept copy holds it, ids and addresses hashed."""
    return pastbuilds.as_data(pastbuilds.slim(built), built.manifest, built.home)


def test_copies_across_captures_are_those_within_one(home: Home) -> None:
    """The groups found capture by capture, from numbers, are the groups found with all texts in hand."""
    posts = data.load(home).posts
    complaints = posts[posts["post_type"] == "complaint"]
    found = dedupe.duplicates(complaints)
    assert (found["dup_size"] > 1).any()
    for name in ("dup_group", "dup_kind", "dup_size"):
        assert np.array_equal(found[name].to_numpy(), complaints[name].to_numpy())


def test_a_few_at_a_time_give_the_same_copies(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few rows and copies are looked at together, and whether their texts were compared before or not, the tables are the same."""
    whole = _bytes(home)
    monkeypatch.setattr(dedupe, "ROWS", 7)
    monkeypatch.setattr(copies, "COPIES", 3)
    shutil.rmtree(home.processed)
    build(home, jobs=1)
    kept = next(home.root.glob("data/.cache/alike-*.npy"))
    assert _bytes(home) == whole and len(np.load(kept))
    kept.unlink()
    shutil.rmtree(home.processed)
    build(home, jobs=1)
    assert _bytes(home) == whole


@pytest.mark.parametrize("left", [0, 100, 140])
def test_what_was_found_of_copies_may_be_cut_off(home: Home, left: int, caplog: pytest.LogCaptureFixture) -> None:
    """Where the file of texts compared before ends too early, a line says so and all is compared anew: the same tables, the file whole."""
    whole, kept = _bytes(home), next(home.root.glob("data/.cache/alike-*.npy"))
    before = kept.read_bytes()
    assert left < len(before)
    kept.write_bytes(before[:left])
    shutil.rmtree(home.processed)
    build(home, jobs=1)
    assert _bytes(home) == whole and kept.read_bytes() == before
    assert f"缓存文件 {kept} 已损坏" in caplog.text
